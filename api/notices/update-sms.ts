import type { Template } from '#api/channels/channel.ts'
import { type SmsLength, smsLength } from '#api/channels/sms/segments.ts'
import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { shortTime, zoneName } from './times.ts'
import { inLocale, type Told, worstOf } from './told.ts'
import type { Sender } from './update-mail.ts'

export interface Sms extends SmsLength {
  text: string
  /** The same words as a sentence agreed with the provider and what fills its gaps. */
  template?: Template
}

/** The short address of an incident; without its scheme where phones add https themselves. */
export const shortUrl = (publicUrl: string, code: string): string => `${publicUrl.replace(/^https:\/\//, '')}/i/${code}`

/**
 * The SMS of one update in one language. It has its own short words: what, since when, when the next word comes, and
 * where. Names of components are left out from the end until it fits one segment; when nothing helps it says all of
 * the shortest list, and `segments` tells.
 */
export function updateSms(told: Told, locale: Locale, { site, publicUrl }: Sender): Sms {
  const words = wordsOf(locale).messages.sms
  const { zone } = site
  const kind = kindOf(told)
  const affected = told.components.filter(({ status }) => told.endedAt !== null || status !== 'operational')
  const names = affected.map(({ name }) => inLocale(name, locale).text)
  const values = {
    sign: site.sign[locale],
    zone: zoneName(told.startedAt, zone),
    start: shortTime(told.startedAt, told.publishedAt, zone, locale),
    end: told.endedAt ? shortTime(told.endedAt, told.publishedAt, zone, locale) : '',
    next: told.nextUpdateAt ? shortTime(told.nextUpdateAt, told.publishedAt, zone, locale) : '',
    url: shortUrl(publicUrl, told.code),
  }
  const made = functionLists(names, words).map((list): Sms => {
    const filled = { ...values, function: list }
    const text = fill(words[kind], filled)
    return { text, ...smsLength(text), template: templateOf(kind, locale, words[kind], filled) }
  })
  return made.find(({ segments }) => segments === 1) ?? made.at(-1)!
}

type SmsWords = ReturnType<typeof wordsOf>['messages']['sms']

/** The sentences an update can be told in; each may be agreed with a provider as a template. */
export const smsKinds = ['failing', 'partly', 'degraded', 'noPromise', 'raised', 'recovered'] as const
type SmsKind = (typeof smsKinds)[number]

function kindOf(told: Told): SmsKind {
  if (told.endedAt !== null) return 'recovered'
  if (!told.nextUpdateAt) return 'noPromise'
  if (told.raised) return 'raised'
  const worst = worstOf(told)
  if (worst === 'degraded_performance') return 'degraded'
  return worst === 'partial_outage' ? 'partly' : 'failing'
}

/** The gaps of a sentence, "{start}", in the order in which a reader meets them first. */
const gapsOf = (sentence: string): string[] => [
  ...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)),
]

/** The name and the parameters of a sentence, for a provider that keeps the sentence itself. */
function templateOf(kind: SmsKind, locale: Locale, sentence: string, values: Record<string, string>): Template {
  return {
    id: `${kind}/${locale}`,
    parameters: gapsOf(sentence).map((name) => ({ name, value: values[name] ?? '' })),
  }
}

/** The sentence as a provider with templates takes it: its gaps numbered, "{{1}}", in the order of the parameters. */
export function smsTemplate(kind: SmsKind, locale: Locale): string {
  const sentence = wordsOf(locale).messages.sms[kind]
  const numbered = Object.fromEntries(gapsOf(sentence).map((name, place) => [name, `{{${place + 1}}}`]))
  return fill(sentence, numbered)
}

/** Ways to say which functions, the fullest first: all names, then fewer and how many more there are. */
function functionLists(names: string[], words: SmsWords): string[] {
  if (!names.length) return [words.part]
  const spoken = names.map((name, position) => (position ? lowerFirst(name) : name))
  const all = spoken.length === 1 ? spoken[0]! : `${spoken.slice(0, -1).join(words.comma)}${words.and}${spoken.at(-1)}`
  const shorter = spoken.slice(1).map((_, left) => {
    const count = left + 1
    const kept = spoken.slice(0, spoken.length - count)
    return fill(words.more, { names: kept.join(words.comma), count, total: names.length })
  })
  return [all, ...shorter]
}

/** "Payments" inside a sentence is "payments"; "API" stays, as does a name that has no capitals. */
const lowerFirst = (name: string): string =>
  /^[A-Z][a-z]/.test(name) && !/^[A-Z][a-z]*[A-Z]/.test(name.split(' ')[0]!)
    ? name[0]!.toLowerCase() + name.slice(1)
    : name
