import type { Db, Trx } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'
import { type Limit, windowStart } from './limits.ts'

/**
 * Counts one more under `key` in the window that `now` lies in, and tells whether it is still within the limit. The
 * count is one statement, so that of many at once no more than `most` are within it.
 */
export async function countWithin(trx: Db | Trx, now: Instant, limit: Limit, key: string): Promise<boolean> {
  const { count } = await trx
    .insertInto('rateCount')
    .values({ key, windowStart: windowStart(now, limit.windowMs), count: 1 })
    .onConflict((oc) =>
      oc.columns(['key', 'windowStart']).doUpdateSet((eb) => ({ count: eb('rateCount.count', '+', 1) })),
    )
    .returning('count')
    .executeTakeFirstOrThrow()
  return count <= limit.most
}

/** Drops counters of windows that began before `before`. */
export const dropCountsBefore = (trx: Trx, before: Instant) =>
  trx.deleteFrom('rateCount').where('windowStart', '<', before).execute()
