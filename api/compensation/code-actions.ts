import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { newIds } from '#api/lib/ids.ts'
import { seal } from '#api/lib/seal.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { countOn, findClaim, moveClaim } from './claim-queries.ts'
import { type CodeList, codeHint, readCodeList, readOwnCode } from './code.ts'
import { codeOfClaim, findCode, hasImported, insertImported, saveCode } from './code-queries.ts'
import { holdOffer } from './offer-queries.ts'
import { sealedForms } from './sealed.ts'

export interface CodeImport {
  accepted: number
  duplicates: CodeList['duplicates']
  rejected: CodeList['rejected']
  /** Lines whose code some offer has already. */
  known: number[]
}

/**
 * Takes in the codes of another system, one a line, all at once: every good one counts, and what does not is named by
 * its line. Throws `conflict` where the offer has begun to give its own, `invalid` where nothing in the list is a code.
 */
export async function importCodes(app: App, actor: Actor, offerId: string, text: string): Promise<CodeImport> {
  const list = readCodeList(text)
  if (!list.codes.length) {
    const sentence = 'There is no code in this list. Write one a line.'
    throw invalid(sentence, { list: sentence })
  }
  const ids = newIds(list.codes.length)
  const { secretKeys } = app.config
  const rows = list.codes.map(({ code, line }, at) => ({
    id: ids[at]!,
    code: seal(secretKeys, code, codeHint(code)),
    hint: codeHint(code),
    line,
  }))
  return app.db.transaction().execute(async (trx) => {
    const offer = await holdOffer(trx, offerId)
    if (!offer) throw notFound('This offer')
    if (offer.kind !== 'coupon') throw conflict('Only a coupon has codes.')
    if (offer.state === 'closed' || offer.state === 'cancelled') throw conflict('This offer is over.')
    if (offer.liveAt && offer.delivery === 'automatic' && !(await hasImported(trx, offerId)))
      throw conflict('This offer gives its customers codes of its own by itself, and has begun to.')
    const known = await insertImported(trx, offerId, app.now(), rows)
    const done = {
      accepted: rows.length - known.length,
      duplicates: list.duplicates,
      rejected: list.rejected,
      known,
    }
    await record(trx, app.now(), actor, 'offer.codes_imported', offerId, {
      after: {
        accepted: done.accepted,
        duplicates: done.duplicates.length,
        rejected: done.rejected.length,
        known: known.length,
      },
    })
    return done
  })
}

/** Clocks of two systems differ by this much at the most. */
const aheadMs = 300_000

/**
 * Another system says that a claim was used: by its code, or by its own id. Said again it changes nothing. What was used
 * in time counts, also when the word comes after its last day. Throws `not_found`, `conflict`.
 */
export async function redeemClaim(
  app: App,
  actor: Actor,
  by: { code: string } | { claim: string },
  at: Instant | null,
): Promise<{ claimId: string; offerId: string; redeemedAt: Instant }> {
  return app.db.transaction().execute(async (trx) => {
    const now = app.now()
    const redeemedAt = at ?? now
    if (redeemedAt > plusMs(now, aheadMs))
      throw invalid('This moment has not come yet.', { redeemedAt: 'Give the moment at which it was used.' })
    const code =
      'code' in by
        ? await findCode(trx, sealedForms(app.config.secretKeys, readOwnCode(by.code) ?? by.code.trim()))
        : await codeOfClaim(trx, by.claim)
    const claimId = code?.claimId ?? ('claim' in by ? by.claim : null)
    const found = claimId ? await findClaim(trx, claimId) : undefined
    const offer = found && (await holdOffer(trx, found.offerId))
    const claim = found && (await findClaim(trx, found.id))
    if (!offer || !claim) throw notFound('code' in by ? 'A claim with this code' : 'This claim')
    const done = { claimId: claim.id, offerId: offer.id }
    if (claim.state === 'redeemed') return { ...done, redeemedAt: claim.redeemedAt ?? now }
    if (claim.usableUntil && redeemedAt > claim.usableUntil)
      throw conflict(`This could be used until ${claim.usableUntil}.`)
    const lapsed = claim.state === 'expired' && claim.issuedAt !== null
    if (claim.state !== 'issued' && !lapsed)
      throw conflict(`This claim is ${claim.state.replace('_', ' ')}: it cannot be used.`)
    await moveClaim(trx, claim.id, ['issued', 'expired'], { state: 'redeemed', redeemedAt, endedAt: null })
    await countOn(trx, offer.id, {
      redeemedCount: 1,
      redeemedMinor: claim.amountMinor,
      ...(lapsed ? { expiredCount: -1, expiredMinor: -claim.amountMinor } : {}),
    })
    if (code) await saveCode(trx, code.id, { state: 'redeemed', redeemedAt })
    await record(trx, now, actor, 'claim.redeemed', claim.id, { before: { state: claim.state }, after: { redeemedAt } })
    return { ...done, redeemedAt }
  })
}
