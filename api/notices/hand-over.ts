import type { App } from '#api/app.ts'
import { accountOf, type Channel, providersOf } from '#api/channels/channel.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { packHashed, unpack } from '#api/lib/pack.ts'
import type { Instant } from '#api/lib/time.ts'
import {
  hadUnknown,
  holdReady,
  insertBatches,
  membersOf,
  moveMembers,
  moveToBatches,
  nextStranded,
  nextToMove,
  saveBatch,
} from './batch-queries.ts'
import { crashPoint } from './crash.ts'
import { isDown, laneOf, providerNow, unknownMayGo } from './provider.ts'
import { findChannelState } from './queries.ts'

/** The provider that a message of this channel is written for now; `probing` when it is stopped and its next try is due. */
export async function providerFor(
  db: Db | Trx,
  channel: Channel,
  now: Instant,
): Promise<{ by: Channel; probing: boolean }> {
  const { fallback } = channel
  if (!fallback) return { by: channel, probing: false }
  const first = await findChannelState(db, accountOf(channel))
  if (!isDown(first, now)) return { by: channel, probing: Boolean(first?.stoppedAt) }
  const other = await findChannelState(db, accountOf(fallback))
  return { by: providerNow(channel, first, other, now), probing: false }
}

/**
 * Takes one batch from a provider that is down to the other one of its channel: as it stands when it certainly was not
 * taken, with a note on its rows when it may have been. True when there was one.
 */
export async function handOver(app: App): Promise<boolean> {
  for (const channel of app.channels) {
    const { fallback } = channel
    if (!fallback || channel.offReason) continue
    const now = app.now()
    const first = await findChannelState(app.db, accountOf(channel))
    const other = await findChannelState(app.db, accountOf(fallback))
    if (isDown(first, now) === isDown(other, now)) continue
    const [from, to, state] = isDown(first, now) ? [channel, fallback, first] : [fallback, channel, other]
    const batch = await nextToMove(app.db, laneOf(from), { unclear: unknownMayGo(state, now) })
    if (batch && (await rewrite(app, batch, to))) return true
  }
  return false
}

/** Takes what waits for a provider that is not set up any more to one that is. Before the first piece of work of a process. */
export async function takeInStranded(app: App): Promise<void> {
  for (const channel of app.channels) {
    if (!channel.split || channel.offReason) continue
    const known = providersOf(channel).map(({ provider }) => provider)
    for (;;) {
      const batch = await nextStranded(app.db, channel.name, known)
      if (!batch || !(await rewrite(app, batch, (await providerFor(app.db, channel, app.now())).by))) break
    }
  }
}

/** One batch made of another: its bytes, and which places of the other it holds. */
export interface Piece {
  id: string
  places: number[]
  packed: string
  hash: string
}

/** Each message of a batch as a batch of its own; made before the transaction, for packing takes time. Throws when the bytes cannot be read. */
export function piecesOf(batch: Pick<Row<'batch'>, 'bytes'>, channel: Channel): Piece[] {
  const split = batch.bytes === null ? [] : (channel.split?.(unpack(batch.bytes)) ?? [])
  return split.map((bytes, place) => ({ id: newId(), places: [place], ...packHashed(bytes) }))
}

/**
 * Puts the messages of a batch that still wait into batches with keys of their own, for this provider. The batch itself
 * is final: its attempts stay as they were, and count on in the new ones.
 */
export async function putInPieces(
  trx: Trx,
  now: Instant,
  batch: Row<'batch'>,
  pieces: Piece[],
  to: Channel,
  change: { reason: string | null; possibleDuplicate?: 1 },
): Promise<void> {
  const waiting = (await membersOf(trx, batch.id)).filter(({ state }) => state === 'queued' || state === 'sending')
  const byPlace = new Map(waiting.map(({ id, position }) => [position ?? 0, id]))
  const needed = pieces.filter(({ places }) => places.some((place) => byPlace.has(place)))
  await insertBatches(
    trx,
    needed.map(({ id, places, packed, hash }) => ({
      id,
      noticeId: batch.noticeId,
      channel: batch.channel,
      provider: to.provider,
      size: places.length,
      bytes: packed,
      bytesHash: hash,
      state: 'ready' as const,
      priority: batch.priority,
      attempts: batch.attempts,
      nextAttemptAt: now,
      leaseOwner: null,
      leaseUntil: null,
      createdAt: batch.createdAt,
      finalAt: null,
      askedAt: batch.askedAt,
    })),
  )
  const moves = needed.flatMap(({ id: batchId, places }) =>
    places.flatMap((place, position) => {
      const id = byPlace.get(place)
      return id === undefined ? [] : [{ id, batchId, position }]
    }),
  )
  await moveToBatches(trx, now, moves, change)
  await saveBatch(trx, batch.id, { state: 'final', finalAt: now, bytes: null, leaseOwner: null, leaseUntil: null })
}

/** False when somebody else was faster. */
async function rewrite(app: App, batch: Row<'batch'>, to: Channel): Promise<boolean> {
  const members = await membersOf(app.db, batch.id)
  const whole = batch.size <= to.batchSizeMax && members.every(({ state }) => state === 'queued')
  const pieces =
    whole && batch.bytes !== null
      ? [{ id: newId(), places: members.map((_, place) => place), packed: batch.bytes, hash: batch.bytesHash }]
      : readPieces(batch, to)
  if (!pieces) return endUnreadable(app, batch)
  const unclear = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    if (!(await holdReady(trx, batch))) return null
    const unclear = await hadUnknown(trx, batch.id)
    const before = nameOf(batch.provider)
    const change = unclear
      ? { reason: `${before} may have taken this too: it may arrive twice`, possibleDuplicate: 1 as const }
      : { reason: `goes by ${nameOf(to.provider)}: ${before} takes nothing` }
    await putInPieces(trx, now, batch, pieces, to, change)
    return unclear
  })
  if (unclear === null) return false
  crashPoint(app, 'after-hand-over')
  app.log('warn', 'batch.handed_over', { batch: batch.id, from: batch.provider, to: to.provider, unclear })
  return true
}

/** The pieces of a batch; null when its bytes cannot be read. */
function readPieces(batch: Row<'batch'>, to: Channel): Piece[] | null {
  try {
    return piecesOf(batch, to)
  } catch {
    return null
  }
}

/** One that cannot be read ends by itself and holds up no other. */
async function endUnreadable(app: App, batch: Row<'batch'>): Promise<boolean> {
  const ended = await app.db.transaction().execute(async (trx) => {
    if (!(await holdReady(trx, batch))) return false
    const [now, unclear] = [app.now(), await hadUnknown(trx, batch.id)]
    const state = unclear ? 'unknown' : 'failed'
    await saveBatch(trx, batch.id, unclear ? { state: 'unknown' } : { state: 'final', finalAt: now, bytes: null })
    await moveMembers(trx, batch.id, ['queued', 'sending'], { state, reason: unreadable, updatedAt: now })
    return true
  })
  if (ended) app.log('error', 'batch.unreadable', { channel: batch.channel, batch: batch.id })
  return ended
}

/** Why a row says failed whose stored message is torn. */
export const unreadable = 'the stored message cannot be read'

const names: Record<string, string> = { resend: 'Resend', smtp: 'SMTP' }
const nameOf = (provider: string | null): string => names[provider ?? ''] ?? provider ?? 'the provider before'
