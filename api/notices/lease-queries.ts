import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** A batch that somebody says they are sending. */
export type Leased = Pick<Row<'batch'>, 'id' | 'channel' | 'provider' | 'attempts' | 'leaseOwner'>

export const leased = (db: Db): Promise<Leased[]> =>
  db
    .selectFrom('batch')
    .select(['id', 'channel', 'provider', 'attempts', 'leaseOwner'])
    .where('state', '=', 'sending')
    .execute()

/** Holds a leased batch until the transaction ends, so that one process takes it over; false when it is not as it was. */
export const holdLeased = async (trx: Trx, { id, attempts }: Leased): Promise<boolean> =>
  (await claimable(
    trx,
    trx
      .selectFrom('batch')
      .select('id')
      .where('id', '=', id)
      .where('state', '=', 'sending')
      .where('attempts', '=', attempts),
  ).executeTakeFirst()) !== undefined

/** The number of the last announcement of after this instant; 0 when there is none. */
export const newestAfter = async (db: Db, instant: Instant): Promise<number> => {
  const found = await db
    .selectFrom('outbox')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .where('createdAt', '>', instant)
    .executeTakeFirst()
  return found?.seq ?? 0
}

/** Whatever waits for an instant after `latest` is due now. */
export async function shortenWaits(db: Db, now: Instant, latest: Instant): Promise<void> {
  await db
    .updateTable('batch')
    .set({ nextAttemptAt: now })
    .where('state', '=', 'ready')
    .where('nextAttemptAt', '>', latest)
    .execute()
  await db.updateTable('channelState').set({ nextSendAt: now }).where('nextSendAt', '>', latest).execute()
}
