import { locales, type Words } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'

/** Advice beside a text, never a refusal: people decide. `found` is what it is about. */
export interface Advice {
  kind: 'name' | 'ifOnly' | 'humanError' | 'train' | 'prevent'
  /** The section or the part of the report, and its language where it has one. */
  place: string
  found: string
}

/** What a check looks for, as the signs of each language have it. */
const patterns = (name: 'hindsight' | 'humanError') =>
  locales.map((locale) => new RegExp(wordsOf(locale).signs[name], 'gi'))
const hindsight = patterns('hindsight')
const humanError = patterns('humanError')

const everyLanguage = (looked: RegExp[], text: string): string[] => [
  ...new Set(looked.flatMap((pattern) => [...text.matchAll(pattern)].map(([found]) => found))),
]

/** The shortest Latin part of a name that is looked for alone: "Lin" is also a word of other names. */
const partLengthMin = 4

/** How a person may be named in a text: the Chinese name, the Latin one in both orders, and its longer parts. */
export function waysToName(name: string): RegExp[] {
  const han = name.match(/\p{Script=Han}{2,}/gu) ?? []
  const latin = name.match(/\p{Script=Latin}[\p{Script=Latin}'’-]*/gu) ?? []
  const spellings = [
    ...(latin.length > 1 ? [latin.join(' '), latin.toReversed().join(' ')] : []),
    ...latin.filter((part) => part.length >= partLengthMin),
  ]
  return [
    ...han.map((part) => new RegExp(part, 'u')),
    ...spellings.map(
      (part) => new RegExp(`(?<![\\p{L}])${part.replace(/[.*+?^$()[\]\\{}|]/g, '\\$&')}(?![\\p{L}])`, 'iu'),
    ),
  ]
}

/** Names of the staff in a text; the public version names nobody (2.8). */
export const namesIn = (text: string, people: readonly string[]): string[] => [
  ...new Set(people.flatMap((name) => waysToName(name).flatMap((way) => way.exec(text)?.[0] ?? []))),
]

/** What is advised of an internal section: no "if only" in the timeline or in what happened. */
export const adviseSection = (section: string, text: string): Advice[] =>
  section === 'timeline' || section === 'what_happened' || section === 'response'
    ? everyLanguage(hindsight, text).map((found) => ({ kind: 'ifOnly', place: section, found }))
    : []

/** What is advised of the public version, part by part and language by language. */
export function adviseReport(parts: Record<string, Words>, people: readonly string[]): Advice[] {
  return Object.entries(parts).flatMap(([part, words]) =>
    locales.flatMap((locale) => {
      const text = words[locale] ?? ''
      const place = `${part}.${locale}`
      return [
        ...namesIn(text, people).map((found) => ({ kind: 'name' as const, place, found })),
        ...everyLanguage(hindsight, text).map((found) => ({ kind: 'ifOnly' as const, place, found })),
        ...everyLanguage(humanError, text).map((found) => ({ kind: 'humanError' as const, place, found })),
      ]
    }),
  )
}
