import type { App } from '#api/app.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { capPerHour, capWindowMs, foldDueAt, foldedReason, foldKey, gatherMs } from './cap.ts'
import { announcedSince, countTold, foldInto, foldsSince, openFold, openFoldDelivery } from './fold-queries.ts'

/** The kind of a notice that tells what others were to tell. */
export const foldKind = 'notices.folded'

/**
 * The subscribers among these who have had as many notices within the hour as one address takes. Costs one look at the
 * newest announcements while there are fewer of those than the cap.
 */
export async function overCap(
  app: App,
  channel: { name: string; expiresAfterMs: number },
  notice: Row<'notice'>,
  subscriberIds: string[],
): Promise<Set<string>> {
  const cap = capPerHour[channel.name]
  // What is folded already, and what a person asked for once more, is under no cap.
  if (cap === undefined || notice.seq === null || !subscriberIds.length) return new Set()
  const since = plusMs(app.now(), -capWindowMs)
  const recent = await announcedSince(app.db, plusMs(since, -channel.expiresAfterMs), notice.id)
  if (recent.length < cap) return new Set()
  const noticeIds = recent.map(({ id }) => id)
  const told = await countTold(app.db, { noticeIds, channel: channel.name, subscriberIds, since })
  return new Set([...told].filter(([, count]) => count >= cap).map(([id]) => id))
}

/**
 * Folds deliveries that are over the cap into one message for each recipient, in the transaction that would have put
 * them into a batch: into the one that already waits for its time, else into a new one. False when one of them could
 * not be folded, because another worker was faster: then nothing of the transaction may stand.
 */
export async function foldAway(trx: Trx, now: Instant, channel: string, rows: Row<'delivery'>[]): Promise<boolean> {
  if (!rows.length) return true
  const reason = foldedReason(capPerHour[channel]!)
  const since = plusMs(now, -capWindowMs - gatherMs)
  const folds = await foldsSince(trx, { channel, since, subscriberIds: rows.map((row) => row.subscriberId) })
  const notices = new Map<Instant, string>()
  for (const row of rows) {
    const theirs = folds.filter(({ subscriberId }) => subscriberId === row.subscriberId)
    const waiting = theirs.find(({ state, batchId }) => state === 'queued' && batchId === null)
    const dueAt = waiting?.dueAt ?? foldDueAt(now, theirs.at(-1)?.dueAt ?? null)
    const noticeId = notices.get(dueAt) ?? (await openFold(trx, newFold(channel, dueAt, now)))
    notices.set(dueAt, noticeId)
    const foldedInto = await openFoldDelivery(trx, {
      ...row,
      id: newId(),
      noticeId,
      reason: null,
      createdAt: now,
      updatedAt: now,
    })
    if (!foldedInto || !(await foldInto(trx, row.id, { foldedInto, reason, updatedAt: now }))) return false
  }
  return true
}

const newFold = (channel: string, dueAt: Instant, now: Instant) => ({
  id: newId(),
  seq: null,
  kind: foldKind,
  incidentId: null,
  updateId: null,
  audience: null,
  cursor: '',
  createdAt: now,
  expandedAt: now,
  frozenAt: null,
  dueAt,
  foldKey: foldKey(channel, dueAt),
})
