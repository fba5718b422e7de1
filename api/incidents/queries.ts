import type { Db, Trx } from '#api/db/connect.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Span } from './effects.ts'
import { type Incident, type NamedEffect, type NamedInterval, showIncident } from './show.ts'

export const findIncidentRow = (db: Db | Trx, id: string) =>
  db.selectFrom('incident').selectAll().where('id', '=', id).executeTakeFirst()

/** Reads an incident and holds it until the transaction ends, so that two updates take turns. */
export const holdIncident = (trx: Trx, id: string): Promise<Row<'incident'> | undefined> =>
  trx
    .updateTable('incident')
    .set((eb) => ({ status: eb.ref('status') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export const codeIsTaken = async (trx: Trx, code: string): Promise<boolean> =>
  (await trx.selectFrom('incident').select('id').where('code', '=', code).executeTakeFirst()) !== undefined

/** One page of incidents, the youngest first; the page begins after `after`. */
export function listIncidents(
  db: Db | Trx,
  page: { status?: 'open' | 'resolved' | undefined; after: { startedAt: Instant; id: string } | null; limit: number },
): Promise<Row<'incident'>[]> {
  let query = db.selectFrom('incident').selectAll().orderBy('startedAt', 'desc').orderBy('id', 'desc').limit(page.limit)
  if (page.status) query = query.where('resolvedAt', page.status === 'open' ? 'is' : 'is not', null)
  const { after } = page
  if (after)
    query = query.where((eb) =>
      eb.or([
        eb('startedAt', '<', after.startedAt),
        eb.and([eb('startedAt', '=', after.startedAt), eb('id', '<', after.id)]),
      ]),
    )
  return query.execute()
}

/** The updates of these incidents, oldest first. */
export async function updatesOf(db: Db | Trx, incidentIds: string[]): Promise<Row<'incidentUpdate'>[]> {
  if (!incidentIds.length) return []
  return db
    .selectFrom('incidentUpdate')
    .selectAll()
    .where('incidentId', 'in', incidentIds)
    .orderBy('incidentId')
    .orderBy('number')
    .execute()
}

/** What the updates of these incidents changed, component by component. */
export async function effectsOf(db: Db | Trx, incidentIds: string[]): Promise<NamedEffect[]> {
  if (!incidentIds.length) return []
  return db
    .selectFrom('updateEffect')
    .innerJoin('incidentUpdate', 'incidentUpdate.id', 'updateEffect.updateId')
    .innerJoin('component', 'component.id', 'updateEffect.componentId')
    .selectAll('updateEffect')
    .select('component.name')
    .where('incidentUpdate.incidentId', 'in', incidentIds)
    .orderBy('updateEffect.updateId')
    .orderBy('updateEffect.componentId')
    .execute()
}

/** The states in which these incidents held components, open ones too, in the order they began. */
export async function intervalsOf(db: Db | Trx, incidentIds: string[]): Promise<NamedInterval[]> {
  if (!incidentIds.length) return []
  return db
    .selectFrom('statusInterval')
    .innerJoin('component', 'component.id', 'statusInterval.componentId')
    .selectAll('statusInterval')
    .select('component.name')
    .where('statusInterval.incidentId', 'in', incidentIds)
    .orderBy('statusInterval.startedAt')
    .orderBy('component.position')
    .orderBy('statusInterval.id')
    .execute()
}

/** Whole incidents for these rows, in their order. */
export async function readWholes(db: Db | Trx, rows: Row<'incident'>[]): Promise<Incident[]> {
  const ids = rows.map(({ id }) => id)
  const parts = {
    updates: await updatesOf(db, ids),
    effects: await effectsOf(db, ids),
    intervals: await intervalsOf(db, ids),
  }
  return rows.map((row) => showIncident(row, parts))
}

/** A whole incident as staff read it; null when there is none. */
export async function readWhole(db: Db | Trx, id: string): Promise<Incident | null> {
  const row = await findIncidentRow(db, id)
  return row ? ((await readWholes(db, [row]))[0] ?? null) : null
}

export const insertIncident = (trx: Trx, row: NewRow<'incident'>) => trx.insertInto('incident').values(row).execute()
export const saveIncident = (trx: Trx, { id, ...row }: Row<'incident'>) =>
  trx.updateTable('incident').set(row).where('id', '=', id).execute()
export const insertUpdate = (trx: Trx, row: NewRow<'incidentUpdate'>) =>
  trx.insertInto('incidentUpdate').values(row).execute()

export async function insertEffects(trx: Trx, rows: NewRow<'updateEffect'>[]): Promise<void> {
  if (rows.length) await trx.insertInto('updateEffect').values(rows).execute()
}

export async function insertIntervals(trx: Trx, rows: NewRow<'statusInterval'>[]): Promise<void> {
  if (rows.length) await trx.insertInto('statusInterval').values(rows).execute()
}

/** Writes when an interval began and ended. */
export const saveSpan = (trx: Trx, { id, startedAt, endedAt }: Span & { id: string }) =>
  trx.updateTable('statusInterval').set({ startedAt, endedAt }).where('id', '=', id).execute()
