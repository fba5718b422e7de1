import { invalid } from '#api/errors.ts'
import { showAmount } from './amount.ts'
import type { DeliveryMode, OfferState } from './offer.ts'

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

interface Beside {
  id: string
  state: OfferState
  currency: string
  committedMinor: number | null
  issuedMinor: number
}

/** States in which an offer may still cost all that was asked for. */
const weighing: readonly OfferState[] = ['pending_approval', 'approved', 'live', 'paused']

/**
 * What the other offers of an incident weigh beside one: all that those cost at the most which wait for approval or have
 * it, and what those gave that are over. Drafts weigh nothing yet; each weighs all before it once it is asked for, so
 * that an offer that is split does not pass below a limit. Another currency does not add up.
 */
export const besideMinor = (offers: readonly Beside[], { id, currency }: { id: string; currency: string }): number =>
  offers
    .filter((other) => other.id !== id && other.currency === currency)
    .map(({ state, committedMinor, issuedMinor }) => (weighing.includes(state) ? (committedMinor ?? 0) : issuedMinor))
    .reduce((sum, minor) => sum + minor, 0)

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
