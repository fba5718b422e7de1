import { type SmsLength, smsLength } from '#api/channels/sms/segments.ts'
import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { shortTime, zoneName } from './times.ts'
import { inLocale, type Told, worstOf } from './told.ts'
import type { Sender } from './update-mail.ts'

export interface Sms extends SmsLength {
  text: string
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
  const label = labelOf(told, words)
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
    const text = fill(label, { ...values, function: list })
    return { text, ...smsLength(text) }
  })
  return made.find(({ segments }) => segments === 1) ?? made.at(-1)!
}

type SmsWords = ReturnType<typeof wordsOf>['messages']['sms']

function labelOf(told: Told, words: SmsWords): string {
  if (told.endedAt !== null) return words.recovered
  if (!told.nextUpdateAt) return words.noPromise
  if (told.raised) return words.raised
  const worst = worstOf(told)
  if (worst === 'degraded_performance') return words.degraded
  return worst === 'partial_outage' ? words.partly : words.failing
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
