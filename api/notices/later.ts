import type { App } from '#api/app.ts'
import type { Channel, ReceiptEvent } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { type Instant, plusMs, secondMs } from '#api/lib/time.ts'
import { findBatch } from './batch-queries.ts'
import { crashPoint } from './crash.ts'
import { deadlineOf } from './expiry.ts'
import { dueAgain, endedAlikeInARow, tryAnew } from './later-queries.ts'
import { findNotice } from './queries.ts'
import { closeFor } from './settle.ts'

/** Deliveries taken up in one transaction. */
const takeMax = 50
/** Notices in a row that reach nobody at an address, after which it is closed. */
const unreachableMax = 3

type Later = Pick<Row<'delivery'>, 'state' | 'reason' | 'againAt' | 'resends'>

/**
 * What a row says whose message did not arrive and is tried again; null when it is not: it was tried often enough, the
 * next try would come too late, or it tells of no update and whoever waits for it can ask for another.
 */
export async function laterOf(
  trx: Trx,
  now: Instant,
  channel: Channel,
  delivery: Row<'delivery'>,
  { again, reason }: ReceiptEvent,
): Promise<Later | null> {
  if (!again || delivery.resends >= again.times || !delivery.batchId) return null
  const notice = await findNotice(trx, delivery.noticeId)
  const batch = await findBatch(trx, delivery.batchId)
  const againAt = plusMs(now, again.afterSeconds * secondMs)
  if (!batch || !notice?.updateId || againAt >= deadlineOf(channel, batch, notice)) return null
  const waits = `${reason}; tried again ${again.afterSeconds} seconds later`
  return { state: 'delayed', reason: waits, againAt, resends: delivery.resends + 1 }
}

/** Nobody was reached again: closes the address when that has gone on for several notices. */
export async function countUnreachable(
  trx: Trx,
  now: Instant,
  channel: Channel,
  delivery: Row<'delivery'>,
  reason: string,
): Promise<void> {
  if (await endedAlikeInARow(trx, delivery, reason, unreachableMax))
    await closeFor(trx, now, delivery.id, `${reason}, ${unreachableMax} notices in a row`, channel.provider)
}

/** Takes up what a network did not deliver and whose next try has come: it waits for a batch again. True when there was something. */
export async function takeUpAgain(app: App): Promise<boolean> {
  const now = app.now()
  const due = await dueAgain(app.db, now, takeMax)
  if (!due.length) return false
  await app.db.transaction().execute(async (trx) => {
    for (const delivery of due) await tryAnew(trx, now, delivery)
  })
  crashPoint(app, 'after-again')
  return true
}
