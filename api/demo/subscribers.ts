import type { App } from '#api/app.ts'
import type { NewRow } from '#api/db/schema.ts'
import { seal } from '#api/lib/seal.ts'
import { dayMs, type Instant, minuteMs, plusMs } from '#api/lib/time.ts'
import { consentWordings } from '#api/subscribers/choice.ts'
import { newEndpoint } from '#api/subscribers/endpoint.ts'
import type { Locale } from '#content/locales.ts'
import type { Company, Following, Names } from './company.ts'
import { type Dice, dice } from './random.ts'

export interface Followers {
  subscribers: NewRow<'subscriber'>[]
  choices: NewRow<'subscriberComponent'>[]
  suppressions: NewRow<'suppression'>[]
  endpoints: NewRow<'endpoint'>[]
}

/** What people may choose beside buying and browsing. */
const sideKeys = ['cart', 'refunds', 'promotions', 'inventory', 'shipments', 'login', 'console', 'reports', 'open-api']
const idLetters = 'abcdefghijklmnopqrstuvwxyz0123456789'
/** The last who joined did so three hours before the evening, the first about three years ago. */
const joinedWithinDays = 1_000

/**
 * The demonstration's subscribers: as many of each kind as company.yaml says, the same at every run. `idOf` gives the
 * component behind a key; everybody has confirmed before `until`.
 */
export function makeFollowers(
  following: Partial<Company['subscribers']>,
  names: Names,
  idOf: (key: string) => string,
  until: Instant,
  own: Pick<App, 'channels' | 'config'>,
): Followers {
  const { secretKeys } = own.config

  const all: Followers = { subscribers: [], choices: [], suppressions: [], endpoints: [] }
  const roll = dice(20_261_111)
  for (const channel of ['email', 'sms', 'webhook', 'slack', 'feishu'] as const) {
    const counts = following[channel]
    if (!counts) continue
    const choices = roll.shuffle(choicesOf(counts, roll))
    const locales = roll.shuffle<Locale>([
      ...Array<Locale>(counts.locales['zh-CN']).fill('zh-CN'),
      ...Array<Locale>(counts.locales.en).fill('en'),
    ])
    if (locales.length !== choices.length)
      throw new Error(`company.yaml: ${channel} has ${choices.length} choices for ${locales.length} people.`)
    const taken = new Set<string>()
    const people = choices.map((choice, i): NewRow<'subscriber'> => {
      const locale = locales[i]!
      const address = fresh(taken, () => {
        if (channel === 'email') return mailOf(names, roll, locale)
        return channel === 'sms' ? numberOf(names, roll) : endpointOf(channel, names, roll, secretKeys)
      })
      const confirmedAt = plusMs(until, -roll.number(joinedWithinDays) * dayMs - roll.number(600) * minuteMs)
      const id = wordOf(roll)
      for (const key of choice === 'everything' ? [] : choice)
        all.choices.push({ subscriberId: id, componentId: idOf(key) })
      if (isEndpoint(channel)) {
        const secret = own.channels.find(({ name }) => name === channel)?.newSecret?.()
        all.endpoints.push(newEndpoint(id, mailOf(names, roll, locale), secret ? seal(secretKeys, secret) : null))
      }
      return {
        id,
        channel,
        address,
        locale,
        everything: choice === 'everything' ? 1 : 0,
        generation: 1,
        createdAt: plusMs(confirmedAt, -3 * minuteMs),
        confirmedAt,
        closedAt: null,
        closedReason: null,
        consentAt: plusMs(confirmedAt, -3 * minuteMs),
        consentWording: consentWordings[channel],
      }
    })
    all.subscribers.push(...people)
    for (const { address, confirmedAt } of roll.shuffle(people).slice(0, counts.suppressed))
      all.suppressions.push({
        channel,
        address,
        reason: roll.number(8) ? 'bounced' : 'complained',
        source: 'provider',
        createdAt: plusMs(confirmedAt!, minuteMs),
      })
  }
  return all
}

type Choice = 'everything' | string[]

function choicesOf(counts: Following, roll: Dice): Choice[] {
  const side = (most: number) => roll.shuffle(sideKeys).slice(0, roll.number(most + 1))
  const browsing = () => roll.pick([['search'], ['store-pages'], ['search', 'store-pages']])
  const buying = () => roll.pick([['orders'], ['orders', 'payments'], ['orders', 'payments'], ['payments']])
  const times = <T>(count: number, make: () => T) => Array.from({ length: count }, make)
  return [
    ...times(counts.buyingAndBrowsing, () => [...buying(), ...browsing(), ...side(2)]),
    ...times(counts.buying - counts.buyingAndBrowsing, () => [...buying(), ...side(2)]),
    ...times(counts.browsing, () => [...browsing(), ...side(2)]),
    ...times(counts.others - counts.browsing, () => [roll.pick(sideKeys)]),
    ...times(counts.everything, () => 'everything' as const),
  ]
}

/** An invented mail address. */
export function mailOf(names: Names, roll: Dice, locale: Locale): string {
  const digits = roll.number(3) === 0 ? String(10 + roll.number(90)) : ''
  if (locale === 'en') {
    const who = `${roll.pick(names.firstNames)}.${roll.pick(names.lastNames)}`
    if (roll.number(3) === 0) return `${who}${digits}@${roll.pick(names.mailboxes)}`
    return `${who}@${roll.pick(names.lastNames)}-${roll.pick(names.trades)}.example`
  }
  const surname = roll.pick(names.surnames)
  const given = roll.pick(names.given)
  if (roll.number(5) < 2)
    return `${roll.pick([`${surname}.${given}`, `${given}${surname}`, `${surname}_${given}`])}${digits}@${roll.pick(names.mailboxes)}`
  const shop = `${roll.pick(names.shopFirst)}-${roll.pick(names.shopSecond)}.example`
  return `${roll.number(4) === 0 ? roll.pick(names.desks) : `${surname}.${given}`}@${shop}`
}

/** An invented mobile number. */
export const numberOf = (names: Names, roll: Dice): string =>
  `+86${roll.pick(names.mobilePrefixes)}${String(10_000_000 + roll.number(89_999_999))}`

type EndpointKind = 'webhook' | 'slack' | 'feishu'
const isEndpoint = (channel: string): channel is EndpointKind => channel !== 'email' && channel !== 'sms'

/** An invented address of a program or a chat, sealed as the record keeps it: its host leads nowhere. */
function endpointOf(kind: EndpointKind, names: Names, roll: Dice, secretKeys: readonly string[]): string {
  const code = wordOf(roll)
  const shop = `${roll.pick(names.shopFirst)}-${roll.pick(names.shopSecond)}`
  const url = {
    webhook: `https://${shop}.example/hooks/status/${code}`,
    slack: `https://hooks.slack.example/services/${code}`,
    feishu: `https://open.feishu.example/open-apis/bot/v2/hook/${code}`,
  }[kind]
  return seal(secretKeys, url, url.slice(-4))
}

/** An id that is the same at every run. */
export const wordOf = (roll: Dice): string => Array.from({ length: 12 }, () => roll.pick([...idLetters])).join('')

/** Makes one that has not been made before. */
export function fresh(taken: Set<string>, make: () => string): string {
  for (;;) {
    const made = make()
    if (taken.has(made)) continue
    taken.add(made)
    return made
  }
}
