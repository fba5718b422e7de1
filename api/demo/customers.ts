import type { NewRow } from '#api/db/schema.ts'
import { csvLine } from '#api/lib/csv.ts'
import { dayMs, type Instant, plusMs } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import type { Merchants, Names } from './company.ts'
import { type Dice, dice } from './random.ts'
import { fresh, mailOf, numberOf, wordOf } from './subscribers.ts'

export interface MerchantRows {
  customers: NewRow<'customer'>[]
  contacts: NewRow<'customerContact'>[]
  uses: NewRow<'customerComponent'>[]
}

/** The first number that is given out; every customer's has the same length. */
const firstNumber = 100_001
const numberOfCustomer = (at: number) => `HZ-${firstNumber + at}`
/** The oldest customer came so many days ago. */
const customersForDays = 1_300
/** Every so-manieth customer can be reached by SMS, too. */
const smsEvery = 4

/** Words as often as their weight says, one of which is drawn. */
const weighed = (weights: Record<string, number>): string[] =>
  Object.entries(weights).flatMap(([word, weight]) => Array<string>(weight).fill(word))

/** The plans of all customers in the order of their numbers, mixed: the same at every run. */
const plansInOrder = (told: Merchants): Merchants['plans'] =>
  dice(20_231_001).shuffle(told.plans.flatMap((plan) => Array<Merchants['plans'][number]>(plan.customers).fill(plan)))

/**
 * The demonstration's customers as customers.yaml tells of them, the same at every run. `idOf` gives the component behind
 * a key; all of them came before `until`.
 */
export function makeCustomers(
  told: Merchants,
  names: Names,
  idOf: (key: string) => string,
  until: Instant,
): MerchantRows {
  const roll = dice(20_230_301)
  const made: MerchantRows = { customers: [], contacts: [], uses: [] }
  const taken = new Set<string>()
  const regions = weighed(told.regions)
  const segments = Object.keys(told.segments)
  let keys = 0
  for (const [at, plan] of plansInOrder(told).entries()) {
    const id = wordOf(roll)
    const isKey = plan.name === 'Enterprise' && keys < told.key.customers
    const locale: Locale = roll.number(10) < told.english ? 'en' : 'zh-CN'
    const segment = roll.pick(segments)
    const createdAt = plusMs(until, -(1 + roll.number(customersForDays)) * dayMs)
    made.customers.push({
      id,
      externalId: numberOfCustomer(at),
      name: nameOf(told, names, roll, locale, segment),
      plan: plan.name,
      region: roll.pick(regions),
      segment,
      keyFlag: isKey ? 1 : 0,
      internalFlag: 0,
      accountManager: isKey ? told.managers[keys % told.managers.length]! : null,
      monthlyFeeMinor: plan.monthlyFeeMinor,
      currency: told.currency,
      locale,
      createdAt,
      updatedAt: createdAt,
      archivedAt: null,
    })
    for (const key of plan.uses) made.uses.push({ customerId: id, componentId: idOf(key) })
    const contact = (channel: 'email' | 'sms', address: string) =>
      made.contacts.push({
        id: wordOf(roll),
        customerId: id,
        channel,
        address,
        locale,
        name: isKey ? personOf(names, roll) : null,
      })
    const mails = isKey ? contactsOfKey(told, keys++) : 1
    for (let mail = 0; mail < mails; mail++)
      contact(
        'email',
        fresh(taken, () => mailOf(names, roll, locale)),
      )
    if (!isKey && at % smsEvery === 0)
      contact(
        'sms',
        fresh(taken, () => numberOf(names, roll)),
      )
  }
  return made
}

/** How many of the key customers' contacts the one with this place has: as evenly as it goes. */
function contactsOfKey({ key }: Merchants, place: number): number {
  const upTo = (count: number) => Math.floor((count * key.contacts) / key.customers)
  return upTo(place + 1) - upTo(place)
}

function nameOf(told: Merchants, names: Names, roll: Dice, locale: Locale, segment: string): string {
  if (locale === 'zh-CN') return `${roll.pick(told.first)}${roll.pick(told.segments[segment]!)}`
  return [roll.pick(names.lastNames), roll.pick(names.trades)].map(capital).join(' ')
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
const personOf = (names: Names, roll: Dice) =>
  [roll.pick(names.given), roll.pick(names.surnames)].map(capital).join(' ')

/**
 * The list of really affected merchants as the company's billing would export it: CSV with the customer's number, the
 * minutes and the fee of the month; some rows stand twice and some numbers nobody has, as customers.yaml says.
 */
export function affectedCsv(told: Merchants): string {
  const roll = dice(20_261_118)
  const left = new Map(told.plans.map(({ name, affected }) => [name, affected]))
  const numbers = roll.shuffle(plansInOrder(told).map((plan, at) => ({ plan, at })))
  const rows = numbers.flatMap(({ plan, at }) => {
    const open = left.get(plan.name)!
    left.set(plan.name, open - 1)
    if (open <= 0) return []
    const fee = `${Math.floor(plan.monthlyFeeMinor / 100)}.${String(plan.monthlyFeeMinor % 100).padStart(2, '0')}`
    return [[numberOfCustomer(at), String(roll.pick(told.affected.minutes)), fee]]
  })
  const { duplicates, unknown } = told.affected
  for (let i = 0; i < duplicates; i++) {
    const source = roll.number(1_000)
    rows.splice(source + 1_000 + roll.number(1_000), 0, rows[source]!)
  }
  for (let i = 0; i < unknown; i++)
    rows.splice(roll.number(rows.length), 0, [`HZ-${900_001 + roll.number(90_000)}`, '89', '399.00'])
  return [['customer_id', 'minutes', 'fee'], ...rows].map(csvLine).join('')
}
