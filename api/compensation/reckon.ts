import { setImmediate } from 'node:timers/promises'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Rounding } from './amount.ts'
import type { ClaimSource, Eligibility } from './eligibility.ts'
import { daysGiven, type Fitting, fittingAfter } from './eligible-queries.ts'
import { findList } from './offer-queries.ts'
import { type NothingReason, type Value, type Worth, worthOf } from './value.ts'

/** What decides who gets how much. */
export interface Reckoned {
  id: string
  value: Value
  currency: string
  rounding: Rounding
  eligibility: Eligibility
  perCustomerMinor: number | null
}

/** Customers looked at in one piece. */
const pieceSize = 1_000

/** One customer who fits, with what they get. */
export type Sharing = Fitting & { worth: Worth }

/** The next customers who fit with what each gets, by id after `afterId`, and where to go on: null at the end. */
export async function sharesAfter(
  db: Db | Trx,
  offer: Reckoned,
  afterId: string,
  limit = pieceSize,
): Promise<{ shares: Sharing[]; next: string | null }> {
  const { fitting, next } = await fittingAfter(db, offer.eligibility, afterId, limit)
  const month = offer.value.kind === 'service_extension' && offer.value.daysMaxPerMonth ? offer.value.month : undefined
  const given =
    month && fitting.length
      ? await daysGiven(db, { month, exceptOfferId: offer.id, customerIds: fitting.map((one) => one.customerId) })
      : new Map<string, number>()
  const shares = fitting.map((one) => {
    const share = { ...one, feeCurrency: one.currency, daysGiven: given.get(one.customerId) ?? 0 }
    return { ...one, worth: worthOf(offer.value, share, offer) }
  })
  return { shares, next }
}

interface PlanSum {
  plan: string
  count: number
  amountMinor: number
  days: number | null
}

export interface Reckoning {
  eligible: number
  /** What all of them come to, in the smallest coin. */
  sumMinor: number
  /** The largest share of one customer. */
  mostMinor: number
  /** `days` where all of a plan get as many. */
  plans: PlanSum[]
  /** Who fits and gets nothing, by reason. */
  nothing: Partial<Record<NothingReason, number>>
}

/** Counts who fits and what that comes to, in pieces. */
export async function reckon(db: Db, offer: Reckoned): Promise<Reckoning> {
  const plans = new Map<string, PlanSum>()
  const sum: Reckoning = { eligible: 0, sumMinor: 0, mostMinor: 0, plans: [], nothing: {} }
  for (let afterId = ''; ; ) {
    const { shares, next } = await sharesAfter(db, offer, afterId)
    for (const { plan, worth } of shares) {
      if ('nothing' in worth) {
        sum.nothing[worth.nothing] = (sum.nothing[worth.nothing] ?? 0) + 1
        continue
      }
      const of = plans.get(plan) ?? { plan, count: 0, amountMinor: 0, days: worth.days }
      const days = of.days === worth.days ? of.days : null
      plans.set(plan, { plan, count: of.count + 1, amountMinor: of.amountMinor + worth.amountMinor, days })
      sum.eligible++
      sum.sumMinor += worth.amountMinor
      sum.mostMinor = Math.max(sum.mostMinor, worth.amountMinor)
    }
    if (next === null) break
    afterId = next
    // SQLite reads on this thread: whoever else knocks is answered between two pieces.
    await setImmediate()
  }
  return { ...sum, plans: [...plans.values()].sort((a, b) => b.amountMinor - a.amountMinor) }
}

/** Where a claim of this offer comes from: the list it names, else its rule. */
export async function sourceOf(db: Db | Trx, { listId, componentIds }: Eligibility): Promise<ClaimSource> {
  const list = listId ? await findList(db, listId) : undefined
  return list ? list.source : componentIds.length ? 'component' : 'rule'
}
