import type { Kysely } from 'kysely'
import type { Db, Trx } from '#api/db/connect.ts'

/** What people and tokens are called, by the ids that the record keeps of whoever did something. */
export async function namesOf(db: Db | Trx, ids: string[]): Promise<Map<string, string>> {
  if (!ids.length) return new Map()
  // Better-auth's table; its names are left as they are.
  const staff = db.withoutPlugins() as unknown as Kysely<{ user: { id: string; name: string } }>
  const people = await staff.selectFrom('user').select(['id', 'name']).where('id', 'in', ids).execute()
  const tokens = await db
    .selectFrom('apiToken')
    .select(['id', 'name'])
    .where(
      'id',
      'in',
      ids.map((id) => id.replace(/^token:/, '')),
    )
    .execute()
  return new Map([
    ...people.map(({ id, name }): [string, string] => [id, name]),
    ...tokens.map(({ id, name }): [string, string] => [`token:${id}`, name]),
  ])
}
