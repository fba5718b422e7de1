import type { Db } from '#api/db/connect.ts'
import type { ComponentStatus, IncidentStatus, Row } from '#api/db/schema.ts'
import { countedSpan } from '#api/incidents/effects.ts'
import type { Instant } from '#api/lib/time.ts'
import { publicStatements } from './statement-queries.ts'

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Incidents the public may know: all but severity 3. Every query here begins with this one. */
export const publicIncidents = (db: Db) => db.selectFrom('incident').where('severity', '!=', 3)

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

/** What the addresses of so many public incidents are made of, the youngest first; they begin after `after`. */
export function incidentsAfter(
  db: Db,
  after: { startedAt: Instant; id: string } | null,
  limit: number,
): Promise<{ id: string; code: string; startedAt: Instant }[]> {
  let query = publicIncidents(db).select(['id', 'code', 'startedAt'])
  if (after)
    query = query.where((eb) =>
      eb.and([
        eb('startedAt', '<=', after.startedAt),
        eb.or([eb('startedAt', '<', after.startedAt), eb('id', '>', after.id)]),
      ]),
    )
  return query.orderBy('startedAt', 'desc').orderBy('id').limit(limit).execute()
}

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

/** The ids of every maintenance, the latest begin first. */
export async function everyMaintenance(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('maintenance').select('id').orderBy('startsAt', 'desc').orderBy('id').execute()
  return rows.map(({ id }) => id)
}
