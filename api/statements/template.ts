import type { Locale, Words } from '#content/locales.ts'
import { locales } from '#content/locales.ts'
import type { StatementType } from './types.ts'

/** A text that legal approved beforehand: its braces are the only parts that may differ. */
export interface Template {
  key: string
  for: StatementType
  name: Words
  title: Words
  body: Words
}

/** How long a filled-in part may be, in characters: a name or a time, not a paragraph. */
const partLengthMax = 160
/** What would be more than words: links and marks. */
const marks = /[[\]<>`*_|\\\n]|:\/\//

/**
 * What stands in the braces of a template when a text is that template filled in; null when anything else differs.
 * Each part is one line of words. A brace that was left as it is counts as filled by itself: it is a fact, or still open.
 */
export function partsOf(template: string, text: string): string[] | null {
  const fixed = template.split(/\{\w+\}/)
  const first = fixed[0] ?? ''
  if (fixed.length === 1) return text === first ? [] : null
  const last = fixed.at(-1) ?? ''
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return null
  const parts: string[] = []
  const end = text.length - last.length
  let at = first.length
  for (const words of fixed.slice(1, -1)) {
    // The nearest place is the right one: if the rest fits behind a later place, it fits behind this one as well.
    const next = text.indexOf(words, at + 1)
    if (next < 0 || next + words.length > end) return null
    parts.push(text.slice(at, next))
    at = next + words.length
  }
  parts.push(text.slice(at, end))
  return parts.every(isPart) ? parts : null
}

const isPart = (part: string) =>
  part.trim() !== '' && part.length <= partLengthMax && (/^\{\w+\}$/.test(part) || !marks.test(part))

/** Whether a text is a pre-approved template with nothing but its braces filled in, in every language it has. */
export const isFilledIn = (template: Template, words: { title: Words; body: Words }): boolean =>
  locales.every((locale: Locale) =>
    (['title', 'body'] as const).every((field) => {
      const own = template[field][locale]
      return own !== undefined && partsOf(own, words[field][locale] ?? '') !== null
    }),
  )
