import type { App } from '#api/app.ts'
import { accountOf, type Channel, type ReceiptEvent } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { unpack } from '#api/lib/pack.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { findBatch, membersOf, moveMembers, saveBatch } from './batch-queries.ts'
import { crashPoint } from './crash.ts'
import { deadlineOf } from './expiry.ts'
import { afterLook, firstLookAfterMs, foundReason, lookAgainAt, retryReason } from './lost-answer.ts'
import { outdatedReason } from './outdated.ts'
import { findNotice, holdChannelState, standingOf } from './queries.ts'
import { fold } from './receipts.ts'
import { keyOf } from './send.ts'
import { doubtfulAttempts, lookWanted, ownedByOthers, queueOnceMore, takeDue, unplanned } from './unknown-queries.ts'

/** Batches that are looked up at once. */
const looksAtOnce = 8
/** Batches for which a look is planned in one transaction. */
const planMax = 50

/**
 * One bounded piece of finding out what became of messages whose answer was lost, on channels that can be asked: plans
 * looks, or asks the provider about a few that are due, outside any transaction, and writes down what it said. What
 * nobody finds is sent once more at the most, and the row says so. True when something was done.
 */
export async function lookUpUnknown(app: App): Promise<boolean> {
  for (const channel of app.channels) {
    if (channel.offReason || !channel.lookUp) continue
    const now = app.now()
    const wanted = await lookWanted(app.db, channel.name, now)
    if (wanted === 'plan') return planLooks(app, channel)
    if (wanted === null) continue
    const due = await app.db
      .transaction()
      .execute((trx) => takeDue(trx, channel.name, { now, next: lookAgainAt(now), limit: looksAtOnce }))
    const asked = await Promise.all(due.map((batch) => ask(app, channel, batch)))
    for (const [place, events] of asked.entries()) await settleLook(app, channel, due[place]!, events)
    if (due.length) return true
  }
  return false
}

async function planLooks(app: App, channel: Channel): Promise<true> {
  const batches = await unplanned(app.db, channel.name, planMax)
  await app.db.transaction().execute(async (trx) => {
    for (const batch of batches) {
      const attemptAt = (await doubtfulAttempts(trx, batch.id)).at(-1) ?? app.now()
      await saveBatch(trx, batch.id, { nextLookAt: plusMs(attemptAt, firstLookAfterMs) })
    }
  })
  return true
}

/** What the provider knows of a batch; null when it could not be asked. */
async function ask(app: App, channel: Channel, batch: Row<'batch'>): Promise<ReceiptEvent[] | null> {
  const [since] = await doubtfulAttempts(app.db, batch.id)
  if (!since || batch.bytes === null) return []
  const deliveryIds = (await membersOf(app.db, batch.id)).map(({ id }) => id)
  try {
    return await channel.lookUp!({ id: batch.id, key: keyOf(batch), bytes: unpack(batch.bytes), deliveryIds }, since)
  } catch (error) {
    // What was stored is torn: nobody can be asked about this one, and all others are.
    app.log('error', 'batch.unreadable', { channel: channel.name, batch: batch.id, name: (error as Error).name })
    return null
  }
}

async function settleLook(
  app: App,
  channel: Channel,
  { id }: Row<'batch'>,
  events: ReceiptEvent[] | null,
): Promise<void> {
  const end = await app.db.transaction().execute(async (trx) => {
    // Held so that two workers do not give one message to two deliveries.
    await holdChannelState(trx, accountOf(channel))
    const attempts = await doubtfulAttempts(trx, id)
    for (const event of await unowned(trx, channel, events ?? [], attempts.length))
      await fold(app, trx, channel, { ...event, reason: event.reason ?? foundReason })
    const batch = await findBatch(trx, id)
    if (batch?.state !== 'unknown') return 'found'
    return decide(app, trx, channel, batch, { answered: events !== null, attemptAt: attempts.at(-1) })
  })
  crashPoint(app, 'after-look')
  app.log(end === 'end' ? 'error' : 'info', 'batch.lookedUp', { channel: channel.name, batch: id, end })
}

/** The messages that are no other delivery's, the oldest first, and no more than may have been taken. */
async function unowned(trx: Trx, channel: Channel, events: ReceiptEvent[], limit: number): Promise<ReceiptEvent[]> {
  const ids = events.flatMap(({ providerId }) => providerId ?? [])
  const own = events.flatMap(({ deliveryId }) => deliveryId ?? [])
  const owned = await ownedByOthers(trx, channel.name, own, ids)
  return events.filter(({ providerId }) => providerId && !owned.has(providerId)).slice(0, limit)
}

async function decide(
  app: App,
  trx: Trx,
  channel: Channel,
  batch: Row<'batch'>,
  look: { answered: boolean; attemptAt: Instant | undefined },
): Promise<'look' | 'retry' | 'end'> {
  const now = app.now()
  const notice = await findNotice(trx, batch.noticeId)
  const members = await membersOf(trx, batch.id)
  const next = afterLook({
    now,
    attemptAt: look.attemptAt ?? batch.createdAt,
    deadline: deadlineOf(channel, batch, notice),
    answered: look.answered,
    retried: batch.blindRetryAt !== null || members.some(({ possibleDuplicate }) => possibleDuplicate === 1),
    barred: await barredBy(trx, batch, notice, members),
  })
  if (next.step === 'look') await saveBatch(trx, batch.id, { nextLookAt: next.at })
  if (next.step === 'end') {
    await saveBatch(trx, batch.id, { nextLookAt: null, lookEndedAt: now })
    await moveMembers(trx, batch.id, ['unknown'], { reason: next.reason, updatedAt: now })
  }
  if (next.step === 'retry') {
    await saveBatch(trx, batch.id, { state: 'ready', nextAttemptAt: now, nextLookAt: null, blindRetryAt: now })
    await queueOnceMore(trx, batch.id, now, retryReason(members[0]?.reason ?? null))
  }
  return next.step
}

/** Why none of a batch may be sent once more; a batch of which one has announced itself is never sent again. */
async function barredBy(
  trx: Trx,
  batch: Row<'batch'>,
  notice: Row<'notice'> | undefined,
  members: Row<'delivery'>[],
): Promise<string | null> {
  if (members.some(({ state }) => state !== 'unknown')) return 'part of its request was taken'
  if (notice?.heldAt) return notice.heldReason ?? 'its notice is held'
  if (notice?.endedAt) return notice.endedReason ?? 'its notice was ended'
  const outdated = await outdatedReason(trx, batch, notice)
  if (outdated) return outdated
  const standings = await standingOf(
    trx,
    members.map(({ subscriberId }) => subscriberId),
  )
  for (const { subscriberId } of members) {
    const standing = standings.find(({ id }) => id === subscriberId)
    if (!standing || standing.closedAt) return 'whoever has this address has left'
    if (standing.suppressed) return standing.suppressed
  }
  return null
}
