import type { ClaimState } from './claim.ts'

/** What an offer, or all offers of an incident, come to. Amounts in the smallest coin. */
export interface Totals {
  eligible: number
  /** The most it may still cost or has cost: everything that fits and has not expired. */
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

const gone: readonly ClaimState[] = ['expired', 'revoked', 'rejected', 'exhausted']

/** Works totals out from the claims themselves. `issued` is what was given in all, whatever became of it since. */
export function totalsOf(
  claims: readonly CountedClaims[],
  offer: {
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
  const alive = claims.filter(({ state }) => !gone.includes(state))
  const aliveMinor = alive.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  const most = offer.committedMinor ?? 0
  return {
    eligible: claims.filter(({ state }) => state !== 'rejected').reduce((sum, { count }) => sum + count, 0),
    committedMinor: offer.prepared ? Math.min(aliveMinor, most || aliveMinor) : most,
    issuedCount: offer.issuedCount,
    issuedMinor: offer.issuedMinor,
    redeemedCount: redeemed.count,
    redeemedMinor: redeemed.minor,
    expiredCount: expired.count,
    expiredMinor: expired.minor,
    budgetLeftMinor: offer.budgetMinor === null ? null : offer.budgetMinor - offer.issuedMinor,
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
