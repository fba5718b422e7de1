import type { App } from '#api/app.ts'
import type { Channel, DeliveryFailed, Receipt } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { barAddress } from '#api/subscribers/closing-queries.ts'
import { bornAt } from './again.ts'
import {
  bringForward,
  countTries,
  endAttempt,
  findBatch,
  hadUnknown,
  markSent,
  moveMembers,
  saveBatch,
  stoppedOutcome,
} from './batch-queries.ts'
import { findChannelState, findNotice, saveChannelState } from './queries.ts'
import { probeEveryMs, waitAfter } from './retry.ts'

const done = { bytes: null, leaseOwner: null, leaseUntil: null } as const
const unsent = ['queued', 'sending'] satisfies Row<'delivery'>['state'][]

/** The batch was answered: each delivery gets its receipt, the bytes go, their hash stays. */
export async function settleSent(app: App, channel: Channel, batch: Row<'batch'>, receipts: Receipt[]): Promise<void> {
  const sent = receipts.filter((receipt) => receipt.state === 'sent')
  const refused = receipts.filter((receipt) => receipt.state !== 'sent')
  await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    await endAttempt(trx, batch.id, { endedAt: now, outcome: 'sent', detail: null })
    await markSent(trx, now, sent)
    for (const { deliveryId, state, reason } of refused)
      await trx
        .updateTable('delivery')
        .set({ state, reason, updatedAt: now })
        .where('id', '=', deliveryId)
        .where('state', 'in', unsent)
        .execute()
    await saveBatch(trx, batch.id, { ...done, state: 'final', finalAt: now })
    const resumed = await resume(app, trx, channel.name)
    if (batch.attempts > 1 || resumed) await bringForward(trx, channel.name, now)
    for (const receipt of refused)
      if (receipt.closesAddress) await closeFor(trx, now, receipt.deliveryId, receipt.reason, channel.provider)
  })
  app.log('info', 'batch.sent', { channel: channel.name, batch: batch.id, sent: sent.length, refused: refused.length })
}

/** The provider answered as one that takes messages, so the channel is not stopped any more. True when it was. */
async function resume(app: App, trx: Trx, channel: string): Promise<boolean> {
  const state = await findChannelState(trx, channel)
  if (!state?.stoppedAt) return false
  await saveChannelState(trx, channel, { stoppedAt: null, stoppedReason: null, nextSendAt: null })
  app.log('info', 'channel.resumed', { channel })
  return true
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
  const end = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    // Our lease ran out and another worker holds the batch now, or has settled it: its word counts.
    const current = await findBatch(trx, batch.id)
    if (current?.state !== 'sending' || current.attempts !== batch.attempts) return 'overtaken'
    const outcome = failure.stopsChannel ? stoppedOutcome : failure.outcomeUnknown ? 'unknown' : 'failed'
    await endAttempt(trx, batch.id, { endedAt: now, outcome, detail: failure.reason })
    if (failure.stopsChannel) {
      await saveChannelState(trx, channel.name, {
        stoppedAt: now,
        stoppedReason: failure.reason,
        nextSendAt: plusMs(now, probeEveryMs),
      })
      await again(trx, batch, now, now)
      return 'stopped'
    }
    if (!failure.unanswered) await resume(app, trx, channel.name)
    const mayBeOut = failure.outcomeUnknown && (failure.permanent || !channel.idempotent)
    if (mayBeOut) return hold(trx, batch, now, failure.reason)
    if (failure.permanent) return giveUp(trx, batch, now, 'failed', failure.reason)
    const tries = await countTries(trx, batch.id)
    const wait = waitAfter(tries, app.random(), failure.retryAfterSeconds)
    const notice = await findNotice(trx, batch.noticeId)
    const deadline = plusMs(bornAt(batch, notice), channel.expiresAfterMs)
    if (wait === null || plusMs(now, wait) >= deadline) {
      const reason = `gave up after ${tries} attempts: ${failure.reason}`
      return (await hadUnknown(trx, batch.id))
        ? hold(trx, batch, now, reason)
        : giveUp(trx, batch, now, 'failed', reason)
    }
    await again(trx, batch, now, plusMs(now, wait))
    // The provider said when to come back, and it means everything we send, not this batch alone.
    if (failure.retryAfterSeconds !== undefined)
      await saveChannelState(trx, channel.name, { nextSendAt: plusMs(now, failure.retryAfterSeconds * 1_000) })
    return 'again'
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

async function giveUp(trx: Trx, batch: Row<'batch'>, now: Instant, state: 'failed' | 'expired', reason: string) {
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
  state: 'expired' | 'failed' = 'expired',
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
