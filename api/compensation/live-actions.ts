import type { App } from '#api/app.ts'
import { type Action, type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { holdNotice, saveNotice } from '#api/notices/held-queries.ts'
import { announce } from '#api/outbox/outbox.ts'
import { weigh } from './approval-actions.ts'
import { countCodes } from './code-queries.ts'
import { moveOffer, type OfferMove } from './offer.ts'
import { holdOffer, saveOffer, voidApprovals } from './offer-queries.ts'

const drifted =
  'Who fits, or what it comes to, is not what was approved any more: the list or the registry has changed. Ask for its approval again.'

/**
 * Opens an approved offer: from now on the page announces it, customers are told and may claim. What goes live is
 * exactly what was approved: when the customers who fit or the sum have changed since, the approval is void. Throws
 * `conflict`, also when imported codes are too few for what is given by itself, and `invalid` while the company's postal address is missing, which the law asks for in such mails.
 */
export async function goLive(app: App, actor: Actor, id: string): Promise<void> {
  const { hash } = await weigh(app, id)
  const outcome = await app.db.transaction().execute(async (trx) => {
    const before = await held(trx, id)
    const state = moveOffer(before.state, 'goLive')
    const now = app.now()
    if (before.claimUntil <= now) {
      const sentence = 'The last moment to claim has passed.'
      throw invalid(sentence, { claimUntil: sentence })
    }
    if (!app.site.postalAddress)
      throw invalid(
        'Write the company’s postal address into content/site.yaml (postalAddress): a mail with an offer must name it.',
      )
    if (!before.liveAt && before.delivery === 'automatic') await checkCodes(trx, before)
    // An offer that has been told of keeps its customers; only its words and its money were changed.
    if (before.approvedHash !== hash && !before.liveAt) {
      await voidApprovals(trx, id, now)
      await saveOffer(trx, id, { state: 'draft', approvedHash: null, requestedHash: null, stateReason: 'drifted' })
      await record(trx, now, actor, 'offer.voided', id, { before, after: { reason: drifted } })
      return 'drifted'
    }
    const after = {
      state,
      liveAt: before.liveAt ?? now,
      liveBy: actor.id,
      liveVersion: before.termsVersion,
      stateReason: null,
    }
    await saveOffer(trx, id, after)
    await letGoOn(trx, before, now)
    await announce(trx, now, { kind: 'offer.live', incidentId: before.incidentId })
    await record(trx, now, actor, 'offer.opened', id, { before, after })
    return 'live'
  })
  if (outcome === 'drifted') throw conflict(drifted)
  app.wake()
}

/** What comes by itself comes with its code: an imported list that is too short is completed first. */
async function checkCodes(trx: Trx, offer: Row<'offer'>): Promise<void> {
  const imported = (await countCodes(trx, offer.id)).filter(({ source }) => source === 'imported')
  const free = imported.reduce((sum, { state, count }) => sum + (state === 'free' ? count : 0), 0)
  if (imported.length && free < (offer.eligibleCount ?? 0))
    throw conflict(
      `This offer gives ${offer.eligibleCount} customers a code by itself, and ${free} imported codes are free. Import the others first.`,
    )
}

/** Stops an offer for a while: nobody can claim, nobody more is told, the page does not show it. */
export const pauseOffer = (app: App, actor: Actor, id: string, reason: string): Promise<void> =>
  move(app, actor, id, 'pause', 'offer.paused', async (trx, before, now) => {
    if (before.noticeId) await holdNotice(trx, before.noticeId, { heldAt: now, heldReason: 'the offer is paused' })
    return { stateReason: reason }
  })

/** Lets a paused offer go on, unless it was changed meanwhile: then it must be approved first. */
export const resumeOffer = (app: App, actor: Actor, id: string): Promise<void> =>
  move(app, actor, id, 'resume', 'offer.resumed', async (trx, before, now) => {
    if (!before.approvedHash)
      throw conflict('This offer was changed since it was approved. Ask for its approval again.')
    await letGoOn(trx, before, now)
    return { stateReason: null }
  })

/** Ends an offer before its time: nobody can claim any more, what was issued stays. */
export const closeOffer = (app: App, actor: Actor, id: string, reason: string): Promise<void> =>
  move(app, actor, id, 'close', 'offer.closed', async (trx, before, now) => {
    await endAnnouncement(trx, before, now)
    return { stateReason: reason, closedAt: now, closedBy: actor.id }
  })

/** Takes an offer back for good. What customers have taken is theirs, unless somebody revokes it claim by claim. */
export const cancelOffer = (app: App, actor: Actor, id: string, reason: string): Promise<void> =>
  move(app, actor, id, 'cancel', 'offer.cancelled', async (trx, before, now) => {
    await endAnnouncement(trx, before, now)
    await voidApprovals(trx, id, now)
    return { stateReason: reason, closedAt: now, closedBy: actor.id, approvedHash: null }
  })

async function move(
  app: App,
  actor: Actor,
  id: string,
  verb: OfferMove,
  action: Action,
  more: (trx: Trx, before: Row<'offer'>, now: string) => Promise<Partial<Row<'offer'>>>,
): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const before = await held(trx, id)
    const state = moveOffer(before.state, verb)
    const now = app.now()
    const after = { state, ...(await more(trx, before, now)) }
    await saveOffer(trx, id, after)
    if (before.liveAt) await announce(trx, now, { kind: action, incidentId: before.incidentId })
    await record(trx, now, actor, action, id, { before, after })
  })
  app.wake()
}

async function held(trx: Trx, id: string): Promise<Row<'offer'>> {
  const offer = await holdOffer(trx, id)
  if (!offer) throw notFound('This offer')
  return offer
}

/** Its announcement goes on where it stopped, and is as young as it was. */
async function letGoOn(trx: Trx, offer: Row<'offer'>, now: string): Promise<void> {
  if (!offer.noticeId) return
  const change = { heldAt: null, heldReason: null, dueAt: now, expiresAt: offer.claimUntil }
  await saveNotice(trx, offer.noticeId, change)
}

async function endAnnouncement(trx: Trx, offer: Row<'offer'>, now: string): Promise<void> {
  if (!offer.noticeId) return
  const change = { heldAt: null, heldReason: null, endedAt: now, endedReason: 'the offer is over', frozenAt: null }
  await saveNotice(trx, offer.noticeId, change)
}
