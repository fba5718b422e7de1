import type { Db, Trx } from '#api/db/connect.ts'
import type { DeliveryState } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import { saveBatch } from './batch-queries.ts'
import type { ToldUpdate } from './supersede.ts'

/** States of a delivery that is out, or still on its way. */
const underWay = ['queued', 'sending', 'unknown', 'sent', 'delayed', 'delivered'] satisfies DeliveryState[]

/** The updates of an incident with the notices that tell of them, oldest first. */
export async function toldUpdates(db: Db | Trx, incidentId: string): Promise<ToldUpdate[]> {
  const rows = await db
    .selectFrom('incidentUpdate as update')
    .leftJoin('notice', (join) =>
      join.onRef('notice.incidentId', '=', 'update.incidentId').onRef('notice.updateId', '=', 'update.id'),
    )
    .select(['update.id as updateId', 'update.number', 'update.correctsId'])
    .select([
      'notice.id',
      'notice.kind',
      'notice.audience',
      'notice.createdAt',
      'notice.expandedAt',
      'notice.heldAt',
      'notice.endedAt',
    ])
    .where('update.incidentId', '=', incidentId)
    .orderBy('update.number')
    .execute()
  return rows.map(({ updateId, number, correctsId, id, kind, createdAt, ...notice }) => ({
    updateId,
    number,
    correctsId,
    notice: id === null || kind === null || createdAt === null ? null : { id, kind, createdAt, ...notice },
  }))
}

/** Deliveries of a notice that wait for a batch, and whose recipient a newer notice tells on the same channel. */
export async function outdatedWaiting(
  db: Db | Trx,
  where: { noticeId: string; channel: string; newerId: string; limit: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('delivery as old')
    .innerJoin('delivery as newer', (join) =>
      join.onRef('newer.channel', '=', 'old.channel').onRef('newer.subscriberId', '=', 'old.subscriberId'),
    )
    .select('old.id')
    .where('old.noticeId', '=', where.noticeId)
    .where('old.channel', '=', where.channel)
    .where('old.state', '=', 'queued')
    .where('old.batchId', 'is', null)
    .where('old.askedAt', 'is', null)
    .where('newer.noticeId', '=', where.newerId)
    .where('newer.state', 'in', underWay)
    .limit(where.limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Members of a batch, of its own notice, whose recipient a newer notice tells on the same channel. */
export async function outdatedMembers(
  trx: Trx,
  batch: { id: string; noticeId: string },
  newerId: string,
): Promise<string[]> {
  const rows = await trx
    .selectFrom('delivery as old')
    .innerJoin('delivery as newer', (join) =>
      join.onRef('newer.channel', '=', 'old.channel').onRef('newer.subscriberId', '=', 'old.subscriberId'),
    )
    .select('old.id')
    .where('old.batchId', '=', batch.id)
    .where('old.noticeId', '=', batch.noticeId)
    .where('newer.noticeId', '=', newerId)
    .where('newer.state', 'in', underWay)
    .execute()
  return rows.map(({ id }) => id)
}

/**
 * Takes a batch apart that was certainly never taken: its deliveries wait for a batch again, with a key of their own.
 * Attempts that were refused stay in the record with it. The caller holds the batch.
 */
export async function takeApart(trx: Trx, batch: { id: string; attempts: number }, now: Instant): Promise<void> {
  await trx
    .updateTable('notice')
    .set({ frozenAt: null })
    .where('id', 'in', (eb) =>
      eb.selectFrom('delivery').select('delivery.noticeId').where('delivery.batchId', '=', batch.id),
    )
    .execute()
  await trx
    .updateTable('delivery')
    .set({ batchId: null, position: null, updatedAt: now })
    .where('batchId', '=', batch.id)
    .execute()
  if (batch.attempts > 0) await saveBatch(trx, batch.id, { state: 'final', bytes: null, finalAt: now })
  else await trx.deleteFrom('batch').where('id', '=', batch.id).execute()
}
