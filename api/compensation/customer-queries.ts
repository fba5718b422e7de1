import type { Db, Trx } from '#api/db/connect.ts'

/** The company's own number for a customer; their id here when they are gone. */
export const externalIdOf = async (db: Db | Trx, id: string): Promise<string> =>
  (await db.selectFrom('customer').select('externalId').where('id', '=', id).executeTakeFirst())?.externalId ?? id
