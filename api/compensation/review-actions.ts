import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, notFound } from '#api/errors.ts'
import { billingBody, revokedKey } from './billing-message.ts'
import { insertExports } from './billing-queries.ts'
import { reviewStates, statesBefore } from './claim.ts'
import { countOn, findClaim, moveClaim } from './claim-queries.ts'
import { codeOfClaim, saveCode } from './code-queries.ts'
import { externalIdOf } from './customer-queries.ts'
import { Exhausted, issue } from './issue.ts'
import { holdOffer } from './offer-queries.ts'

/** Somebody begins to look at what a customer asked for, so that nobody does it twice. */
export const takeUpClaim = (app: App, actor: Actor, id: string): Promise<void> =>
  withClaim(app, id, async (trx, _offer, claim, now) => {
    const change = { state: 'in_review' as const, reviewedBy: actor.id }
    if (!(await moveClaim(trx, id, statesBefore('in_review'), change))) throw decided(claim)
    await record(trx, now, actor, 'claim.taken_up', id, { before: { state: claim.state }, after: change })
  })

/** What a contract owes is granted: the claim is issued, and billing is told. Throws `conflict` when the budget holds no more. */
export async function acceptClaim(app: App, actor: Actor, id: string): Promise<void> {
  try {
    await withClaim(app, id, async (trx, offer, claim, now) => {
      const externalId = await externalIdOf(trx, claim.customerId)
      const review = { reviewedAt: now, reviewedBy: actor.id }
      // What was asked for in time is owed, also when the offer has ended since.
      const offerStates: Row<'offer'>['state'][] = ['live', 'paused', 'closed']
      const from = [...reviewStates, 'accepted' as const]
      if (!(await issue(app, trx, offer, { ...claim, externalId }, { from, offerStates, change: review })))
        throw decided(claim)
      await record(trx, now, actor, 'claim.accepted', id, { before: { state: claim.state }, after: review })
    })
  } catch (error) {
    if (error instanceof Exhausted)
      throw conflict('The budget of this offer, or its codes, hold no more. Raise it first; the claim waits.')
    throw error
  }
}

/** What a customer asked for is refused, with a reason that they read on their page. */
export const rejectClaim = (app: App, actor: Actor, id: string, reason: string): Promise<void> =>
  withClaim(app, id, async (trx, _offer, claim, now) => {
    const change = { state: 'rejected' as const, reason, reviewedAt: now, reviewedBy: actor.id, endedAt: now }
    if (!(await moveClaim(trx, id, reviewStates, change))) throw decided(claim)
    await record(trx, now, actor, 'claim.rejected', id, { before: { state: claim.state }, after: change })
  })

/**
 * Takes a claim back, with a reason that the customer reads. What was issued goes back into the budget, its code is
 * void, and billing is told. What was used stays used.
 */
export const revokeClaim = (app: App, actor: Actor, id: string, reason: string): Promise<void> =>
  withClaim(app, id, async (trx, offer, claim, now) => {
    const change = { state: 'revoked' as const, reason, endedAt: now }
    if (!(await moveClaim(trx, id, statesBefore('revoked'), change)))
      throw conflict('This claim was used or has ended: there is nothing to take back.')
    if (claim.state === 'issued') {
      await countOn(trx, offer.id, { issuedCount: -1, issuedMinor: -claim.amountMinor })
      const code = await codeOfClaim(trx, id)
      if (code) await saveCode(trx, code.id, { state: 'void' })
      const externalId = await externalIdOf(trx, claim.customerId)
      const body = billingBody('claim.revoked', now, offer, { ...claim, externalId }, null)
      await insertExports(trx, now, [{ key: revokedKey(id), claimId: id, offerId: offer.id, body }])
    }
    await record(trx, now, actor, 'claim.revoked', id, { before: { state: claim.state }, after: change })
  })

const decided = ({ state }: Row<'claim'>) =>
  conflict(`This claim is ${state.replace('_', ' ')}: there is nothing to decide.`)

async function withClaim(
  app: App,
  id: string,
  act: (trx: Trx, offer: Row<'offer'>, claim: Row<'claim'>, now: string) => Promise<void>,
): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const found = await findClaim(trx, id)
    const offer = found && (await holdOffer(trx, found.offerId))
    const claim = offer && (await findClaim(trx, id))
    if (!offer || !claim) throw notFound('This claim')
    await act(trx, offer, claim, app.now())
  })
  app.wake()
}
