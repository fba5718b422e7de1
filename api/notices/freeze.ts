import type { App } from '#api/app.ts'
import type { Channel, Message } from '#api/channels/channel.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { hashText, pack } from '#api/lib/pack.ts'
import { toMs } from '#api/lib/time.ts'
import { preferencesUrl, unsubscribeUrl } from '#api/subscribers/links.ts'
import { apart } from './aside.ts'
import { type Composed, composedFor } from './composed.ts'
import { crashPoint } from './crash.ts'
import { leftReason } from './expand.ts'
import {
  closeNotice,
  countReady,
  endDeliveries,
  insertBatch,
  openNotices,
  putInBatch,
  type Standing,
  standingOf,
  unfrozen,
} from './queries.ts'
import { forReader, mailHeaders } from './update-mail.ts'

/** Batches of one channel that are written ahead of their sending: this many before more recipients are looked for, and at the most. */
export const readyAhead = { least: 4, most: 8 } as const
/** Deliveries frozen in one transaction, at the most. */
const freezeMax = 100
/** A notice to many goes after every message that one person waits for. */
const noticePriority = 1

/** Writes the next batches of a channel that has fewer than `ahead` ready. True when there was something to write. */
export async function freezeNext(app: App, ahead: number = readyAhead.most): Promise<boolean> {
  const notices = await openNotices(app.db)
  if (!notices.length) return false
  for (const channel of app.channels) {
    if (channel.offReason) continue
    const room = ahead - (await countReady(app.db, channel.name))
    if (room <= 0) continue
    for (const notice of notices) {
      const limit = Math.min(room * channel.batchSizeMax, freezeMax)
      if (await apart(app, notice.id, () => freezeSome(app, channel, notice, limit))) return true
    }
  }
  return closeFrozen(app, notices)
}

/** Closes notices of which nothing waits for a batch any more. */
async function closeFrozen(app: App, notices: Row<'notice'>[]): Promise<boolean> {
  for (const notice of notices) {
    if (!notice.expandedAt) continue
    const waiting = await Promise.all(app.channels.map(({ name }) => unfrozen(app.db, notice.id, name, 1)))
    if (waiting.some(({ length }) => length)) continue
    await closeNotice(app.db, notice.id, app.now())
    crashPoint(app, 'after-close')
    return true
  }
  return false
}

async function freezeSome(app: App, channel: Channel, notice: Row<'notice'>, limit: number): Promise<boolean> {
  const waiting = await unfrozen(app.db, notice.id, channel.name, limit)
  if (!waiting.length) return false
  // What a person asked for once more counts its age from then, and shares no batch with the notice's own.
  const askedAt = waiting[0]!.askedAt
  const deliveries = waiting.filter((delivery) => delivery.askedAt === askedAt)
  const late = toMs(app.now()) - toMs(askedAt ?? notice.createdAt) > channel.expiresAfterMs
  const composed = late ? null : await composedFor(app, notice)
  if (!composed) {
    const end = late
      ? ({ state: 'expired', reason: 'too old to be sent' } as const)
      : ({ state: 'failed', reason: 'the update is not in the record' } as const)
    const ids = deliveries.map(({ id }) => id)
    await app.db.transaction().execute((trx) => endDeliveries(trx, ids, app.now(), end))
    crashPoint(app, 'after-end')
    return true
  }
  const subscriberIds = deliveries.map(({ subscriberId }) => subscriberId)
  const standings = byId(await standingOf(app.db, subscriberIds))
  const going = deliveries.filter((delivery) => mayGo(standings.get(delivery.subscriberId)))
  const batches = chunk(going, channel.batchSizeMax).map((members) => {
    const bytes = channel.freeze(
      members.map((delivery) => messageFor(app, composed, delivery, standings.get(delivery.subscriberId)!)),
    )
    return { id: newId(), members, packed: pack(bytes), hash: hashText(bytes) }
  })
  const frozen = await app.db
    .transaction()
    .execute(async (trx) => {
      const now = app.now()
      // Who leaves while the mails are written is not in a batch that then stands: it is made again without them.
      const again = byId(await standingOf(trx, subscriberIds))
      if (going.some(({ subscriberId }) => !mayGo(again.get(subscriberId)))) return false
      for (const delivery of deliveries) {
        const standing = again.get(delivery.subscriberId)
        if (mayGo(standing)) continue
        const end =
          standing?.suppressed && !standing.closedAt
            ? ({ state: 'suppressed', reason: standing.suppressed } as const)
            : ({ state: 'skipped', reason: leftReason } as const)
        await endDeliveries(trx, [delivery.id], now, end)
      }
      for (const { id, members, packed, hash } of batches) {
        await insertBatch(trx, {
          id,
          noticeId: notice.id,
          channel: channel.name,
          size: members.length,
          bytes: packed,
          bytesHash: hash,
          state: 'ready',
          priority: noticePriority,
          attempts: 0,
          nextAttemptAt: now,
          leaseOwner: null,
          leaseUntil: null,
          createdAt: now,
          finalAt: null,
          askedAt,
        })
        const ids = members.map((delivery) => delivery.id)
        // Another worker froze one of them: nothing of this transaction may stand.
        if (!(await putInBatch(trx, id, ids))) throw new FrozenElsewhere()
      }
      return true
    })
    .catch((error: unknown) => {
      if (error instanceof FrozenElsewhere) return false
      throw error
    })
  if (frozen && batches.length) crashPoint(app, 'after-freeze')
  return true
}

class FrozenElsewhere extends Error {}

const byId = (standings: Standing[]) => new Map(standings.map((standing) => [standing.id, standing]))
const mayGo = (standing: Standing | undefined) => standing !== undefined && !standing.closedAt && !standing.suppressed

function chunk<T>(all: T[], size: number): T[][] {
  const chunks: T[][] = []
  for (let from = 0; from < all.length; from += size) chunks.push(all.slice(from, from + size))
  return chunks
}

function messageFor(app: App, composed: Composed, delivery: Row<'delivery'>, standing: Standing): Message {
  const base = {
    deliveryId: delivery.id,
    noticeId: delivery.noticeId,
    address: delivery.address,
    locale: delivery.locale,
  }
  if (delivery.channel === 'sms') return { ...base, text: composed.sms(delivery.locale).text }
  const links = {
    preferences: preferencesUrl(app.config, standing),
    unsubscribe: unsubscribeUrl(app.config, standing),
  }
  const mail = forReader(composed.mail(delivery.locale), links)
  return { ...base, ...mail, headers: mailHeaders(composed.told, composed.sender, links) }
}
