import type { App } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
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
import { newCode } from './code.ts'
import { hasImported, insertCode, takeFreeCode } from './code-queries.ts'
import { externalIds } from './customer-queries.ts'
import { codeRow } from './issue.ts'
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
  const shares = await sharesAfter(app.db, { ...offer, id: offerId }, row.preparedCursor, pieceSize)
  const source = await sourceOf(app.db, offer.eligibility)
  const last = shares.length < pieceSize
  const done = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    const claims = claimsOf(row, shares, source, now)
    const counted = claims.filter(({ state }) => state !== 'rejected')
    const sum = counted.reduce((all, { amountMinor }) => all + amountMinor, 0)
    if (exceeds(row, counted.length, sum)) return stop(trx, row, now)
    const noticeId = last ? newId() : null
    const change = last
      ? { preparedCursor: shares.at(-1)?.customerId ?? row.preparedCursor, preparedAt: now, noticeId }
      : { preparedCursor: shares.at(-1)!.customerId }
    if (!(await movePrepared(trx, row, change))) return true
    await insertClaims(trx, claims)
    const issued = offer.delivery === 'automatic'
    await countOn(trx, offerId, {
      claimCount: counted.length,
      claimMinor: sum,
      ...(issued ? { issuedCount: counted.length, issuedMinor: sum } : {}),
    })
    if (issued) await giveOut(app, trx, row, counted, now)
    if (noticeId) await beginTelling(trx, row, noticeId, now)
    return true
  })
  crashPoint(app, last ? 'after-prepare' : 'mid-prepare')
  return done
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

async function stop(trx: Trx, offer: Row<'offer'>, now: Instant): Promise<true> {
  const after = { state: 'paused' as const, stateReason: 'drifted', approvedHash: null }
  await saveOffer(trx, offer.id, after)
  await announce(trx, now, { kind: 'offer.paused', incidentId: offer.incidentId })
  await record(trx, now, system, 'offer.paused', offer.id, { before: { state: offer.state }, after })
  return true
}

/** Codes, and what billing is told, for claims that are issued by themselves. */
async function giveOut(app: App, trx: Trx, offer: Row<'offer'>, claims: Row<'claim'>[], now: Instant): Promise<void> {
  const numbers = await externalIds(
    trx,
    claims.map(({ customerId }) => customerId),
  )
  const imported = offer.kind === 'coupon' && (await hasImported(trx, offer.id))
  const rows = []
  for (const claim of claims) {
    const code = offer.kind === 'coupon' ? await codeFor(app, trx, offer.id, claim.id, now, imported) : null
    const externalId = numbers.get(claim.customerId) ?? claim.customerId
    const body = billingBody('claim.issued', now, offer, { ...claim, externalId }, code)
    rows.push({ key: issuedKey(claim.id), claimId: claim.id, offerId: offer.id, body })
  }
  await insertExports(trx, now, rows)
}

async function codeFor(app: App, trx: Trx, offerId: string, claimId: string, now: Instant, imported: boolean) {
  if (imported) {
    const free = await takeFreeCode(trx, offerId, { claimId, assignedAt: now })
    return free ? unsealed(app.config.secretKeys, free.code) : null
  }
  const code = newCode()
  await insertCode(trx, codeRow(app, { offerId, claimId, code, now }))
  return code
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
