import type { Selectable } from 'kysely'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Schema } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'
import { type ConfirmationKind, codeTriesMax } from './confirmation.ts'

export type ConfirmationRow = Selectable<Schema['confirmation']>

/** Writes a question down. One with `usedAt` set can never be answered. */
export const addConfirmation = (
  trx: Trx,
  row: Omit<ConfirmationRow, 'id' | 'attempts' | 'kind'> & { kind: ConfirmationKind },
) =>
  trx
    .insertInto('confirmation')
    .values({ ...row, id: newId(), attempts: 0 })
    .execute()

export const confirmationBySecret = (db: Db | Trx, secretHash: string): Promise<ConfirmationRow | undefined> =>
  db
    .selectFrom('confirmation')
    .selectAll()
    .where('secretHash', '=', secretHash)
    .where('kind', '=', 'link')
    .executeTakeFirst()

const open = (db: Db | Trx, subscriberId: string, now: Instant) =>
  db
    .selectFrom('confirmation')
    .selectAll()
    .where('subscriberId', '=', subscriberId)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .orderBy('createdAt', 'desc')
    .limit(1)

/** The newest question that a code may still answer. */
export const openCode = (db: Db | Trx, subscriberId: string, now: Instant): Promise<ConfirmationRow | undefined> =>
  open(db, subscriberId, now).where('kind', '=', 'code').executeTakeFirst()

/** The newest question an address was asked and has not answered, expired or not: what it chose. */
export const latestQuestion = (db: Db | Trx, subscriberId: string): Promise<ConfirmationRow | undefined> =>
  db
    .selectFrom('confirmation')
    .selectAll()
    .where('subscriberId', '=', subscriberId)
    .where('usedAt', 'is', null)
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst()

/** Counts one try of a code. False when the tries are used up: of many at once no more than the allowed count get through. */
export async function countTry(trx: Trx, id: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('confirmation')
    .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('attempts', '<', codeTriesMax)
    .where('usedAt', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Uses a question up. False when somebody else did: of many at once exactly one gets true. */
export async function useConfirmation(trx: Trx, id: string, now: Instant): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('confirmation')
    .set({ usedAt: now })
    .where('id', '=', id)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** No open question of this subscriber can be answered any more. */
export const retireConfirmations = (trx: Trx, subscriberId: string, now: Instant, kind?: ConfirmationKind) =>
  trx
    .updateTable('confirmation')
    .set({ usedAt: now })
    .where('subscriberId', '=', subscriberId)
    .where('usedAt', 'is', null)
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind ?? 'code'))
    .execute()

/**
 * Forgets questions asked before `before`, and addresses older than that which never confirmed and were not asked
 * since: at most `limit` of each. Gives how many of each.
 */
export async function forgetUnconfirmed(
  trx: Trx,
  before: Instant,
  limit: number,
): Promise<{ questions: number; addresses: number }> {
  const { numDeletedRows } = await trx
    .deleteFrom('confirmation')
    .where('id', 'in', (eb) => eb.selectFrom('confirmation').select('id').where('createdAt', '<', before).limit(limit))
    .executeTakeFirst()
  const rows = await trx
    .selectFrom('subscriber')
    .select('id')
    .where('confirmedAt', 'is', null)
    .where('createdAt', '<', before)
    .where(({ eb, not, exists }) =>
      not(
        exists(
          eb
            .selectFrom('confirmation')
            .select('confirmation.id')
            .whereRef('confirmation.subscriberId', '=', 'subscriber.id'),
        ),
      ),
    )
    .limit(limit)
    .execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length) {
    await trx.deleteFrom('subscriberComponent').where('subscriberId', 'in', ids).execute()
    await trx.deleteFrom('subscriber').where('id', 'in', ids).execute()
  }
  return { questions: Number(numDeletedRows), addresses: ids.length }
}
