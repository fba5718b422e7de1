import type { App } from '#api/app.ts'
import { crossCounts, everyOffer } from './totals-queries.ts'
import { countsToVerify } from './verify-queries.ts'

/** Something an offer keeps that its rows do not bear out. */
export interface Difference {
  offerId: string
  what: string
  kept: number
  counted: number
}

/**
 * Counts everything an offer keeps again, from its rows alone, and names what differs: claims and their sums, what was
 * issued, used and expired, budget, codes and what billing is told. Reads and writes nothing else.
 */
export async function verifyOffers(app: App): Promise<{ offers: number; claims: number; differences: Difference[] }> {
  const offers = await everyOffer(app.db)
  const differences: Difference[] = []
  let claims = 0
  for (const offer of offers) {
    const counted = await countsToVerify(app.db, offer.id)
    claims += counted.claimCount
    const differs = (what: string, kept: number, found: number) => {
      if (kept !== found) differences.push({ offerId: offer.id, what, kept, counted: found })
    }
    for (const what of Object.keys(counted) as (keyof typeof counted)[]) differs(what, offer[what], counted[what])
    if (offer.budgetMinor !== null && counted.issuedMinor > offer.budgetMinor)
      differs('budgetMinor', offer.budgetMinor, counted.issuedMinor)
    const cross = await crossCounts(app.db, offer.id)
    if (offer.kind === 'coupon') differs('issued without a code', 0, cross.withoutCode)
    differs('codes given to no claim', 0, cross.strayCodes)
    differs('issued and not told to billing', 0, cross.withoutExport)
    differs('told to billing and not issued', 0, cross.strayExports)
  }
  return { offers: offers.length, claims, differences }
}
