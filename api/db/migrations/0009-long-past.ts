import type { Kysely } from 'kysely'

/** What every publish asks for is found without looking through the past, however long it is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const index = (name: string, table: string, columns: string[]) =>
    schema.createIndex(name).on(table).columns(columns).execute()
  await schema.dropIndex('incident_update_created_at').execute()
  await index('incident_update_newest', 'incident_update', ['created_at', 'number'])
  await index('incident_update_newest_of_status', 'incident_update', ['status', 'created_at', 'number'])
  await index('maintenance_pending', 'maintenance', ['completed_at', 'starts_at'])
  await index('maintenance_announced', 'maintenance', ['announced_at'])
  await index('maintenance_excused', 'maintenance', ['excused_until'])
}
