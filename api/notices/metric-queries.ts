import type { Db } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'

/** The notices that were made at or after `from`, and those of which messages are still to be written. */
export const recentNotices = (db: Db, from: Instant): Promise<{ id: string; createdAt: Instant }[]> =>
  db
    .selectFrom('notice')
    .select(['id', 'createdAt'])
    .where((eb) => eb.or([eb('frozenAt', 'is', null), eb('createdAt', '>=', from)]))
    .execute()
