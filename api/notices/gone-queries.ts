import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import { hadUnknown } from './batch-queries.ts'
import { leftReason } from './expand.ts'
import { endDeliveries } from './queries.ts'
import { takeApart } from './supersede-queries.ts'

/**
 * Takes a batch apart, in the transaction that holds it, when somebody it was written for has left since or may not be
 * written to any more: their rows say so, the others wait for a batch again. A message to one person goes to whoever
 * asked for it, subscribed or not, so only a barred address stops it. What may be out already is left as it is: its key
 * stands for these bytes. True when it was taken apart.
 */
export async function takeApartGone(trx: Trx, now: Instant, batch: Row<'batch'>): Promise<boolean> {
  const gone = await goneMembers(trx, batch.id, { leavers: batch.priority > 0 })
  if (!gone.length || batch.state !== 'ready') return false
  if (batch.attempts > 0 && (await hadUnknown(trx, batch.id))) return false
  await takeApart(trx, batch, now)
  for (const { id, barred } of gone)
    await endDeliveries(
      trx,
      [id],
      now,
      barred === null ? { state: 'skipped', reason: leftReason } : { state: 'suppressed', reason: barred },
    )
  return true
}

/** Members of a batch that may not be sent now, with what bars their address; null for those who left by themselves. */
async function goneMembers(
  trx: Trx,
  batchId: string,
  { leavers }: { leavers: boolean },
): Promise<{ id: string; barred: string | null }[]> {
  const rows = await trx
    .selectFrom('delivery')
    .leftJoin('subscriber', 'subscriber.id', 'delivery.subscriberId')
    // Whoever wants no more offers leaves offers alone.
    .leftJoin('offer', 'offer.noticeId', 'delivery.noticeId')
    .leftJoin('offerOptOut', (join) =>
      join
        .onRef('offerOptOut.channel', '=', 'delivery.channel')
        .onRef('offerOptOut.address', '=', 'delivery.address')
        .on('offer.id', 'is not', null),
    )
    .leftJoin('suppression', (join) =>
      join.onRef('suppression.channel', '=', 'delivery.channel').onRef('suppression.address', '=', 'delivery.address'),
    )
    .select((eb) => [
      'delivery.id',
      eb.fn.coalesce('subscriber.closedAt', 'offerOptOut.createdAt').as('closedAt'),
      'suppression.reason',
    ])
    .where('delivery.batchId', '=', batchId)
    .where((eb) =>
      eb.or([
        eb('suppression.reason', 'is not', null),
        ...(leavers ? [eb('subscriber.closedAt', 'is not', null), eb('offerOptOut.createdAt', 'is not', null)] : []),
      ]),
    )
    .execute()
  return rows.map(({ id, closedAt, reason }) => ({ id, barred: leavers && closedAt !== null ? null : reason }))
}
