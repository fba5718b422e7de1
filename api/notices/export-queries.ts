import type { Db } from '#api/db/connect.ts'
import type { DeliveryState } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'

/** One row of the ledger as it is exported. */
export interface ExportedLine {
  channel: string
  subscriberId: string
  address: string
  locale: Locale
  state: DeliveryState
  reason: string | null
  attempts: number | null
  possibleDuplicate: number
  createdAt: Instant
  updatedAt: Instant
  sentAt: Instant | null
  providerId: string | null
}

/**
 * The next rows of one notice on one channel, by subscriber, after the last one read ('' at first): however many rows
 * there are, each page costs the same, because it walks the index that keeps a delivery from being written twice.
 */
export const exportPage = (
  db: Db,
  place: { noticeId: string; channel: string; afterId: string },
  limit: number,
): Promise<ExportedLine[]> =>
  db
    .selectFrom('delivery')
    .leftJoin('batch', 'batch.id', 'delivery.batchId')
    .select([
      'delivery.channel',
      'delivery.subscriberId',
      'delivery.address',
      'delivery.locale',
      'delivery.state',
      'delivery.reason',
      'batch.attempts',
      'delivery.possibleDuplicate',
      'delivery.createdAt',
      'delivery.updatedAt',
      'delivery.sentAt',
      'delivery.providerId',
    ])
    .where('delivery.noticeId', '=', place.noticeId)
    .where('delivery.channel', '=', place.channel)
    .where('delivery.subscriberId', '>', place.afterId)
    .orderBy('delivery.subscriberId')
    .limit(limit)
    .execute()

/** The channels on which a notice has rows, including such as are no longer set up. */
export async function channelsOf(db: Db, noticeId: string): Promise<string[]> {
  const channels: string[] = []
  // One step per channel through the index, where DISTINCT would walk all of it.
  for (let after = ''; ; ) {
    const next = await db
      .selectFrom('delivery')
      .select('channel')
      .where('noticeId', '=', noticeId)
      .where('channel', '>', after)
      .orderBy('channel')
      .limit(1)
      .executeTakeFirst()
    if (!next) return channels
    channels.push(next.channel)
    after = next.channel
  }
}

/** The numbers of an incident's updates. */
export const updateNumbers = (db: Db, incidentId: string) =>
  db.selectFrom('incidentUpdate').select(['id', 'number']).where('incidentId', '=', incidentId).execute()
