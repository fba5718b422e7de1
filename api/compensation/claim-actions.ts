import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { conflict, notFound } from '#api/errors.ts'
import { hashSecret } from '#api/lib/tokens.ts'
import { type Door, doorOf, openStates } from './claim.ts'
import { claimOfLink, moveClaim, noteView, useLink } from './claim-queries.ts'
import { type ClaimView, viewClaim } from './claim-view.ts'
import { codeOfClaim } from './code-queries.ts'
import { externalIdOf } from './customer-queries.ts'
import { Exhausted, issue } from './issue.ts'
import { goodbyeToken } from './links.ts'
import { findOffer, holdOffer, termsAt } from './offer-queries.ts'
import { unsealed } from './sealed.ts'

const gone = () => notFound('This link')

/** What a customer's page shows. Notes the first look, which may be that of a program that reads mail; changes nothing else. */
export async function readClaim(app: App, secret: string): Promise<ClaimView> {
  const claim = await claimOfLink(app.db, hashSecret(secret))
  const offer = claim && (await findOffer(app.db, claim.offerId))
  if (!claim || !offer) throw gone()
  if (!claim.viewedAt && !app.health.trouble) await noteView(app.db, claim.id, app.now())
  const code = await codeOfClaim(app.db, claim.id)
  return viewClaim({
    claim,
    offer,
    terms: await termsAt(app.db, offer.id, claim.termsVersion ?? offer.liveVersion ?? offer.termsVersion),
    code: code ? unsealed(app.config.secretKeys, code.code) : null,
    locale: claim.locale,
    goodbye: goodbyeToken(app.config, claim.deliveryId),
    now: app.now(),
  })
}

const refusals: Partial<Record<Door, string>> = {
  not_yet: 'This offer cannot be claimed yet.',
  paused: 'This offer is paused. Your link stays good.',
  closed: 'This offer is closed.',
  expired: 'This offer has expired.',
  exhausted: 'This offer is exhausted: everything has been given.',
  revoked: 'This was taken back.',
  rejected: 'This was looked at and refused.',
  in_review: 'This was asked for already and is being looked at.',
  issued: 'This has been claimed already.',
  redeemed: 'This has been claimed already, and used.',
}

/**
 * A customer takes what is offered, by the link in their message: a coupon is issued with its code at once, what a
 * contract owes goes to review. However many ask at the same moment, one customer gets it once and the last coupon goes
 * to one. `termsVersion` is the version of the words that was read. Throws `not_found`, and `conflict` with the reason.
 */
export async function claimOffer(app: App, secret: string, termsVersion: number | null): Promise<ClaimView> {
  const secretHash = hashSecret(secret)
  try {
    await app.db.transaction().execute(async (trx) => {
      const found = await claimOfLink(trx, secretHash)
      if (!found) throw gone()
      // Held from here: whoever claims of this offer takes turns, and sees what the one before has left.
      const offer = await holdOffer(trx, found.offerId)
      const claim = await claimOfLink(trx, secretHash)
      if (!offer || !claim) throw gone()
      const now = app.now()
      const door = doorOf(claim, offer, now)
      // Who came too late asks again: the budget may have been raised.
      const refusal = door === 'open' || door === 'exhausted' ? undefined : refusals[door]
      if (refusal) throw conflict(refusal)
      if (termsVersion !== null && termsVersion !== offer.termsVersion)
        throw conflict('The terms have changed since you opened this page. Read them again before you claim.')
      const customer: Actor = { id: `customer:${claim.customerId}`, roles: [] }
      const change = { claimedAt: now, termsVersion: offer.termsVersion }
      if (offer.basis === 'sla') {
        if (!(await moveClaim(trx, claim.id, openStates, { ...change, state: 'requested' })))
          throw conflict(refusals.issued!)
        await record(trx, now, customer, 'claim.requested', claim.id, { after: { offerId: offer.id, ...change } })
      } else {
        const externalId = await externalIdOf(trx, claim.customerId)
        const how = { from: openStates, offerStates: ['live' as const], change }
        if (!(await issue(app, trx, offer, { ...claim, externalId }, how))) throw conflict(refusals.issued!)
        await record(trx, now, customer, 'claim.issued', claim.id, {
          after: { offerId: offer.id, amountMinor: claim.amountMinor, ...change },
        })
      }
      await useLink(trx, secretHash, now)
    })
  } catch (error) {
    if (!(error instanceof Exhausted)) throw error
    await noteExhausted(app, secretHash)
    throw conflict(refusals.exhausted!)
  }
  app.wake()
  return readClaim(app, secret)
}

/** Writes down that somebody came too late, so that the desk sees how many did. */
async function noteExhausted(app: App, secretHash: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const claim = await claimOfLink(trx, secretHash)
    if (claim)
      await moveClaim(trx, claim.id, ['eligible', 'notified', 'viewed'], { state: 'exhausted', endedAt: app.now() })
  })
}
