import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'

type Endpoint = Row<'endpoint'>

export const findEndpoint = (db: Db | Trx, subscriberId: string): Promise<Endpoint | undefined> =>
  db.selectFrom('endpoint').selectAll().where('subscriberId', '=', subscriberId).executeTakeFirst()

export const endpointsOf = (db: Db | Trx, subscriberIds: string[]): Promise<Endpoint[]> =>
  db.selectFrom('endpoint').selectAll().where('subscriberId', 'in', subscriberIds).execute()

/** Writes an endpoint; what stood there before, from an earlier confirmation, is gone. */
export const putEndpoint = (trx: Trx, { subscriberId, ...row }: Endpoint) =>
  trx
    .insertInto('endpoint')
    .values({ subscriberId, ...row })
    .onConflict((oc) => oc.column('subscriberId').doUpdateSet(row))
    .execute()

export const saveEndpoint = (trx: Trx, subscriberId: string, change: Partial<Omit<Endpoint, 'subscriberId'>>) =>
  trx.updateTable('endpoint').set(change).where('subscriberId', '=', subscriberId).execute()

/** Endpoints by id whose address was not sealed with the key that seals now, which begins with `prefix`. */
export const sealedOtherwise = (
  db: Db | Trx,
  { prefix, afterId, limit }: { prefix: string; afterId: string; limit: number },
) =>
  db
    .selectFrom('subscriber')
    .select(['id', 'channel', 'address'])
    .where('id', '>', afterId)
    .where('address', 'like', 'sealed:%')
    .where('address', 'not like', `${prefix}%`)
    .orderBy('id')
    .limit(limit)
    .execute()
