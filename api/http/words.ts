import { z } from '@hono/zod-openapi'
import { type Locale, locales, type Words } from '#content/locales.ts'

/** C0 and C1 controls but for tab and line feed: nothing a person means to write, and poison for feeds and headers. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/
const controlsAndLines = /[\u0000-\u001f\u007f-\u009f]/

/** A text a person writes, trimmed, with plain line ends; `line` texts have no line breaks. Lengths in characters. */
export function textInput(lengthMax: number, { line = false } = {}) {
  return z
    .string()
    .overwrite((text) => text.replaceAll('\r\n', '\n').trim())
    .max(lengthMax, `This text is longer than ${lengthMax} characters.`)
    .refine(
      (text) => text.isWellFormed() && !(line ? controlsAndLines : controls).test(text),
      line ? 'This must be one line without control characters.' : 'This text holds a control character.',
    )
}

const nothing = 'Write this in at least one language.'
const shape = `Write one text, or one per language such as {${locales.map((locale) => `"${locale}": "…"`).join(', ')}}.`

function anyWords(defaultLocale: Locale, lengthMax: number, options: { line?: boolean }) {
  const text = textInput(lengthMax, options)
  const each = Object.fromEntries(locales.map((locale) => [locale, text.optional()])) as Record<
    Locale,
    z.ZodOptional<typeof text>
  >
  return z.union([text, z.strictObject(each)], { error: shape }).transform((given): Words => {
    const all: Words = typeof given === 'string' ? { [defaultLocale]: given } : given
    return Object.fromEntries(Object.entries(all).filter(([, written]) => written)) as Words
  })
}

/** A text per language, or one string in the site's default language; blank languages are left out, one must remain. */
export const wordsInput = (defaultLocale: Locale, lengthMax: number, options: { line?: boolean } = {}) =>
  anyWords(defaultLocale, lengthMax, options).refine((words) => Object.keys(words).length > 0, nothing)

/** The same where nothing at all may be said; null and blank texts become {}. */
export const optionalWordsInput = (defaultLocale: Locale, lengthMax: number, options: { line?: boolean } = {}) =>
  anyWords(defaultLocale, lengthMax, options)
    .nullable()
    .transform((words): Words => words ?? {})
