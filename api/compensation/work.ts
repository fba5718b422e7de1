import type { App } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import { inTurn } from '#api/db/presence.ts'
import { newId } from '#api/lib/ids.ts'
import { crashPoint } from '#api/notices/crash.ts'
import { saveNotice } from '#api/notices/held-queries.ts'
import { announce } from '#api/outbox/outbox.ts'
import { countOn, expireClaims, lapsedIssued, lapsedOpen } from './claim-queries.ts'
import { holdOffer, saveOffer } from './offer-queries.ts'
import { prepareNext } from './prepare.ts'
import { keepYoung, workToDo } from './work-queries.ts'

/** Claims ended in one transaction: on SQLite it holds the lock for a few milliseconds. */
const lapseMax = 250

/**
 * One bounded piece of work about offers: customers who fit are written down as claims, the last day ends an offer, what
 * was not used in time expires. True when something was done; when there is nothing, that costs one statement.
 */
export async function workOnOffers(app: App): Promise<boolean> {
  const todo = await workToDo(app.db, app.now())
  if (!Object.values(todo).some((id) => id !== null)) return false
  return inTurn(
    app.db,
    'offers',
    async () =>
      (todo.toKeep !== null && (await stayYoung(app, todo.toKeep))) ||
      (todo.toEnd !== null && (await endOffer(app, todo.toEnd))) ||
      (todo.toPrepare !== null && (await prepareNext(app, todo.toPrepare))) ||
      (todo.toLapse !== null && (await lapse(app))),
  )
}

async function stayYoung(app: App, noticeId: string): Promise<true> {
  await keepYoung(app.db, noticeId, app.now())
  return true
}

/** The last day is over: what nobody took has expired, and after the last of it the offer is closed. */
async function endOffer(app: App, offerId: string): Promise<boolean> {
  const ended = await app.db.transaction().execute(async (trx) => {
    const offer = await holdOffer(trx, offerId)
    const now = app.now()
    if (!offer || offer.claimUntil > now || (offer.state !== 'live' && offer.state !== 'paused')) return false
    const lapsed = await lapsedOpen(trx, offerId, lapseMax)
    if (lapsed.length) {
      await expireClaims(
        trx,
        lapsed.map(({ id }) => id),
        now,
      )
      await countOn(trx, offerId, {
        expiredCount: lapsed.length,
        expiredMinor: lapsed.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      })
      return true
    }
    const after = { state: 'closed' as const, closedAt: now, closedBy: system.id, stateReason: null }
    await saveOffer(trx, offerId, after)
    if (offer.noticeId) {
      const end = { heldAt: null, heldReason: null, endedAt: now, endedReason: 'the offer is over', frozenAt: null }
      await saveNotice(trx, offer.noticeId, end)
    }
    await announce(trx, now, { kind: 'offer.closed', incidentId: offer.incidentId })
    await record(trx, now, system, 'offer.closed', offerId, { before: { state: offer.state }, after })
    return true
  })
  if (ended) crashPoint(app, 'after-offer-end')
  return ended
}

/** What was issued and not used in time: the company keeps it. */
async function lapse(app: App): Promise<boolean> {
  return app.db.transaction().execute(async (trx) => {
    const now = app.now()
    const lapsed = await lapsedIssued(trx, now, lapseMax)
    if (!lapsed.length) return false
    await expireClaims(
      trx,
      lapsed.map(({ id }) => id),
      now,
    )
    for (const offerId of new Set(lapsed.map((claim) => claim.offerId))) {
      const own = lapsed.filter((claim) => claim.offerId === offerId)
      await countOn(trx, offerId, {
        expiredCount: own.length,
        expiredMinor: own.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      })
    }
    await record(trx, now, system, 'claims.expired', newId(), { after: { claims: lapsed.length } })
    return true
  })
}
