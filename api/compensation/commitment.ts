import { invalid } from '#api/errors.ts'
import { showAmount } from './amount.ts'
import type { DeliveryMode } from './offer.ts'

interface Bounds {
  delivery: DeliveryMode
  currency: string
  budgetMinor: number | null
  maxClaims: number | null
}

/**
 * What an offer may cost at the most: the sum over all who fit, but no more than its budget or its number of claims lets
 * through, where customers come for it and the last may come too late.
 */
export function committedOf(
  reach: { sumMinor: number; mostMinor: number },
  { budgetMinor, maxClaims }: Bounds,
): number {
  const byClaims = maxClaims === null ? reach.sumMinor : maxClaims * reach.mostMinor
  return Math.min(reach.sumMinor, byClaims, budgetMinor ?? reach.sumMinor)
}

/** Throws `invalid` where what everybody is given by itself would not reach all, or where nobody fits. */
export function checkReach(reach: { eligible: number; sumMinor: number }, bounds: Bounds): void {
  if (!reach.eligible) {
    const nobody = 'Nobody fits: no customer would get anything. Look at the list, the plans and the value.'
    throw invalid(nobody, { eligibility: nobody })
  }
  if (bounds.delivery !== 'automatic') return
  if (bounds.budgetMinor !== null && reach.sumMinor > bounds.budgetMinor) {
    const sum = `${showAmount(reach.sumMinor, bounds.currency)} ${bounds.currency}`
    const sentence = `Everybody who fits gets this by itself, which comes to ${sum}: more than its budget.`
    throw invalid(sentence, { budgetMinor: sentence })
  }
  if (bounds.maxClaims !== null && reach.eligible > bounds.maxClaims) {
    const sentence = `${reach.eligible} customers fit and get this by themselves: more than its number of claims.`
    throw invalid(sentence, { maxClaims: sentence })
  }
}
