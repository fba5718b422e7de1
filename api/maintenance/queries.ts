import type { Db, Trx } from '#api/db/connect.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { MaintenanceParts } from './show.ts'

export const holdMaintenance = (trx: Trx, id: string): Promise<Row<'maintenance'> | undefined> =>
  trx
    .updateTable('maintenance')
    .set((eb) => ({ status: eb.ref('status') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export const findMaintenance = (db: Db | Trx, id: string) =>
  db.selectFrom('maintenance').selectAll().where('id', '=', id).executeTakeFirst()

/** One page of maintenances, the latest start first; the page begins after `after`. */
export function listMaintenances(
  db: Db | Trx,
  page: { after: { startsAt: Instant; id: string } | null; limit: number },
): Promise<Row<'maintenance'>[]> {
  const { after } = page
  let query = db
    .selectFrom('maintenance')
    .selectAll()
    .orderBy('startsAt', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
  if (after)
    query = query.where((eb) =>
      eb.or([
        eb('startsAt', '<', after.startsAt),
        eb.and([eb('startsAt', '=', after.startsAt), eb('id', '<', after.id)]),
      ]),
    )
  return query.execute()
}

/** The maintenances that are still to come or to be completed, the next one first. */
export const pendingMaintenances = (db: Db | Trx) =>
  db
    .selectFrom('maintenance')
    .selectAll()
    .where('completedAt', 'is', null)
    .where('cancelledAt', 'is', null)
    .orderBy('startsAt')
    .orderBy('id')
    .execute()

/** The same, and those that were cancelled, until their announced end: whoever planned for one must see that it is off. */
export const expectedMaintenances = (db: Db | Trx, now: Instant) =>
  db
    .selectFrom('maintenance')
    .selectAll()
    .where('completedAt', 'is', null)
    .where((eb) => eb.or([eb('cancelledAt', 'is', null), eb('endsAt', '>', now)]))
    .orderBy('startsAt')
    .orderBy('id')
    .execute()

/** The maintenances that started within [from, to), oldest first. */
export const maintenancesBetween = (db: Db | Trx, from: Instant, to: Instant) =>
  db
    .selectFrom('maintenance')
    .selectAll()
    .where('startsAt', '>=', from)
    .where('startsAt', '<', to)
    .orderBy('startsAt')
    .orderBy('id')
    .execute()

/** Every window on a component that was announced in time and reaches beyond `from`. */
export const windowsAfter = (db: Db | Trx, from: Instant) =>
  db
    .selectFrom('maintenance')
    .innerJoin('maintenanceComponent', 'maintenanceComponent.maintenanceId', 'maintenance.id')
    .select(['componentId', 'excusedFrom', 'excusedUntil', 'completedAt', 'cancelledAt'])
    .where('excusedUntil', '>', from)
    .execute()

/** The components of these maintenances, with their names as JSON, in the order of the page, and what became of each. */
export async function partsOf(db: Db | Trx, maintenanceIds: string[]): Promise<MaintenanceParts> {
  if (!maintenanceIds.length) return { components: [], changes: [] }
  const changes = await db
    .selectFrom('maintenanceChange')
    .selectAll()
    .where('maintenanceId', 'in', maintenanceIds)
    .orderBy('number')
    .execute()
  const components = await db
    .selectFrom('maintenanceComponent')
    .innerJoin('component', 'component.id', 'maintenanceComponent.componentId')
    .select(['maintenanceComponent.maintenanceId', 'component.id', 'component.name'])
    .where('maintenanceComponent.maintenanceId', 'in', maintenanceIds)
    .orderBy('component.position')
    .orderBy('component.id')
    .execute()
  return { components, changes }
}

export async function insertMaintenance(
  trx: Trx,
  row: NewRow<'maintenance'>,
  componentIds: readonly string[],
): Promise<void> {
  await trx.insertInto('maintenance').values(row).execute()
  if (componentIds.length)
    await trx
      .insertInto('maintenanceComponent')
      .values(componentIds.map((componentId) => ({ maintenanceId: row.id, componentId })))
      .execute()
}

export const saveMaintenance = (trx: Trx, { id, ...row }: Row<'maintenance'>) =>
  trx.updateTable('maintenance').set(row).where('id', '=', id).execute()

/** Writes what became of a maintenance down behind what is there already. */
export async function appendChange(trx: Trx, row: Omit<Row<'maintenanceChange'>, 'number'>): Promise<void> {
  const { last } = await trx
    .selectFrom('maintenanceChange')
    .select((eb) => eb.fn.max('number').as('last'))
    .where('maintenanceId', '=', row.maintenanceId)
    .executeTakeFirstOrThrow()
  await trx
    .insertInto('maintenanceChange')
    .values({ ...row, number: Number(last ?? 0) + 1 })
    .execute()
}
