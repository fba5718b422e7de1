import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'

/** Some deliveries whose next try has come, oldest first. */
export const dueAgain = (db: Db | Trx, now: Instant, limit: number): Promise<Row<'delivery'>[]> =>
  db
    .selectFrom('delivery')
    .selectAll()
    .where('againAt', 'is not', null)
    .where('againAt', '<=', now)
    .orderBy('againAt')
    .limit(limit)
    .execute()

/**
 * Lets a delivery wait for a batch again and keeps how its try had ended; one that something else has moved meanwhile
 * is only not tried again.
 */
export async function tryAnew(trx: Trx, now: Instant, delivery: Row<'delivery'>): Promise<void> {
  const { id, batchId, state, reason, providerId, sentAt, updatedAt, noticeId } = delivery
  await trx.updateTable('delivery').set({ againAt: null }).where('id', '=', id).execute()
  const moved = await trx
    .updateTable('delivery')
    .set({ state: 'queued', batchId: null, position: null, providerId: null, sentAt: null, updatedAt: now })
    .where('id', '=', id)
    .where('state', '=', 'delayed')
    .executeTakeFirst()
  if (!moved.numUpdatedRows) return
  await trx
    .insertInto('earlierTry')
    .values({
      id: newId(),
      deliveryId: id,
      batchId,
      state,
      reason,
      providerId,
      sentAt,
      endedAt: updatedAt,
      askedAt: now,
    })
    .execute()
  await trx.updateTable('notice').set({ frozenAt: null }).where('id', '=', noticeId).execute()
}

/** Whether the last so many notices to an address all ended with this reason, this delivery's among them. */
export async function endedAlikeInARow(
  trx: Trx,
  { channel, address, subscriberId }: Pick<Row<'delivery'>, 'channel' | 'address' | 'subscriberId'>,
  reason: string,
  count: number,
): Promise<boolean> {
  const last = await trx
    .selectFrom('delivery')
    .select('reason')
    .where('subscriberId', '=', subscriberId)
    .where('channel', '=', channel)
    .where('address', '=', address)
    .where('state', 'in', ['sent', 'delivered', 'delayed', 'failed', 'unknown'])
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(count)
    .execute()
  return last.length === count && last.every((row) => row.reason === reason)
}
