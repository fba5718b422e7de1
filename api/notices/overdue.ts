import type { App } from '#api/app.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { crashPoint } from './crash.ts'
import { endOf, tooOld } from './expiry.ts'
import { batchToEnd } from './held-queries.ts'
import type { Live } from './live.ts'
import { endDeliveries, findNotice, openNotices, unfrozen } from './queries.ts'
import { endUnsent } from './settle.ts'
import { earliestNow } from './time-of-day.ts'

/** Deliveries ended in one transaction: on SQLite it holds the lock for about 10 ms. */
const endMax = 250

// What waits and must not be sent any more is ended because it is too old, or because a person ended its notice. So the
// rows say so as soon as it is certain, also where nothing would have been tried, on a channel that is off or stopped and
// while a notice is held.

type Channel = App['channels'][number]

/** Whether a batch of a channel may be among these that is not to be sent any more. */
export const isOverdue = (channel: Channel, live: Live[], now: Instant): boolean =>
  live.some(
    (batches) =>
      batches.channel === channel.name &&
      (batches.ended === 1 ||
        (batches.bornAt !== null && plusMs(batches.bornAt, channel.expiresAfterMs) <= now) ||
        (batches.expiresAt !== null && batches.expiresAt <= now) ||
        (batches.leaseUntil !== null && batches.leaseUntil <= now)),
  )

/** Ends one batch that waits and must not be sent any more. True when there was one. */
export async function endBatches(app: App): Promise<boolean> {
  for (const channel of app.channels) if (await endBatch(app, channel)) return true
  return false
}

async function endBatch(app: App, channel: Channel): Promise<boolean> {
  // Nothing is too old only because somebody set the clock.
  const certain = earliestNow(app)
  const before = plusMs(certain, -channel.expiresAfterMs)
  // A look without a lock.
  if (!(await batchToEnd(app.db, channel.name, before, certain))) return false
  const ended = await app.db.transaction().execute(async (trx) => {
    const batch = await batchToEnd(trx, channel.name, before, certain)
    if (!batch) return false
    const end = endOf(channel, batch, await findNotice(trx, batch.noticeId), certain)
    await endUnsent(trx, app.now(), batch, end?.reason ?? tooOld, end?.state)
    return true
  })
  if (ended) crashPoint(app, 'after-end')
  return ended
}

/** Ends the next deliveries that wait for a batch and must not be sent any more. True when there were some. */
export async function endWaiting(app: App): Promise<boolean> {
  const certain = earliestNow(app)
  for (const notice of await openNotices(app.db)) {
    for (const channel of app.channels) {
      if (!endOf(channel, { askedAt: null, createdAt: notice.createdAt }, notice, certain)) continue
      const waiting = await unfrozen(app.db, notice.id, channel.name, endMax)
      for (const { askedAt, createdAt } of waiting.slice(0, 1)) {
        const end = endOf(channel, { askedAt, createdAt }, notice, certain)
        if (!end) continue
        const ids = waiting.filter((row) => row.askedAt === askedAt).map(({ id }) => id)
        await app.db.transaction().execute((trx) => endDeliveries(trx, ids, app.now(), end))
        crashPoint(app, 'after-end')
        return true
      }
    }
  }
  return false
}
