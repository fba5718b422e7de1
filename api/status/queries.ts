import type { Db } from '#api/db/connect.ts'
import type { ComponentStatus, IncidentStatus, Row } from '#api/db/schema.ts'
import { countedSpan } from '#api/incidents/effects.ts'
import type { Instant } from '#api/lib/time.ts'
import { publicStatements } from './statement-queries.ts'

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Incidents the public may know: all but severity 3. Every query here begins with this one. */
const publicIncidents = (db: Db) => db.selectFrom('incident').where('severity', '!=', 3)

/** The number of the last change that was committed. */
export async function readRevision(db: Db): Promise<number> {
  const { value } = await db.selectFrom('meta').select('value').where('key', '=', 'revision').executeTakeFirstOrThrow()
  return Number(value)
}

/** The name this record was given when it was made. */
export async function readIdentity(db: Db): Promise<string> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', 'identity').executeTakeFirstOrThrow()
  return row.value
}

/** Open incidents and known issues, the gravest first, then the oldest. */
export const openIncidents = (db: Db): Promise<Row<'incident'>[]> =>
  publicIncidents(db)
    .selectAll()
    .where('resolvedAt', 'is', null)
    .orderBy('severity')
    .orderBy('startedAt')
    .orderBy('id')
    .execute()

/**
 * Incidents that ended at or after `from`, the youngest first. They are put in order here: asked for an order, SQLite
 * walks through the whole past in it.
 */
export async function pastIncidents(db: Db, from: Instant): Promise<Row<'incident'>[]> {
  const rows = await publicIncidents(db).selectAll().where('resolvedAt', '>=', from).execute()
  return rows.sort((a, b) => compare(b.startedAt, a.startedAt) || compare(a.id, b.id))
}

/** Incidents that began within [from, to), the youngest first. */
export const incidentsBetween = (db: Db, from: Instant, to: Instant): Promise<Row<'incident'>[]> =>
  publicIncidents(db)
    .selectAll()
    .where('startedAt', '>=', from)
    .where('startedAt', '<', to)
    .orderBy('startedAt', 'desc')
    .orderBy('id')
    .execute()

/** The public incidents that began last, the youngest first. */
export const newestIncidents = (db: Db, limit: number): Promise<Row<'incident'>[]> =>
  publicIncidents(db).selectAll().orderBy('startedAt', 'desc').orderBy('id').limit(limit).execute()

export const publicIncident = (db: Db, by: { id: string } | { code: string }) =>
  publicIncidents(db)
    .selectAll()
    .where((eb) => ('id' in by ? eb('id', '=', by.id) : eb('code', '=', by.code)))
    .executeTakeFirst()

/** The public incidents among these, in no order. */
export async function publicIncidentsOf(db: Db, ids: string[]): Promise<Row<'incident'>[]> {
  return ids.length ? publicIncidents(db).selectAll().where('id', 'in', ids).execute() : []
}

/** What the addresses of every public incident are made of, the youngest first. */
export const everyIncident = (db: Db): Promise<{ id: string; code: string }[]> =>
  publicIncidents(db).select(['id', 'code']).orderBy('startedAt', 'desc').orderBy('id').execute()

/** Every public state that reaches beyond `from`, as it counts. */
export async function statesAfter(
  db: Db,
  from: Instant,
): Promise<{ componentId: string; status: ComponentStatus; startedAt: Instant; endedAt: Instant | null }[]> {
  const rows = await db
    .selectFrom('statusInterval')
    .innerJoin('incident', 'incident.id', 'statusInterval.incidentId')
    .select([
      'statusInterval.componentId',
      'statusInterval.status',
      'statusInterval.startedAt',
      'statusInterval.endedAt',
      'incident.resolvedAt',
      'incident.endedAt as overAt',
    ])
    .where('incident.severity', '!=', 3)
    .where((eb) => eb.or([eb('statusInterval.endedAt', 'is', null), eb('statusInterval.endedAt', '>', from)]))
    .execute()
  return rows.map(({ overAt, resolvedAt, ...span }) => countedSpan(span, { endedAt: overAt, resolvedAt }))
}

/** How many of a component's last states are looked at for each update that is asked for: an update may bring several. */
const spansPerUpdate = 3

export interface AskedUpdates {
  limit: number
  componentId?: string
  status?: IncidentStatus
}

/**
 * The newest public updates, of all, of one status or of the last incidents that touched a component, with the incident
 * of each. What was said while an incident was private stays private.
 */
export async function newestUpdates(
  db: Db,
  { limit, componentId, status }: AskedUpdates,
): Promise<{ id: string; incidentId: string }[]> {
  const query = db
    .selectFrom('incidentUpdate')
    .innerJoin('incident', 'incident.id', 'incidentUpdate.incidentId')
    .select([
      'incidentUpdate.id',
      'incidentUpdate.incidentId',
      'incidentUpdate.createdAt',
      'incidentUpdate.number as place',
    ])
    .where('incident.severity', '!=', 3)
    .where('incidentUpdate.severity', '!=', 3)
    .$if(status !== undefined, (asked) => asked.where('incidentUpdate.status', '=', status!))
  if (!componentId)
    return query
      .orderBy('incidentUpdate.createdAt', 'desc')
      .orderBy('incidentUpdate.number', 'desc')
      .orderBy('incidentUpdate.id')
      .limit(limit)
      .execute()
  const spans = await db
    .selectFrom('statusInterval')
    .select('incidentId')
    .where('componentId', '=', componentId)
    .orderBy('startedAt', 'desc')
    .limit(limit * spansPerUpdate)
    .execute()
  const ids = [...new Set(spans.map(({ incidentId }) => incidentId))]
  if (!ids.length) return []
  const rows = await query.where('incidentUpdate.incidentId', 'in', ids).execute()
  return rows
    .sort((a, b) => compare(b.createdAt, a.createdAt) || b.place - a.place || compare(a.id, b.id))
    .slice(0, limit)
}

/** When the nearest incident, begun maintenance or statement before (or at and after) an instant began; null when there is none. */
export async function nearestStart(
  db: Db,
  side: 'before' | 'from',
  instant: Instant,
  now: Instant,
): Promise<Instant | null> {
  const [compare, order] = side === 'before' ? (['<', 'desc'] as const) : (['>=', 'asc'] as const)
  const incident = await publicIncidents(db)
    .select('startedAt as at')
    .where('startedAt', compare, instant)
    .orderBy('startedAt', order)
    .limit(1)
    .executeTakeFirst()
  const maintenance = await db
    .selectFrom('maintenance')
    .select('startsAt as at')
    .where('startsAt', compare, instant)
    .where('startsAt', '<=', now)
    .orderBy('startsAt', order)
    .limit(1)
    .executeTakeFirst()
  const statement = await publicStatements(db)
    .select('publishedAt as at')
    .where('publishedAt', compare, instant)
    .orderBy('publishedAt', order)
    .limit(1)
    .executeTakeFirst()
  const found = [incident?.at, maintenance?.at, statement?.at].filter((at) => typeof at === 'string').sort()
  return found.at(side === 'before' ? -1 : 0) ?? null
}

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

/** The ids of every maintenance, the latest begin first. */
export async function everyMaintenance(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('maintenance').select('id').orderBy('startsAt', 'desc').orderBy('id').execute()
  return rows.map(({ id }) => id)
}
