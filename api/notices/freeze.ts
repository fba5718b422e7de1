import type { App } from '#api/app.ts'
import type { Channel } from '#api/channels/channel.ts'
import { offerWriter } from '#api/compensation/announce.ts'
import { contactStandings } from '#api/compensation/contact-queries.ts'
import { offerNoticeKind } from '#api/compensation/offer.ts'
import { sharesWork } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { packHashed } from '#api/lib/pack.ts'
import type { Instant } from '#api/lib/time.ts'
import { apart } from './aside.ts'
import { insertBatches } from './batch-queries.ts'
import { composedFor } from './composed.ts'
import { crashPoint } from './crash.ts'
import { leftReason } from './expand.ts'
import { deadlineOf, endOf } from './expiry.ts'
import { foldAway, foldKind, overCap } from './fold.ts'
import { foldWriter, type Writer } from './fold-writer.ts'
import { providerFor } from './hand-over.ts'
import { freezeMerged } from './merge.ts'
import { countDue } from './merge-queries.ts'
import { messageFor } from './message.ts'
import { endOutdated, newestFirst } from './outdated.ts'
import {
  closeNotice,
  countReady,
  endDeliveries,
  openNotices,
  putInBatches,
  type Standing,
  standingOf,
  unfrozen,
} from './queries.ts'
import { nowSinceBorn } from './time-of-day.ts'

/** Batches of one channel that are written ahead of their sending: this many before more recipients are looked for, and at the most. */
export const readyAhead = { least: 4, most: 8 } as const
/** The same where each address is a server of its own, which has a batch to itself. */
const endpointsAhead = 100
/** Batches frozen in one transaction, at the most: on SQLite it holds the only lock, on a server each round trip counts. */
const batchesMax = { sqlite: 1, server: 4 } as const
/** Deliveries frozen for one of them, also where each is a batch of its own. */
const deliveriesMax = 100
/** A notice to many goes after every message that one person waits for. */
const noticePriority = 1

/** Writes the next batches of a channel that has fewer than `ahead` ready. True when there was something to write. */
export async function freezeNext(app: App, ahead: number = readyAhead.most): Promise<boolean> {
  const notices = await openNotices(app.db)
  if (!notices.length) return false
  const now = app.now()
  const going = await newestFirst(
    app,
    notices.filter((notice) => !notice.heldAt && isDue(notice, now)),
  )
  for (const channel of app.channels) {
    if (channel.offReason) continue
    if (channel.mergesUpdates) {
      if (await freezeMerged(app, channel, going)) return true
      continue
    }
    const { by, probing } = await providerFor(app.db, channel, now)
    // A stopped provider is tried with one batch, not with all that may be ready.
    const room = channel.perAddress
      ? endpointsAhead - (await countDue(app.db, channel.name, now))
      : (probing ? 1 : ahead) - (await countReady(app.db, channel.name))
    if (room <= 0) continue
    for (const notice of going) {
      const most = sharesWork(app.db) ? batchesMax.server : batchesMax.sqlite
      const limit = Math.min(room * by.batchSizeMax, most * deliveriesMax)
      if (await apart(app, notice.id, () => freezeSome(app, by, notice, limit))) return true
    }
  }
  return closeFrozen(app, notices)
}

const isDue = ({ dueAt }: Row<'notice'>, now: Instant): boolean => !dueAt || dueAt <= now

/** Closes notices of which nothing waits for a batch any more. */
async function closeFrozen(app: App, notices: Row<'notice'>[]): Promise<boolean> {
  for (const notice of notices) {
    if (!notice.expandedAt || !isDue(notice, app.now())) continue
    const waiting = await Promise.all(app.channels.map(({ name }) => unfrozen(app.db, notice.id, name, 1)))
    if (waiting.some(({ length }) => length)) continue
    const channels = app.channels.map(({ name }) => name)
    if (!(await app.db.transaction().execute((trx) => closeNotice(trx, notice.id, app.now(), channels)))) continue
    crashPoint(app, 'after-close')
    return true
  }
  return false
}

async function freezeSome(app: App, channel: Channel, notice: Row<'notice'>, limit: number): Promise<boolean> {
  const outdated = await endOutdated(app, notice, channel.name)
  if (outdated !== 'clear') return outdated === 'ended'
  const waiting = await unfrozen(app.db, notice.id, channel.name, limit)
  if (!waiting.length) return false
  // While recipients are still being found, a batch that is not full waits for more of them.
  if (!notice.expandedAt && waiting.length < Math.min(limit, channel.batchSizeMax)) return false
  // What a person asked for once more counts its age from then, and shares no batch with the notice's own.
  const { askedAt, createdAt } = waiting[0]!
  const deliveries = waiting.filter((delivery) => delivery.askedAt === askedAt)
  const over = endOf(channel, { askedAt, createdAt }, notice, nowSinceBorn(app, { askedAt, createdAt }, notice))
  const writer = over ? null : await writerFor(app, notice, deliveries)
  if (writer === 'wait') return false
  if (!writer) {
    const end = over ?? ({ state: 'failed', reason: 'the update is not in the record' } as const)
    const ids = deliveries.map(({ id }) => id)
    await app.db.transaction().execute((trx) => endDeliveries(trx, ids, app.now(), end))
    crashPoint(app, 'after-end')
    return true
  }
  const subscriberIds = deliveries.map(({ subscriberId }) => subscriberId)
  const people = isOffer(notice) ? contactStandings : standingOf
  const standings = byId(await people(app.db, subscriberIds))
  const reached = deliveries.filter((delivery) => mayGo(standings.get(delivery.subscriberId)))
  const silent = reached.filter((delivery) => writer.silent(delivery) !== null)
  const speaking = reached.filter((delivery) => !silent.includes(delivery))
  const full =
    askedAt || isOffer(notice)
      ? new Set<string>()
      : await overCap(
          app,
          channel,
          notice,
          speaking.map(({ subscriberId }) => subscriberId),
        )
  const folded = speaking.filter(({ subscriberId }) => full.has(subscriberId))
  const going = speaking.filter(({ subscriberId }) => !full.has(subscriberId))
  const expiresAt = deadlineOf(channel, { askedAt, createdAt }, notice)
  const batches = chunk(going, channel.batchSizeMax).map((members) => {
    const bytes = channel.freeze(
      members.map((delivery) => ({ ...writer.write(delivery, standings.get(delivery.subscriberId)!), expiresAt })),
    )
    return { id: newId(), members, ...packHashed(bytes) }
  })
  const frozen = await app.db
    .transaction()
    .execute(async (trx) => {
      const now = app.now()
      // Who leaves while the mails are written is found when the batch is claimed.
      for (const delivery of deliveries) {
        const standing = standings.get(delivery.subscriberId)
        if (mayGo(standing)) continue
        const end =
          standing?.suppressed && !standing.closedAt
            ? ({ state: 'suppressed', reason: standing.suppressed } as const)
            : ({ state: 'skipped', reason: leftReason } as const)
        await endDeliveries(trx, [delivery.id], now, end)
      }
      for (const delivery of silent)
        await endDeliveries(trx, [delivery.id], now, { state: 'skipped', reason: writer.silent(delivery)! })
      if (!(await foldAway(trx, now, channel.name, folded))) throw new FrozenElsewhere()
      await insertBatches(
        trx,
        batches.map(({ id, members, packed, hash }) => ({
          id,
          noticeId: notice.id,
          channel: channel.name,
          provider: channel.provider,
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
        })),
      )
      const places = batches.flatMap(({ id: batchId, members }) =>
        members.map(({ id }, position) => ({ id, batchId, position })),
      )
      // Another worker froze one of them: nothing of this transaction may stand.
      if (!(await putInBatches(trx, places))) throw new FrozenElsewhere()
      if (!(await writer.stillWhole(trx))) throw new FrozenElsewhere()
      return true
    })
    .catch((error: unknown) => {
      if (error instanceof FrozenElsewhere) return false
      throw error
    })
  if (frozen && folded.length) crashPoint(app, 'after-fold')
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

/** Customers are told of offers, not subscribers: a message class of its own, which no cap on notices counts. */
const isOffer = ({ kind }: Row<'notice'>): boolean => kind === offerNoticeKind

/** Who writes the messages of a notice, or that they wait; null when the record no longer holds what it tells of. */
async function writerFor(
  app: App,
  notice: Row<'notice'>,
  deliveries: Row<'delivery'>[],
): Promise<Writer | 'wait' | null> {
  if (isOffer(notice)) return offerWriter(app, notice, deliveries)
  if (notice.kind === foldKind) return foldWriter(app, deliveries)
  const composed = await composedFor(app, notice)
  if (!composed) return null
  return {
    silent: () => null,
    write: (delivery, standing) => messageFor(app, composed, delivery, standing),
    stillWhole: async () => true,
  }
}
