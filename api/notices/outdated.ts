import type { App } from '#api/app.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Audience } from './audience.ts'
import { crashPoint } from './crash.ts'
import { endDeliveries } from './queries.ts'
import { newerThan, supersededBy, type ToldUpdate, waitsFor } from './supersede.ts'
import { outdatedMembers, outdatedWaiting, takeApart, toldUpdates } from './supersede-queries.ts'

/** Deliveries ended in one transaction: on SQLite it holds the lock for about 10 ms. */
const chunkSize = 250

/** Pairs of an older and a newer notice of which nothing is left to end on a channel, so that it is not looked for again. */
const ended = new WeakMap<App, Set<string>>()
const endedMax = 1_000

const newerOf = async (db: Parameters<typeof toldUpdates>[0], notice: Row<'notice'>): Promise<ToldUpdate[]> =>
  notice.incidentId ? newerThan(await toldUpdates(db, notice.incidentId), notice.id) : []

function tells({ notice }: ToldUpdate, channel: string): boolean {
  try {
    return Boolean(notice?.audience && channel in fromJson<Audience>(notice.audience))
  } catch {
    // A newer notice that cannot be read tells nobody, and holds up no older one.
    return false
  }
}

/** Notices with those last that a newer one makes old: the newest word goes first. */
export async function newestFirst(app: App, notices: Row<'notice'>[]): Promise<Row<'notice'>[]> {
  const incidents = new Set(notices.map(({ incidentId }) => incidentId))
  if (incidents.size === notices.length) return notices
  const old: Row<'notice'>[] = []
  const others: Row<'notice'>[] = []
  for (const notice of notices) ((await newerOf(app.db, notice)).length ? old : others).push(notice)
  return [...others, ...old]
}

/**
 * Ends the next deliveries of a notice on a channel that wait for a batch and that a newer notice makes old. "clear":
 * nothing that waits is old. "wait": a newer notice is still finding its recipients.
 */
export async function endOutdated(
  app: App,
  notice: Row<'notice'>,
  channel: string,
): Promise<'clear' | 'ended' | 'wait'> {
  const mine = ended.get(app) ?? new Set<string>()
  ended.set(app, mine)
  const newer = (await newerOf(app.db, notice)).filter((update) => tells(update, channel))
  for (const update of newer) {
    if (waitsFor(update, app.now())) return 'wait'
    const newerId = update.notice!.id
    const pair = `${notice.id} ${newerId} ${channel}`
    if (mine.has(pair)) continue
    const ids = await outdatedWaiting(app.db, { noticeId: notice.id, channel, newerId, limit: chunkSize })
    if (ids.length) {
      const end = { state: 'superseded', reason: supersededBy(update) } as const
      await app.db.transaction().execute((trx) => endDeliveries(trx, ids, app.now(), end))
      crashPoint(app, 'after-supersede')
      return 'ended'
    }
    if (!notice.expandedAt || !update.notice!.expandedAt) continue
    if (mine.size >= endedMax) mine.clear()
    mine.add(pair)
  }
  return 'clear'
}

/** Members of a batch that a newer notice makes old, each with the update that does. */
async function outdatedIn(
  trx: Trx,
  batch: Row<'batch'>,
  notice: Row<'notice'> | undefined,
): Promise<Map<string, ToldUpdate>> {
  const old = new Map<string, ToldUpdate>()
  if (batch.askedAt || !notice) return old
  for (const update of await newerOf(trx, notice)) {
    if (!tells(update, batch.channel)) continue
    for (const id of await outdatedMembers(trx, batch, update.notice!.id)) if (!old.has(id)) old.set(id, update)
  }
  return old
}

/** Why a batch is not sent once more whose answer was lost: a newer update tells one of its recipients; null when none does. */
export async function outdatedReason(
  trx: Trx,
  batch: Row<'batch'>,
  notice: Row<'notice'> | undefined,
): Promise<string | null> {
  const [update] = (await outdatedIn(trx, batch, notice)).values()
  return update ? supersededBy(update) : null
}

/**
 * Takes a batch apart, in the transaction that holds it, when it was never attempted and a newer notice makes some of it
 * old: those are not sent, the others wait for a batch again. A batch with an attempt is never changed. True when it
 * was taken apart.
 */
export async function takeApartOutdated(
  trx: Trx,
  now: Instant,
  batch: Row<'batch'>,
  notice: Row<'notice'> | undefined,
): Promise<boolean> {
  if (batch.attempts > 0) return false
  const old = await outdatedIn(trx, batch, notice)
  if (!old.size) return false
  await takeApart(trx, batch, now)
  for (const update of new Set(old.values())) {
    const ids = [...old].filter(([, by]) => by === update).map(([id]) => id)
    await endDeliveries(trx, ids, now, { state: 'superseded', reason: supersededBy(update) })
  }
  return true
}
