import type { App } from '#api/app.ts'
import { accountOf, type Channel, type DeliveryFailed, type Receipt, sayable } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { type Instant, plusMs, secondMs } from '#api/lib/time.ts'
import { barAddress } from '#api/subscribers/closing-queries.ts'
import {
  bringForward,
  countTries,
  endAttempt,
  findBatch,
  firstTriedAt,
  hadUnknown,
  markSent,
  moveMembers,
  saveBatch,
  stoppedOutcome,
} from './batch-queries.ts'
import { type EndpointAnswer, noteAnswer } from './endpoints.ts'
import { deadlineOf, tooOld } from './expiry.ts'
import { type Piece, piecesOf, putInPieces } from './hand-over.ts'
import { firstIsUnknown, twiceReason } from './lost-answer.ts'
import { noteReason } from './merge-queries.ts'
import { laneOf, paceOf, silentForMs } from './provider.ts'
import { findChannelState, findNotice, saveChannelState } from './queries.ts'
import { addressWaitsMs, keyEndsAt, outageMs, probeAfterMs, waitAfter } from './retry.ts'
import { nowSinceBorn } from './time-of-day.ts'
import { noteTwice } from './unknown-queries.ts'

const done = { bytes: null, leaseOwner: null, leaseUntil: null } as const
const unsent = ['queued', 'sending'] satisfies Row<'delivery'>['state'][]

/** The batch was answered: each delivery gets its receipt, the bytes go, their hash stays. */
export async function settleSent(app: App, channel: Channel, batch: Row<'batch'>, receipts: Receipt[]): Promise<void> {
  const sent = receipts.filter((receipt) => receipt.state === 'sent')
  const refused = receipts
    .filter((receipt) => receipt.state !== 'sent')
    .map((receipt) => ({ ...receipt, reason: sayable(receipt.reason) }))
  await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    await endAttempt(trx, batch.id, { endedAt: now, outcome: 'sent', detail: null })
    if (batch.blindRetryAt) await noteTwice(trx, sent, twiceReason)
    await markSent(trx, now, sent)
    for (const { deliveryId, note } of sent) if (note) await noteReason(trx, deliveryId, note)
    for (const { deliveryId, state, reason } of refused)
      await trx
        .updateTable('delivery')
        // Of one that was sent once more without knowing, a refusal says nothing of the first.
        .set({ ...(batch.blindRetryAt ? firstIsUnknown(reason) : { state, reason }), updatedAt: now })
        .where('id', '=', deliveryId)
        .where('state', 'in', unsent)
        .execute()
    await saveBatch(trx, batch.id, { ...done, state: 'final', finalAt: now })
    const resumed = await resume(app, trx, channel)
    if (channel.perAddress) await noteAnswer(app, trx, channel, batch.id, answerOf(refused))
    else if (batch.attempts > 1 || resumed) await bringForward(trx, laneOf(channel), now)
    for (const receipt of refused)
      if (receipt.closesAddress) await closeFor(trx, now, receipt.deliveryId, receipt.reason, channel.provider)
  })
  app.log('info', 'batch.sent', { channel: channel.name, batch: batch.id, sent: sent.length, refused: refused.length })
}

/** What receipts tell of an endpoint: that nobody listens there any more, that it took this one not, or that all is well. */
function answerOf(refused: Extract<Receipt, { reason: string }>[]): EndpointAnswer {
  const gone = refused.find(({ disablesAddress }) => disablesAddress)
  const [first = null] = gone ? [gone] : refused
  return first ? { how: gone ? 'gone' : 'failed', reason: first.reason } : { how: 'well' }
}

/** The provider answered as one that takes messages, so it is not stopped or in trouble any more. True when it was for long. */
async function resume(app: App, trx: Trx, channel: Channel): Promise<boolean> {
  const account = accountOf(channel)
  const state = await findChannelState(trx, account)
  if (state?.silentSince) {
    const now = app.now()
    const paced = plusMs(now, Math.ceil(secondMs / paceOf(channel, state.perSecond)))
    const nextSendAt = state.nextSendAt && state.nextSendAt < paced ? state.nextSendAt : paced
    await saveChannelState(trx, account, { silentSince: null, nextSendAt })
    if (!state.stoppedAt) return plusMs(state.silentSince, outageMs) <= now
  }
  if (!state?.stoppedAt) return false
  await saveChannelState(trx, account, { stoppedAt: null, stoppedReason: null, nextSendAt: null })
  app.log('info', 'channel.resumed', { channel: account })
  return true
}

/**
 * A callback tells of a message whose answer was lost, so the provider took it: if that was since it was stopped, it
 * is not any more, and the next probe is not waited for.
 */
export async function resumeByCallback(app: App, trx: Trx, channel: Channel, batchId: string): Promise<void> {
  const stoppedAt = (await findChannelState(trx, accountOf(channel)))?.stoppedAt
  if (!stoppedAt) return
  const batch = await findBatch(trx, batchId)
  const firstAt = await firstTriedAt(trx, batchId)
  if (!firstAt || firstAt <= stoppedAt || (batch?.provider ?? channel.provider) !== channel.provider) return
  if (await resume(app, trx, channel)) await bringForward(trx, laneOf(channel), app.now())
}

/** Nothing goes out by this provider until it takes something again; one batch tries it now and then. */
async function stop(trx: Trx, channel: Channel, now: Instant, reason: string, silentSince: Instant | null) {
  const account = accountOf(channel)
  const stoppedAt = (await findChannelState(trx, account))?.stoppedAt ?? now
  const nextSendAt = plusMs(now, probeAfterMs({ silentSince }))
  await saveChannelState(trx, account, { stoppedAt, stoppedReason: reason, silentSince, nextSendAt })
}

/** Nothing goes out by this provider before this instant; one that is in trouble may have to wait longer. */
async function putOff(trx: Trx, channel: Channel, nextSendAt: Instant): Promise<void> {
  const state = await findChannelState(trx, accountOf(channel))
  if (state?.silentSince && state.nextSendAt && state.nextSendAt > nextSendAt) return
  await saveChannelState(trx, accountOf(channel), { nextSendAt })
}

/**
 * Notes that a provider gave no answer, or only trouble. Returns since when that goes on. One that answers, and has no
 * other to stand in for it, is not stopped any more: it knows us again.
 */
async function noteTrouble(app: App, trx: Trx, channel: Channel, { unanswered }: DeliveryFailed): Promise<Instant> {
  if (!unanswered && !channel.fallback && (await findChannelState(trx, accountOf(channel)))?.stoppedAt)
    await resume(app, trx, channel)
  const since = (await findChannelState(trx, accountOf(channel)))?.silentSince ?? app.now()
  await saveChannelState(trx, accountOf(channel), { silentSince: since })
  return since
}

/** Nothing is sent to the address of this delivery any more, and its subscription is over. */
export async function closeFor(trx: Trx, now: Instant, deliveryId: string, reason: string, source: string) {
  const delivery = await trx
    .selectFrom('delivery')
    .select(['channel', 'address'])
    .where('id', '=', deliveryId)
    .executeTakeFirst()
  if (!delivery) return
  await barAddress(trx, now, { ...delivery, reason, source }, deliveryId)
}

/** The batch was refused or its answer lost: try again later, give up, or hold it as unknown. */
export async function settleFailed(
  app: App,
  channel: Channel,
  batch: Row<'batch'>,
  failure: DeliveryFailed,
): Promise<void> {
  const alone = failure.separable && batch.size > 1 ? apartFrom(app, channel, batch) : null
  const end = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    // Our lease ran out and another worker holds the batch now, or has settled it: its word counts.
    const current = await findBatch(trx, batch.id)
    if (current?.attempts !== batch.attempts) return 'overtaken'
    const outcome = failure.stopsChannel ? stoppedOutcome : failure.outcomeUnknown ? 'unknown' : 'failed'
    await endAttempt(trx, batch.id, { endedAt: now, outcome, detail: failure.reason })
    // A callback was faster than the answer.
    if (current.state !== 'sending') return 'overtaken'
    if (channel.perAddress) await noteAnswer(app, trx, channel, batch.id, { how: 'failed', reason: failure.reason })
    if (failure.stopsChannel) {
      await stop(trx, channel, now, failure.reason, null)
      await again(trx, batch, now, now)
      return 'stopped'
    }
    const trouble = !channel.perAddress && !failure.permanent && (failure.unanswered || failure.outcomeUnknown)
    const silentSince = trouble ? await noteTrouble(app, trx, channel, failure) : now
    const stops = channel.fallback !== undefined && plusMs(silentSince, silentForMs) <= now
    if (stops) await stop(trx, channel, now, `no answer but trouble: ${failure.reason}`, silentSince)
    else if (!trouble && !failure.unanswered) await resume(app, trx, channel)
    const mayBeOut = failure.outcomeUnknown && (failure.permanent || !channel.idempotent)
    if (mayBeOut) return hold(trx, batch, now, failure.reason)
    if (failure.permanent) {
      // An attempt before this one may have been taken: then a refusal now says nothing of that one.
      if (await hadUnknown(trx, batch.id)) return hold(trx, batch, now, failure.reason)
      if (!alone) return giveUp(trx, batch, now, 'failed', failure.reason)
      await putInPieces(trx, now, batch, alone, channel, { reason: 'tried alone: the batch it was in was refused' })
      return 'apart'
    }
    const tries = await countTries(trx, batch.id)
    const waits = channel.waitsMs ?? (channel.perAddress && addressWaitsMs)
    const wait = waitAfter(tries, app.random(), failure.retryAfterSeconds, waits)
    const notice = await findNotice(trx, batch.noticeId)
    const next = plusMs(now, wait ?? 0)
    const keyEnd = keyEndsAt(channel, await firstTriedAt(trx, batch.id))
    const late = plusMs(nowSinceBorn(app, batch, notice), wait ?? 0) >= deadlineOf(channel, batch, notice)
    if (wait === null || late || (keyEnd && next >= keyEnd)) {
      const reason = `gave up after ${tries} attempts: ${failure.reason}`
      return (await hadUnknown(trx, batch.id))
        ? hold(trx, batch, now, reason)
        : giveUp(trx, batch, now, late ? 'expired' : 'failed', late ? `${tooOld}: ${reason}` : reason)
    }
    await again(trx, batch, now, next)
    // The provider said when to come back, and it means everything we send, not this batch alone.
    if (failure.retryAfterSeconds !== undefined && !stops && !channel.perAddress)
      await putOff(trx, channel, plusMs(now, failure.retryAfterSeconds * secondMs))
    return stops ? 'stopped' : 'again'
  })
  app.log(end === 'stopped' ? 'error' : 'warn', end === 'stopped' ? 'channel.stopped' : 'batch.failed', {
    channel: channel.name,
    batch: batch.id,
    attempt: batch.attempts,
    end,
    // Behind the colon stands the provider's own sentence, which may name an address.
    reason: failure.reason.split(':')[0] ?? '',
  })
}

/** Each message of a refused batch by itself; null when the channel cannot take its batches apart. */
function apartFrom(app: App, channel: Channel, batch: Row<'batch'>): Piece[] | null {
  try {
    const pieces = piecesOf(batch, channel)
    return pieces.length === batch.size ? pieces : null
  } catch (error) {
    app.log('error', 'batch.unreadable', { batch: batch.id, name: (error as Error).name })
    return null
  }
}

async function again(trx: Trx, batch: Row<'batch'>, now: Instant, nextAttemptAt: Instant) {
  await saveBatch(trx, batch.id, { state: 'ready', nextAttemptAt, leaseOwner: null, leaseUntil: null })
  await moveMembers(trx, batch.id, ['sending'], { state: 'queued', updatedAt: now })
}

/** It may have been accepted and asking again could double it: a callback tells, or a person looks. The bytes stay. */
async function hold(trx: Trx, batch: Row<'batch'>, now: Instant, reason: string) {
  await saveBatch(trx, batch.id, { state: 'unknown', leaseOwner: null, leaseUntil: null })
  await moveMembers(trx, batch.id, unsent, { state: 'unknown', reason, updatedAt: now })
  return 'unknown'
}

async function giveUp(
  trx: Trx,
  batch: Row<'batch'>,
  now: Instant,
  state: 'failed' | 'expired' | 'skipped',
  reason: string,
) {
  await saveBatch(trx, batch.id, { ...done, state: 'final', finalAt: now })
  await moveMembers(trx, batch.id, unsent, { state, reason, updatedAt: now })
  return state
}

/** Ends a batch that must not be sent any more: unknown when an attempt's answer was lost, else expired or failed. */
export async function endUnsent(
  trx: Trx,
  now: Instant,
  batch: Row<'batch'>,
  reason: string,
  state: 'expired' | 'failed' | 'skipped' = 'expired',
): Promise<void> {
  await endAttempt(trx, batch.id, { endedAt: now, outcome: 'lost', detail: null })
  if (await hadUnknown(trx, batch.id)) await hold(trx, batch, now, reason)
  else await giveUp(trx, batch, now, state, reason)
}

/** Frees what a process that died was sending. Where it is certain that nobody else is at work, nothing waits for the lease to run out. */
export async function dropLease(trx: Trx, batchId: string, now: Instant, idempotent: boolean): Promise<void> {
  const batch = await findBatch(trx, batchId)
  if (batch?.state !== 'sending') return
  await endAttempt(trx, batchId, { endedAt: now, outcome: 'lost', detail: null })
  if (idempotent) await again(trx, batch, now, now)
  else await hold(trx, batch, now, 'the answer was lost')
}

/** Frees a batch whose claim was committed although this program was told otherwise: nothing of it left. */
export async function freeUnsent(trx: Trx, batchId: string, now: Instant): Promise<void> {
  const batch = await findBatch(trx, batchId)
  if (batch?.state !== 'sending') return
  const detail = 'not sent: the record did not confirm the attempt'
  await endAttempt(trx, batchId, { endedAt: now, outcome: 'failed', detail })
  await again(trx, batch, now, now)
}
