import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** Whom a batch goes to, where all of it goes to one subscriber, and how they stand. */
export const recipientOf = (
  db: Db | Trx,
  batchId: string,
): Promise<Pick<Row<'subscriber'>, 'id' | 'locale' | 'generation' | 'closedAt' | 'closedReason'> | undefined> =>
  db
    .selectFrom('delivery')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriberId')
    .select([
      'subscriber.id',
      'subscriber.locale',
      'subscriber.generation',
      'subscriber.closedAt',
      'subscriber.closedReason',
    ])
    .where('delivery.batchId', '=', batchId)
    .executeTakeFirst()

/** Those of these subscribers to whom a message is on its way or waits for its time. */
export async function busyAmong(db: Db | Trx, channel: string, subscriberIds: string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('batch')
    .innerJoin('delivery', 'delivery.batchId', 'batch.id')
    .select('delivery.subscriberId')
    .where('batch.channel', '=', channel)
    .where('batch.state', 'in', ['ready', 'sending'])
    .where('delivery.subscriberId', 'in', subscriberIds)
    .execute()
  return new Set(rows.map(({ subscriberId }) => subscriberId))
}

/** Batches of a channel that could be sent now or are being sent: those that wait for another attempt keep nobody waiting. */
export async function countDue(db: Db | Trx, channel: string, now: Instant): Promise<number> {
  const { count } = await db
    .selectFrom('batch')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('channel', '=', channel)
    .where((eb) =>
      eb.or([eb('state', '=', 'sending'), eb.and([eb('state', '=', 'ready'), eb('nextAttemptAt', '<=', now)])]),
    )
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** When a subscriber was sent the last messages on a channel, as many as are asked for at the most, since an instant; the newest first. */
export const sentLately = async (
  trx: Trx,
  { channel, subscriberId, since, limit }: { channel: string; subscriberId: string; since: Instant; limit: number },
): Promise<Instant[]> =>
  (
    await trx
      .selectFrom('delivery')
      .select((eb) => eb.fn.max('sentAt').as('at'))
      .where('subscriberId', '=', subscriberId)
      .where('channel', '=', channel)
      .where('sentAt', '>', since)
      .groupBy('batchId')
      .orderBy('at', 'desc')
      .limit(limit)
      .execute()
  ).flatMap(({ at }) => at ?? [])

/** Batches that wait, were certainly never taken, and tell of this notice and of others too. */
export async function mergedWith(trx: Trx, noticeId: string, channels: readonly string[]): Promise<Row<'batch'>[]> {
  if (!channels.length) return []
  return trx
    .selectFrom('batch')
    .selectAll()
    .where('state', '=', 'ready')
    .where('size', '>', 1)
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('delivery')
        .select('delivery.batchId')
        .where('delivery.noticeId', '=', noticeId)
        .where('delivery.channel', 'in', channels)
        .where('delivery.state', '=', 'queued')
        .where('delivery.batchId', 'is not', null)
        .$castTo<{ batchId: string }>(),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('attempt')
            .select('attempt.id')
            .whereRef('attempt.batchId', '=', 'batch.id')
            .where('attempt.outcome', 'in', ['unknown', 'lost']),
        ),
      ),
    )
    .execute()
}

/** Whether one of these notices has reached this subscriber. */
export async function haveReached(db: Db | Trx, subscriberId: string, noticeIds: string[]): Promise<boolean> {
  if (!noticeIds.length) return false
  const newer = await db
    .selectFrom('delivery')
    .select('id')
    .where('noticeId', 'in', noticeIds)
    .where('subscriberId', '=', subscriberId)
    .where('state', 'in', ['sent', 'delivered'])
    .limit(1)
    .executeTakeFirst()
  return newer !== undefined
}

/** What a person should know of a delivery that went out. */
export const noteReason = (trx: Trx, id: string, reason: string) =>
  trx.updateTable('delivery').set({ reason }).where('id', '=', id).where('reason', 'is', null).execute()
