import type { Db } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'
import { publicIncidents } from './queries.ts'

// What a publisher asks of the record to learn what changed.

/** What was announced after `seq`, up to `revision`. */
export const announcedBetween = (db: Db, seq: number, revision: number) =>
  db
    .selectFrom('outbox')
    .select(['kind', 'incidentId', 'updateId', 'createdAt'])
    .where('seq', '>', seq)
    .where('seq', '<=', revision)
    .execute()

/** What says more about something that is listed already. */
export const furtherWords: readonly string[] = [
  'incident.updated',
  'incident.resolved',
  'incident.reported',
  'affected.counted',
]

/** Whether anything but further words was announced after `seq`, up to `revision`. */
export async function listedBetween(db: Db, seq: number, revision: number): Promise<boolean> {
  const row = await db
    .selectFrom('outbox')
    .select('seq')
    .where('seq', '>', seq)
    .where('seq', '<=', revision)
    .where('kind', 'not in', furtherWords)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether any of these updates changed a service. */
export async function anyEffects(db: Db, updateIds: string[]): Promise<boolean> {
  if (!updateIds.length) return false
  const row = await db
    .selectFrom('updateEffect')
    .select('updateId')
    .where('updateId', 'in', updateIds)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The components that were renamed or moved at these instants. */
export async function changedComponents(db: Db, at: Instant[]): Promise<string[]> {
  if (!at.length) return []
  const rows = await db
    .selectFrom('audit')
    .select('subjectId')
    .where('action', '=', 'component.changed')
    .where('at', 'in', at)
    .execute()
  return [...new Set(rows.map(({ subjectId }) => subjectId))]
}

/** The components that these incidents touched. */
export async function componentsTouched(db: Db, incidentIds: string[]): Promise<string[]> {
  if (!incidentIds.length) return []
  const rows = await db
    .selectFrom('statusInterval')
    .select('componentId')
    .distinct()
    .where('incidentId', 'in', incidentIds)
    .execute()
  return rows.map(({ componentId }) => componentId)
}

/** The public incidents that touched these components, the youngest first. */
export async function incidentsTouching(
  db: Db,
  componentIds: string[],
  limit: number,
): Promise<{ id: string; code: string }[]> {
  if (!componentIds.length) return []
  return publicIncidents(db)
    .select(['id', 'code'])
    .where('id', 'in', (eb) =>
      eb.selectFrom('statusInterval').select('incidentId').where('componentId', 'in', componentIds),
    )
    .orderBy('startedAt', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** Rows of incidents as they stood before their facts were corrected, as JSON. */
export async function factsBefore(db: Db, incidentIds: string[]): Promise<string[]> {
  if (!incidentIds.length) return []
  const rows = await db
    .selectFrom('audit')
    .select('before')
    .where('subjectId', 'in', incidentIds)
    .where('action', '=', 'incident.changed')
    .execute()
  return rows.map(({ before }) => before).filter((before) => before !== null)
}

/** When the maintenances begin that were announced or changed at these instants, and when they were to begin before. */
export async function maintenancesOf(db: Db, at: Instant[]): Promise<{ id: string; startsAt: Instant }[]> {
  if (!at.length) return []
  const changes = await db
    .selectFrom('maintenanceChange')
    .select(['maintenanceId as id', 'startsAt'])
    .where('createdAt', 'in', at)
    .execute()
  const ids = changes.map(({ id }) => id)
  const now = await db
    .selectFrom('maintenance')
    .select(['id', 'startsAt'])
    .where((eb) => eb.or([eb('announcedAt', 'in', at), ...(ids.length ? [eb('id', 'in', ids)] : [])]))
    .execute()
  return [...changes, ...now]
}
