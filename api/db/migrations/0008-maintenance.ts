import type { Kysely } from 'kysely'
import { hourMs, toMs } from '#api/lib/time.ts'

/** How long before its start a maintenance had to be announced to be left out of uptime, when this step was written. */
const noticeMs = 48 * hourMs

interface Before {
  maintenance: {
    id: string
    starts_at: string
    ends_at: string
    announced_at: string
    completed_at: string | null
    created_by: string
    excused_from: string | null
    excused_until: string | null
  }
  maintenance_change: {
    maintenance_id: string
    number: number
    kind: string
    starts_at: string
    ends_at: string
    said: string
    created_at: string
    created_by: string
  }
}

/** A planned maintenance can be moved and called off in sight: each change is kept, and so is what customers knew in time. */
export async function up(db: Kysely<Before>): Promise<void> {
  const { schema } = db
  for (const column of ['cancelled_at', 'excused_from', 'excused_until'])
    await schema.alterTable('maintenance').addColumn(column, 'text').execute()
  await schema
    .createTable('maintenance_change')
    .addColumn('maintenance_id', 'text', (c) => c.notNull().references('maintenance.id'))
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('starts_at', 'text', (c) => c.notNull())
    .addColumn('ends_at', 'text', (c) => c.notNull())
    .addColumn('said', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('created_by', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('maintenance_change_pk', ['maintenance_id', 'number'])
    .execute()
  await schema.createIndex('maintenance_change_created').on('maintenance_change').column('created_at').execute()
  for (const { id, starts_at, ends_at, announced_at, completed_at, created_by } of await db
    .selectFrom('maintenance')
    .selectAll()
    .execute()) {
    if (toMs(starts_at) - toMs(announced_at) >= noticeMs)
      await db
        .updateTable('maintenance')
        .set({ excused_from: starts_at, excused_until: ends_at })
        .where('id', '=', id)
        .execute()
    if (completed_at)
      await db
        .insertInto('maintenance_change')
        .values({
          maintenance_id: id,
          number: 1,
          kind: 'completed',
          starts_at,
          ends_at,
          said: '{}',
          created_at: completed_at,
          created_by,
        })
        .execute()
  }
}
