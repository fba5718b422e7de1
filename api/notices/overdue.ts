import type { App } from '#api/app.ts'
import { plusMs } from '#api/lib/time.ts'
import { overdueBatch } from './batch-queries.ts'
import { crashPoint } from './crash.ts'
import { endDeliveries, openNotices, unfrozen } from './queries.ts'
import { endUnsent } from './settle.ts'

/** Deliveries ended in one transaction, at the most. */
const endMax = 100

/**
 * Ends what waits on a channel that is switched off, once it is too old to be sent even if the channel came back: the
 * rows say so instead of waiting for ever. True when something ended.
 */
export async function endOverdue(app: App): Promise<boolean> {
  for (const channel of app.channels) {
    if (!channel.offReason) continue
    const now = app.now()
    const before = plusMs(now, -channel.expiresAfterMs)
    const reason = `too old to be sent: ${channel.offReason}`
    const ended = await app.db.transaction().execute(async (trx) => {
      const batch = await overdueBatch(trx, channel.name, before, now)
      if (batch) await endUnsent(trx, now, batch, reason)
      return batch !== undefined
    })
    if (ended) {
      crashPoint(app, 'after-end')
      return true
    }
    for (const notice of await openNotices(app.db)) {
      if (notice.createdAt > before) continue
      const ids = (await unfrozen(app.db, notice.id, channel.name, endMax)).map(({ id }) => id)
      if (!ids.length) continue
      await app.db.transaction().execute((trx) => endDeliveries(trx, ids, now, { state: 'expired', reason }))
      crashPoint(app, 'after-end')
      return true
    }
  }
  return false
}
