import type { Db, Trx } from '#api/db/connect.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

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

/** The maintenances that are not completed, the next one first. */
export const pendingMaintenances = (db: Db | Trx) =>
  db.selectFrom('maintenance').selectAll().where('completedAt', 'is', null).orderBy('startsAt').orderBy('id').execute()

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

/** Every announced window on a component that reaches beyond `from`. */
export const windowsAfter = (db: Db | Trx, from: Instant) =>
  db
    .selectFrom('maintenance')
    .innerJoin('maintenanceComponent', 'maintenanceComponent.maintenanceId', 'maintenance.id')
    .select(['componentId', 'startsAt', 'endsAt', 'announcedAt', 'completedAt'])
    .where('endsAt', '>', from)
    .execute()

/** The components of these maintenances, with their names as JSON, in the order of the page. */
export async function componentsOf(
  db: Db | Trx,
  maintenanceIds: string[],
): Promise<{ maintenanceId: string; id: string; name: string }[]> {
  if (!maintenanceIds.length) return []
  return db
    .selectFrom('maintenanceComponent')
    .innerJoin('component', 'component.id', 'maintenanceComponent.componentId')
    .select(['maintenanceComponent.maintenanceId', 'component.id', 'component.name'])
    .where('maintenanceComponent.maintenanceId', 'in', maintenanceIds)
    .orderBy('component.position')
    .orderBy('component.id')
    .execute()
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
