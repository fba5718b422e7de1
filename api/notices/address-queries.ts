import type { Db, Trx } from '#api/db/connect.ts'

/**
 * The ids of every delivery to these addresses, as a subquery. Rows of a fan-out are found by their subscriber: an index
 * over a million addresses would be written all over at each notice, for a search that is made a few times a day.
 */
export const deliveriesTo = (db: Db | Trx, addresses: string[]) =>
  db
    .selectFrom('delivery as one')
    .select('one.id')
    .where('one.directTo', 'in', addresses)
    .unionAll(
      db
        .selectFrom('subscriber')
        .innerJoin('delivery as many', 'many.subscriberId', 'subscriber.id')
        .select('many.id')
        .where('subscriber.address', 'in', addresses)
        .where('many.directTo', 'is', null),
    )
    .unionAll(
      db
        .selectFrom('customerContact')
        .innerJoin('delivery as offered', 'offered.subscriberId', 'customerContact.id')
        .select('offered.id')
        .where('customerContact.address', 'in', addresses),
    )
