import { dayMs, hourMs, type Instant, minuteMs, toMs } from '#api/lib/time.ts'
import { clockTime, fullDate } from '#api/notices/times.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'

/** What a text may take from the incident's fact sheet by writing its name in braces. */
export const factNames = [
  'started',
  'ended',
  'duration',
  'affected',
  'services',
  'customers',
  'scope',
  'notAffected',
  'workaround',
  'url',
] as const
export type FactName = (typeof factNames)[number]

/** Facts as words of each language; what is not known is left out. */
export type Facts = Record<Locale, Partial<Record<FactName, string>>>

/** What facts are made of, as the record holds it now. */
export interface FactSheet {
  startedAt: Instant
  endedAt: Instant | null
  resolvedAt: Instant | null
  scope: Words
  notAffected: Words
  workaround: Words
  /** The components the incident has touched. */
  components: Words[]
  /** How many customers are on the newest list of those affected; null when there is none. */
  customers: number | null
}

const isFact = (name: string): name is FactName => (factNames as readonly string[]).includes(name)

/** A length of time as texts write it, "1 hour 52 minutes": to the minute, units that are nought left out. */
function lengthIn(locale: Locale, ms: number): string {
  const counts = { day: Math.floor(ms / dayMs), hour: Math.floor((ms % dayMs) / hourMs) }
  const all = Object.entries({ ...counts, minute: Math.floor((ms % hourMs) / minuteMs) })
  const some = all.filter(([unit, count]) => count || (unit === 'minute' && ms < minuteMs))
  const said = some.map(([unit, count]) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })
      .formatToParts(count)
      .flatMap(({ type, value }) => (type === 'literal' ? [] : [value]))
      .join(' '),
  )
  return said.join(' ')
}

/** Names as a text counts them up, "Checkout, Payments and Reports". */
function listIn(locale: Locale, names: string[]): string {
  const { page, statements } = wordsOf(locale)
  const [last = '', ...before] = names.toReversed()
  return before.length ? `${before.reverse().join(page.list)}${statements.lastOf}${last}` : last
}

/** A moment as texts of a language write it: "20:02 on 11 November 2026". */
export const momentIn = (locale: Locale, at: Instant, zone: string): string =>
  fill(wordsOf(locale).statements.moment, { time: clockTime(at, zone), date: fullDate(at, zone, locale) })

/** The facts of an incident as texts write them, in the page's zone. `url` is the page's address without its scheme. */
export function factsOf(sheet: FactSheet, { zone, url }: { zone: string; url: string }): Facts {
  const end = sheet.endedAt ?? sheet.resolvedAt
  const inLanguage = (locale: Locale): Facts[Locale] => {
    const say = (words: Words) => words[locale] || undefined
    const names = sheet.components.flatMap((name) => say(name) ?? [])
    const known: Partial<Record<FactName, string | undefined>> = {
      started: momentIn(locale, sheet.startedAt, zone),
      ended: end ? momentIn(locale, end, zone) : undefined,
      duration: end ? lengthIn(locale, toMs(end) - toMs(sheet.startedAt)) : undefined,
      affected: names.length ? listIn(locale, names) : undefined,
      services: names.length ? String(names.length) : undefined,
      customers: sheet.customers === null ? undefined : new Intl.NumberFormat(locale).format(sheet.customers),
      scope: say(sheet.scope),
      notAffected: say(sheet.notAffected),
      workaround: say(sheet.workaround),
      url,
    }
    return Object.fromEntries(Object.entries(known).filter(([, value]) => value)) as Facts[Locale]
  }
  return Object.fromEntries(locales.map((locale) => [locale, inLanguage(locale)])) as Facts
}

/** The names in braces in a text, once each. */
export const bracesOf = (text: string): string[] => [
  ...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')),
]

/** A text with these facts in place of their names; a name without a fact stays, so that it is seen. */
export const withFacts = (words: Words, facts: Facts): Words =>
  Object.fromEntries(
    Object.entries(words).map(([locale, text]) => [
      locale,
      text.replace(
        /\{(\w+)\}/g,
        (brace, name: string) => (isFact(name) ? facts[locale as Locale]?.[name] : undefined) ?? brace,
      ),
    ]),
  )

/** Of all facts those that these texts name: what is stored with a version. */
export function usedFacts(texts: Words[], facts: Facts): Facts {
  const used = (locale: Locale) => {
    const names = texts.flatMap((words) => bracesOf(words[locale] ?? '')).filter(isFact)
    return Object.fromEntries(names.flatMap((name) => (facts[locale][name] ? [[name, facts[locale][name]]] : [])))
  }
  return Object.fromEntries(locales.map((locale) => [locale, used(locale)])) as Facts
}

/** Names in braces that nothing has replaced, by language and text, with the sentence a person needs. */
export function openBraces(texts: Record<string, Words>, facts: Facts): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [field, words] of Object.entries(texts))
    for (const locale of locales) {
      const open = bracesOf(withFacts(words, facts)[locale] ?? '')
      if (!open.length) continue
      const say = (names: string[]) => names.map((name) => `{${name}}`).join(' ')
      const [unknown, unfilled] = [open.filter(isFact), open.filter((name) => !isFact(name))]
      fields[`${field}.${locale}`] = [
        ...(unknown.length
          ? [`The fact sheet does not know ${say(unknown)} yet. Fill it in there, or write the words out.`]
          : []),
        ...(unfilled.length ? [`Fill in ${say(unfilled)}.`] : []),
      ].join(' ')
    }
  return fields
}

export interface Difference {
  locale: Locale
  fact: FactName
  used: string
  /** What the fact sheet says now; null when it says nothing any more. */
  now: string | null
}

/** Where a text that was written with `used` no longer agrees with the fact sheet. */
export const differences = (used: Facts, now: Facts): Difference[] =>
  locales.flatMap((locale) =>
    factNames.flatMap((fact) => {
      const was = used[locale]?.[fact]
      const is = now[locale][fact]
      return was !== undefined && was !== is ? [{ locale, fact, used: was, now: is ?? null }] : []
    }),
  )
