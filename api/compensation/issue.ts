import type { App } from '#api/app.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { seal } from '#api/lib/seal.ts'
import type { Instant } from '#api/lib/time.ts'
import { billingBody, issuedKey } from './billing-message.ts'
import { insertExports } from './billing-queries.ts'
import { type ClaimState, usableUntil } from './claim.ts'
import { moveClaim, takeFromBudget } from './claim-queries.ts'
import { codeHint, newCode } from './code.ts'
import { assignCodes, freeCodes, hasImported, insertCodes } from './code-queries.ts'
import { unsealed } from './sealed.ts'

/** There is nothing left to give: whoever asked undoes their transaction with this. */
export class Exhausted extends Error {}

/** A claim with the number the company knows its customer by. */
export type IssuedClaim = Row<'claim'> & { externalId: string }

/**
 * Gives one customer their share, in the caller's transaction: the claim moves on from one of these states, the budget
 * gives, a coupon gets its code, and billing's message is written down. False when the claim had moved on already.
 * Throws Exhausted when budget or codes hold no more; then nothing of the transaction may stand.
 */
export async function issue(
  app: App,
  trx: Trx,
  offer: Row<'offer'>,
  claim: IssuedClaim,
  how: { from: readonly ClaimState[]; offerStates: Row<'offer'>['state'][]; change?: Partial<Row<'claim'>> },
): Promise<boolean> {
  const now = app.now()
  const until = usableUntil(offer, now)
  const change = { ...how.change, state: 'issued' as const, issuedAt: now, usableUntil: until, reason: null }
  if (!(await moveClaim(trx, claim.id, how.from, change))) return false
  if (!(await takeFromBudget(trx, offer.id, { amountMinor: claim.amountMinor, states: how.offerStates })))
    throw new Exhausted()
  const code = offer.kind === 'coupon' ? await codeFor(app, trx, offer.id, claim.id, now) : null
  const body = billingBody('claim.issued', now, offer, { ...claim, usableUntil: until }, code)
  await insertExports(trx, now, [{ key: issuedKey(claim.id), claimId: claim.id, offerId: offer.id, body }])
  return true
}

/** The code of one claim: the next of the imported ones where there are any, else a new one. The offer's row is held. */
async function codeFor(app: App, trx: Trx, offerId: string, claimId: string, now: Instant): Promise<string> {
  if (await hasImported(trx, offerId)) {
    const [free] = await freeCodes(trx, offerId, 1)
    if (!free || !(await assignCodes(trx, now, [{ id: free.id, claimId }]))) throw new Exhausted()
    return unsealed(app.config.secretKeys, free.code)
  }
  const { code, row } = newCodeFor(app, offerId, claimId, now)
  await insertCodes(trx, [row])
  return code
}

/** A new code for a claim, as it is read and as its row. */
export function newCodeFor(
  app: App,
  offerId: string,
  claimId: string,
  now: Instant,
): { code: string; row: Row<'redemptionCode'> } {
  const code = newCode()
  const row = {
    id: newId(),
    offerId,
    code: seal(app.config.secretKeys, code, codeHint(code)),
    hint: codeHint(code),
    source: 'generated' as const,
    line: null,
    state: 'assigned' as const,
    claimId,
    createdAt: now,
    assignedAt: now,
    redeemedAt: null,
  }
  return { code, row }
}
