import type { App } from '#api/app.ts'
import type { Channel } from '#api/channels/channel.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { packHashed } from '#api/lib/pack.ts'
import { plusMs, secondMs } from '#api/lib/time.ts'
import { endpointsOf } from '#api/subscribers/endpoint-queries.ts'
import { apart } from './aside.ts'
import { insertBatches } from './batch-queries.ts'
import { type ComposedNotice, composedFor } from './composed.ts'
import { crashPoint } from './crash.ts'
import { leftReason } from './expand.ts'
import { endOf } from './expiry.ts'
import { busyAmong } from './merge-queries.ts'
import { messageFor } from './message.ts'
import { endDeliveries, type Place, putInBatches, standingOf, unfrozen } from './queries.ts'
import { nowSinceBorn } from './time-of-day.ts'

/** Rows looked at for one piece of work, of each notice. */
const lookMax = 1_000
/** What is written rests no longer than this before it is sent. */
const longRestMs = 5 * secondMs
/** Robots written to in one transaction. */
const robotsMax = 50
const noticePriority = 1

interface Waiting {
  delivery: Row<'delivery'>
  notice: Row<'notice'>
}

/**
 * Writes the next messages of a channel on which several updates that wait for one address become one message. To an
 * address with a message on its way nothing is written: what is said meanwhile waits, and goes together. True when
 * there was something to write.
 */
export async function freezeMerged(app: App, channel: Channel, notices: Row<'notice'>[]): Promise<boolean> {
  const all: Waiting[] = []
  for (const notice of [...notices].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)))
    for (const delivery of await unfrozen(app.db, notice.id, channel.name, lookMax)) all.push({ delivery, notice })
  if (!all.length) return false
  if (await endOld(app, channel, all)) return true
  const composed = await composedOf(app, new Set(all.map(({ notice }) => notice)))
  // One that cannot be read waits for itself; what the others say goes.
  const waiting = all.filter(({ notice }) => composed.has(notice.id))
  if (!waiting.length) return false
  const ids = [...new Set(waiting.map(({ delivery }) => delivery.subscriberId))]
  const busy = await busyAmong(app.db, channel.name, ids)
  const endpoints = new Map((await endpointsOf(app.db, ids)).map((endpoint) => [endpoint.subscriberId, endpoint]))
  const now = app.now()
  // To one that has had as many as an hour takes nothing is written yet either: it goes together when the hour is over.
  const rests = (id: string) => (endpoints.get(id)?.nextSendAt ?? '') > plusMs(now, longRestMs)
  const free = ids.filter((id) => !busy.has(id) && !rests(id)).slice(0, robotsMax)
  if (!free.length) return false
  const standings = new Map((await standingOf(app.db, free)).map((standing) => [standing.id, standing]))
  const batches: NewRow<'batch'>[] = []
  const places: Place[] = []
  await app.db
    .transaction()
    .execute(async (trx) => {
      for (const subscriberId of free) {
        const mine = waiting.filter(({ delivery }) => delivery.subscriberId === subscriberId)
        const standing = standings.get(subscriberId)
        if (!standing || standing.closedAt || standing.suppressed) {
          const state = standing?.suppressed && !standing.closedAt ? 'suppressed' : 'skipped'
          const reason = (state === 'suppressed' && standing?.suppressed) || leftReason
          await endDeliveries(trx, idsOf(mine), now, { state, reason })
          continue
        }
        const lost = mine.filter(({ notice }) => !composed.get(notice.id))
        if (lost.length)
          await endDeliveries(trx, idsOf(lost), now, { state: 'failed', reason: 'the update is not in the record' })
        // What a person asked for once more shares no message with what goes for the first time.
        const [first, ...others] = mine.filter((one) => !lost.includes(one))
        if (!first) continue
        const together = [first, ...others.filter(({ delivery }) => delivery.askedAt === first.delivery.askedAt)].slice(
          0,
          channel.batchSizeMax,
        )
        const bytes = channel.freeze(
          together.map(({ delivery, notice }) => messageFor(app, composed.get(notice.id)!, delivery, standing)),
        )
        const restUntil = endpoints.get(subscriberId)?.nextSendAt
        const { packed, hash } = packHashed(bytes)
        const batchId = newId()
        batches.push({
          id: batchId,
          noticeId: together.at(-1)!.notice.id,
          channel: channel.name,
          size: together.length,
          bytes: packed,
          bytesHash: hash,
          state: 'ready',
          priority: noticePriority,
          attempts: 0,
          nextAttemptAt: restUntil && restUntil > now ? restUntil : now,
          leaseOwner: null,
          leaseUntil: null,
          createdAt: now,
          finalAt: null,
          askedAt: first.delivery.askedAt,
        })
        places.push(...idsOf(together).map((id, position) => ({ id, batchId, position })))
      }
      await insertBatches(trx, batches)
      // Another worker froze one of them: nothing of this transaction may stand.
      if (!(await putInBatches(trx, places))) throw new MergedElsewhere()
    })
    .catch((error: unknown) => {
      if (!(error instanceof MergedElsewhere)) throw error
    })
  if (batches.length) crashPoint(app, 'after-freeze')
  return true
}

class MergedElsewhere extends Error {}

/** The words of each notice, null where its update is gone; none of those that cannot be read. */
async function composedOf(app: App, notices: Set<Row<'notice'>>): Promise<Map<string, ComposedNotice | null>> {
  const composed = new Map<string, ComposedNotice | null>()
  for (const notice of notices)
    await apart(app, notice.id, async () => {
      composed.set(notice.id, await composedFor(app, notice))
      return false
    })
  return composed
}

const idsOf = (waiting: Waiting[]) => waiting.map(({ delivery }) => delivery.id)

/** Ends what is too old to be sent. True when something was. */
async function endOld(app: App, channel: Channel, waiting: Waiting[]): Promise<boolean> {
  for (const { delivery, notice } of waiting) {
    const overOf = (row: Row<'delivery'>) => endOf(channel, row, notice, nowSinceBorn(app, row, notice))
    const end = overOf(delivery)
    if (!end) continue
    const same = waiting.filter((one) => one.notice.id === notice.id && overOf(one.delivery)?.reason === end.reason)
    await app.db.transaction().execute((trx) => endDeliveries(trx, idsOf(same), app.now(), end))
    crashPoint(app, 'after-end')
    return true
  }
  return false
}
