import type { Kysely } from 'kysely'

/** A word of level 4 is a known issue, or an advisory: something readers should know of that is no fault of ours. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('incident')
    .addColumn('advisory', 'integer', (c) => c.notNull().defaultTo(0))
    .execute()
}
