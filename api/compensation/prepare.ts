import type { App } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import { type Trx, writeLock } from '#api/db/connect.ts'
import { letOthersWrite } from '#api/db/rest.ts'
import type { Row } from '#api/db/schema.ts'
import { newId, newIds } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { crashPoint } from '#api/notices/crash.ts'
import { insertNotice } from '#api/notices/queries.ts'
import { announce } from '#api/outbox/outbox.ts'
import { billingBody, issuedKey } from './billing-message.ts'
import { insertExports } from './billing-queries.ts'
import { usableUntil } from './claim.ts'
import { countOn, insertClaims } from './claim-queries.ts'
import { assignCodes, freeCodes, hasImported, insertCodes } from './code-queries.ts'
import { newCodeFor } from './issue.ts'
import { offerNoticeKind } from './offer.ts'
import { findOffer, saveOffer } from './offer-queries.ts'
import { type Sharing, sharesAfter, sourceOf } from './reckon.ts'
import { unsealed } from './sealed.ts'
import { readOffer } from './show.ts'
import { movePrepared } from './work-queries.ts'

/** Claims written in one transaction: on SQLite it holds the lock for a few milliseconds. */
const pieceSize = 250

/** The channels by which customers are told. */
const channels = ['email', 'sms'] as const

/**
 * Writes down the next customers who fit as claims, from where the last piece ended; what needs no action of theirs is
 * issued with it. After the last one the announcement begins. Killed at any point, it goes on from the stored place,
 * with nobody twice. True when something was done.
 */
export async function prepareNext(app: App, offerId: string): Promise<boolean> {
  const row = await findOffer(app.db, offerId)
  if (row?.state !== 'live' || row.preparedAt) return false
  const offer = readOffer(row)
  const { shares, next } = await sharesAfter(app.db, { ...offer, id: offerId }, row.preparedCursor, pieceSize)
  const source = await sourceOf(app.db, offer.eligibility)
  const last = next === null
  const now = app.now()
  const claims = claimsOf(row, shares, source, now)
  const counted = claims.filter(({ state }) => state !== 'rejected')
  const sum = counted.reduce((all, { amountMinor }) => all + amountMinor, 0)
  const automatic = offer.delivery === 'automatic'
  const coupon = automatic && offer.kind === 'coupon'
  const imported = coupon && (await hasImported(app.db, offerId))
  // What can be made before the transaction is not made in it: whoever else writes waits for its end.
  const made = coupon && !imported ? counted.map(({ id: claimId }) => newCodeFor(app, offerId, claimId, now)) : []
  const heldBefore = writeLock(app.db).heldMs
  await app.db.transaction().execute(async (trx) => {
    const free = imported ? await freeCodes(trx, offerId, counted.length) : []
    if (exceeds(row, counted.length, sum) || (imported && free.length < counted.length)) return stop(trx, row, now)
    const noticeId = last ? newId() : null
    const change = last ? { preparedAt: now, noticeId } : { preparedCursor: next }
    if (!(await movePrepared(trx, row, change))) return
    await insertClaims(trx, claims)
    await countOn(trx, offerId, {
      claimCount: counted.length,
      claimMinor: sum,
      ...(automatic ? { issuedCount: counted.length, issuedMinor: sum } : {}),
    })
    if (automatic) {
      await assignCodes(
        trx,
        now,
        free.map(({ id }, at) => ({ id, claimId: counted[at]!.id })),
      )
      await insertCodes(
        trx,
        made.map(({ row: code }) => code),
      )
      const codes = imported
        ? free.map(({ code }) => unsealed(app.config.secretKeys, code))
        : made.map(({ code }) => code)
      await insertExports(trx, now, exportsFor(row, counted, shares, codes, now))
    }
    if (noticeId) await beginTelling(trx, row, noticeId, now)
  })
  crashPoint(app, last ? 'after-prepare' : 'mid-prepare')
  await letOthersWrite(app.db, heldBefore)
  return true
}

function claimsOf(
  offer: Row<'offer'>,
  shares: Sharing[],
  source: Row<'claim'>['source'],
  now: Instant,
): Row<'claim'>[] {
  const ids = newIds(shares.length)
  const listId = readOffer(offer).eligibility.listId
  const automatic = offer.delivery === 'automatic'
  return shares.map(({ customerId, worth, minutes, line }, at) => {
    const nothing = 'nothing' in worth
    return {
      id: ids[at]!,
      offerId: offer.id,
      customerId,
      state: nothing ? 'rejected' : automatic ? 'issued' : 'eligible',
      source,
      listId,
      line,
      termsVersion: automatic && !nothing ? offer.liveVersion : null,
      minutes,
      days: nothing ? null : worth.days,
      amountMinor: nothing ? 0 : worth.amountMinor,
      reason: nothing ? worth.nothing : null,
      createdAt: now,
      notifiedAt: null,
      viewedAt: null,
      claimedAt: null,
      reviewedAt: null,
      reviewedBy: null,
      issuedAt: automatic && !nothing ? now : null,
      usableUntil: automatic && !nothing ? usableUntil(offer, now) : null,
      redeemedAt: null,
      endedAt: nothing ? now : null,
    }
  })
}

/** More people, or more money given by itself, than was approved: the registry changed while the offer was opened. */
const exceeds = (offer: Row<'offer'>, count: number, sum: number): boolean =>
  offer.claimCount + count > (offer.eligibleCount ?? 0) ||
  (offer.delivery === 'automatic' && offer.issuedMinor + sum > (offer.committedMinor ?? 0))

async function stop(trx: Trx, offer: Row<'offer'>, now: Instant): Promise<void> {
  const after = { state: 'paused' as const, stateReason: 'drifted', approvedHash: null }
  await saveOffer(trx, offer.id, after)
  await announce(trx, now, { kind: 'offer.paused', incidentId: offer.incidentId })
  await record(trx, now, system, 'offer.paused', offer.id, { before: { state: offer.state }, after })
}

/** What billing is told of claims that are issued by themselves. */
function exportsFor(offer: Row<'offer'>, claims: Row<'claim'>[], shares: Sharing[], codes: string[], now: Instant) {
  const numbers = new Map(shares.map(({ customerId, externalId }) => [customerId, externalId]))
  return claims.map((claim, at) => {
    const externalId = numbers.get(claim.customerId) ?? claim.customerId
    const body = billingBody('claim.issued', now, offer, { ...claim, externalId }, codes[at] ?? null)
    return { key: issuedKey(claim.id), claimId: claim.id, offerId: offer.id, body }
  })
}

/** One row says that customers are to be told; the ledger does the rest. */
async function beginTelling(trx: Trx, offer: Row<'offer'>, id: string, now: Instant): Promise<void> {
  const seq = await announce(trx, now, { kind: offerNoticeKind, incidentId: offer.incidentId })
  await insertNotice(trx, {
    id,
    seq,
    kind: offerNoticeKind,
    incidentId: null,
    updateId: null,
    audience: toJson(Object.fromEntries(channels.map((name) => [name, { componentIds: [], everything: false }]))),
    cursor: '',
    createdAt: now,
    expandedAt: null,
    frozenAt: null,
    dueAt: now,
    expiresAt: offer.claimUntil,
  })
}
