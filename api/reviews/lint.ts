import { type Locale, locales, type Words } from '#content/locales.ts'

/** Advice beside a text, never a refusal: people decide. `found` is what it is about. */
export interface Advice {
  kind: 'name' | 'ifOnly' | 'humanError' | 'train' | 'prevent'
  /** The section or the part of the report, and its language where it has one. */
  place: string
  found: string
}

const hindsight: Record<Locale, RegExp> = {
  en: /\b(if only|should have|could have|would have|ought to have|failed to notice)\b/gi,
  'zh-CN': /(要是当时|如果当时|早知道|本应该|本该|本可以|若不是)/g,
}
const blame: Record<Locale, RegExp> = {
  en: /\b(human error|operator error|by mistake of)\b/gi,
  'zh-CN': /(人为失误|人为错误|操作失误|误操作)/g,
}

const everyLanguage = (patterns: Record<Locale, RegExp>, text: string): string[] => [
  ...new Set(locales.flatMap((locale) => [...text.matchAll(patterns[locale])].map(([found]) => found))),
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
        ...everyLanguage(blame, text).map((found) => ({ kind: 'humanError' as const, place, found })),
      ]
    }),
  )
}
