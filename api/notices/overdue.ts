import type { App } from '#api/app.ts'
import { plusMs } from '#api/lib/time.ts'
import { crashPoint } from './crash.ts'
import { endOf, tooOld } from './expiry.ts'
import { batchToEnd } from './held-queries.ts'
import { endDeliveries, findNotice, openNotices, unfrozen } from './queries.ts'
import { endUnsent } from './settle.ts'

/** Deliveries ended in one transaction: on SQLite it holds the lock for about 10 ms. */
const endMax = 250

/**
 * Ends what waits and must not be sent any more: it is too old, or a person ended its notice. So the rows say so as soon
 * as it is certain, also where nothing would have been tried, on a channel that is off or stopped and while a notice is
 * held. True when something ended.
 */
export async function endOverdue(app: App): Promise<boolean> {
  for (const channel of app.channels)
    if ((await endBatch(app, channel)) || (await endWaiting(app, channel))) return true
  return false
}

type Channel = App['channels'][number]

async function endBatch(app: App, channel: Channel): Promise<boolean> {
  const now = app.now()
  const before = plusMs(now, -channel.expiresAfterMs)
  // A look without a lock: this is asked whenever nothing else is to be done.
  if (!(await batchToEnd(app.db, channel.name, before, now))) return false
  const ended = await app.db.transaction().execute(async (trx) => {
    const batch = await batchToEnd(trx, channel.name, before, now)
    if (!batch) return false
    const end = endOf(channel, batch, await findNotice(trx, batch.noticeId), now)
    await endUnsent(trx, now, batch, end?.reason ?? tooOld, end?.state)
    return true
  })
  if (ended) crashPoint(app, 'after-end')
  return ended
}

async function endWaiting(app: App, channel: Channel): Promise<boolean> {
  const now = app.now()
  for (const notice of await openNotices(app.db)) {
    if (!endOf(channel, { askedAt: null, createdAt: notice.createdAt }, notice, now)) continue
    const waiting = await unfrozen(app.db, notice.id, channel.name, endMax)
    for (const { askedAt, createdAt } of waiting.slice(0, 1)) {
      const end = endOf(channel, { askedAt, createdAt }, notice, now)
      if (!end) continue
      const ids = waiting.filter((row) => row.askedAt === askedAt).map(({ id }) => id)
      await app.db.transaction().execute((trx) => endDeliveries(trx, ids, now, end))
      crashPoint(app, 'after-end')
      return true
    }
  }
  return false
}
