import type { Db, Trx } from '#api/db/connect.ts'
import type { ComponentStatus, NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import { gravest } from './component.ts'
import { type Component, showComponent } from './show.ts'

/** The groups in the order of the page. */
export const listGroups = (db: Db | Trx): Promise<Row<'componentGroup'>[]> =>
  db.selectFrom('componentGroup').selectAll().orderBy('position').orderBy('id').execute()

export const findGroup = (db: Db | Trx, id: string) =>
  db.selectFrom('componentGroup').selectAll().where('id', '=', id).executeTakeFirst()

/** The components that are in use, in the order of the page. */
export const listComponents = (db: Db | Trx): Promise<Row<'component'>[]> =>
  db
    .selectFrom('component')
    .innerJoin('componentGroup', 'componentGroup.id', 'component.groupId')
    .selectAll('component')
    .where('component.archivedAt', 'is', null)
    .orderBy('componentGroup.position')
    .orderBy('component.position')
    .orderBy('component.id')
    .execute()

/** Reads a component and holds it until the transaction ends. */
export const holdComponent = (trx: Trx, id: string): Promise<Row<'component'> | undefined> =>
  trx
    .updateTable('component')
    .set((eb) => ({ position: eb.ref('position') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

/** Of these ids, the ones that are components in use. */
export async function knownComponents(db: Db | Trx, ids: string[]): Promise<Set<string>> {
  if (!ids.length) return new Set()
  const rows = await db
    .selectFrom('component')
    .select('id')
    .where('id', 'in', ids)
    .where('archivedAt', 'is', null)
    .execute()
  return new Set(rows.map(({ id }) => id))
}

/**
 * The state each component is in now: the gravest that any open incident holds it in, or maintenance while an announced
 * window covers it. A component that is missing is operational. `publicOnly` leaves out what is private.
 */
export async function currentStatuses(
  db: Db | Trx,
  now: Instant,
  { publicOnly }: { publicOnly: boolean },
): Promise<Map<string, ComponentStatus>> {
  let held = db
    .selectFrom('statusInterval')
    .innerJoin('incident', 'incident.id', 'statusInterval.incidentId')
    .select(['statusInterval.componentId', 'statusInterval.status'])
    .where('statusInterval.endedAt', 'is', null)
  if (publicOnly) held = held.where('incident.severity', '!=', 3)
  const covered = await db
    .selectFrom('maintenanceComponent')
    .innerJoin('maintenance', 'maintenance.id', 'maintenanceComponent.maintenanceId')
    .select('maintenanceComponent.componentId')
    .where('maintenance.startsAt', '<=', now)
    .where('maintenance.endsAt', '>', now)
    .where('maintenance.completedAt', 'is', null)
    .where('maintenance.cancelledAt', 'is', null)
    .execute()
  const statuses = new Map<string, ComponentStatus>()
  const add = (id: string, status: ComponentStatus) =>
    statuses.set(id, gravest([statuses.get(id) ?? 'operational', status]))
  for (const { componentId, status } of await held.execute()) add(componentId, status)
  for (const { componentId } of covered) add(componentId, 'under_maintenance')
  return statuses
}

/** The components in use as staff read them, in the order of the page. */
export async function readComponents(db: Db | Trx, now: Instant): Promise<Component[]> {
  const groups = new Map((await listGroups(db)).map((group) => [group.id, group]))
  const statuses = await currentStatuses(db, now, { publicOnly: false })
  return (await listComponents(db)).map((row) => showComponent(row, groups.get(row.groupId)!, statuses.get(row.id)))
}

/** The position after the last one. */
export async function nextPosition(trx: Trx, table: 'component' | 'componentGroup'): Promise<number> {
  const { last } = await trx
    .selectFrom(table)
    .select((eb) => eb.fn.max('position').as('last'))
    .executeTakeFirstOrThrow()
  return Number(last ?? 0) + 1
}

export const insertGroup = (trx: Trx, row: NewRow<'componentGroup'>) =>
  trx.insertInto('componentGroup').values(row).execute()
export const insertComponent = (trx: Trx, row: NewRow<'component'>) => trx.insertInto('component').values(row).execute()
export const saveComponent = (trx: Trx, { id, ...row }: Row<'component'>) =>
  trx.updateTable('component').set(row).where('id', '=', id).execute()
