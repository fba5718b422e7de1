import type { Db, Trx } from '#api/db/connect.ts'

/** The company's own number for a customer; their id here when they are gone. */
export const externalIdOf = async (db: Db | Trx, id: string): Promise<string> =>
  (await db.selectFrom('customer').select('externalId').where('id', '=', id).executeTakeFirst())?.externalId ?? id

/** The same for several. */
export async function externalIds(db: Db | Trx, ids: string[]): Promise<Map<string, string>> {
  if (!ids.length) return new Map()
  const rows = await db.selectFrom('customer').select(['id', 'externalId']).where('id', 'in', ids).execute()
  return new Map(rows.map(({ id, externalId }) => [id, externalId]))
}
