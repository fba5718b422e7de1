import type { ClaimState } from './claim.ts'
import type { OfferState } from './offer.ts'

/** What an offer, or all offers of an incident, come to. Amounts in the smallest coin. */
export interface Totals {
  eligible: number
  /** The most it may still cost or has cost: what was given and has not expired, and what may still be taken of the rest. */
  committedMinor: number
  issuedCount: number
  issuedMinor: number
  redeemedCount: number
  redeemedMinor: number
  /** Never claimed, or issued and never used. */
  expiredCount: number
  expiredMinor: number
  /** Null where there is no budget. */
  budgetLeftMinor: number | null
}

export interface CountedClaims {
  state: ClaimState
  count: number
  amountMinor: number
}

/**
 * Works totals out from the claims themselves. `issued` is what was given in all, whatever became of it since. Of an offer
 * that is over nobody takes more; what was asked for in time may still be granted, unless it was cancelled.
 */
export function totalsOf(
  claims: readonly CountedClaims[],
  offer: {
    state: OfferState
    committedMinor: number | null
    budgetMinor: number | null
    issuedCount: number
    issuedMinor: number
    prepared: boolean
  },
): Totals {
  const of = (...states: ClaimState[]) => {
    const those = claims.filter(({ state }) => states.includes(state))
    return {
      count: those.reduce((sum, { count }) => sum + count, 0),
      minor: those.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    }
  }
  const redeemed = of('redeemed')
  const expired = of('expired')
  const kept = of('issued', 'redeemed')
  const asked = offer.state === 'cancelled' ? 0 : of('requested', 'in_review', 'accepted').minor
  const open = offer.state === 'cancelled' || offer.state === 'closed' ? 0 : of('eligible', 'notified', 'viewed').minor
  const most = offer.committedMinor ?? 0
  return {
    eligible: claims.filter(({ state }) => state !== 'rejected').reduce((sum, { count }) => sum + count, 0),
    committedMinor: offer.prepared
      ? kept.minor + Math.min(asked + open, Math.max(most - offer.issuedMinor, 0))
      : offer.state === 'cancelled' || offer.state === 'draft'
        ? 0
        : most,
    issuedCount: offer.issuedCount,
    issuedMinor: offer.issuedMinor,
    redeemedCount: redeemed.count,
    redeemedMinor: redeemed.minor,
    expiredCount: expired.count,
    expiredMinor: expired.minor,
    budgetLeftMinor:
      offer.budgetMinor === null ? null : offer.state === 'cancelled' ? 0 : offer.budgetMinor - offer.issuedMinor,
  }
}

/** The sum over offers in one currency, with what that is for each customer the incident affected, rounded to the coin. */
export function sumOf(all: readonly Totals[], affected: number) {
  const sum = (name: Exclude<keyof Totals, 'budgetLeftMinor'>) => all.reduce((total, one) => total + one[name], 0)
  const budgets = all.map(({ budgetLeftMinor }) => budgetLeftMinor)
  const committedMinor = sum('committedMinor')
  const issuedMinor = sum('issuedMinor')
  return {
    committedMinor,
    issuedCount: sum('issuedCount'),
    issuedMinor,
    redeemedCount: sum('redeemedCount'),
    redeemedMinor: sum('redeemedMinor'),
    expiredCount: sum('expiredCount'),
    expiredMinor: sum('expiredMinor'),
    budgetLeftMinor: budgets.every((left) => left !== null) ? budgets.reduce((total, left) => total + left, 0) : null,
    affected,
    perAffectedMinor: affected ? Math.round(committedMinor / affected) : null,
  }
}
