import type { Db, Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Rule } from './rule.ts'

const affectedColumns = {
  listId: 'text',
  customerId: 'text',
  minutes: 'integer',
  feeMinor: 'bigint',
  amountMinor: 'bigint',
  line: 'integer',
} as const

export async function insertAffected(trx: Trx, rows: Row<'affectedCustomer'>[]): Promise<void> {
  if (!rows.length) return
  await trx
    .insertInto('affectedCustomer')
    .columns(['listId', 'customerId', 'minutes', 'feeMinor', 'amountMinor', 'line'])
    .expression((eb) => eb.selectFrom(tableOf(trx, 'given', affectedColumns, rows)).selectAll())
    .execute()
}

export const affectedAmong = (trx: Trx, listId: string, ids: string[]): Promise<Row<'affectedCustomer'>[]> =>
  ids.length
    ? trx
        .selectFrom('affectedCustomer')
        .selectAll()
        .where('listId', '=', listId)
        .where('customerId', 'in', ids)
        .execute()
    : Promise.resolve([])

export const rewriteAffected = (trx: Trx, { listId, customerId, ...values }: Row<'affectedCustomer'>) =>
  trx
    .updateTable('affectedCustomer')
    .set(values)
    .where('listId', '=', listId)
    .where('customerId', '=', customerId)
    .execute()

/** Drops so many customers from under a list that does not count; gives how many it were. */
export async function dropAffected(trx: Trx, listId: string, limit: number): Promise<number> {
  const { numDeletedRows } = await trx
    .deleteFrom('affectedCustomer')
    .where('listId', '=', listId)
    .where('customerId', 'in', (eb) =>
      eb.selectFrom('affectedCustomer').select('customerId').where('listId', '=', listId).limit(limit),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** Whose number or address this is, for each that anybody has. An address may be several customers'. */
export async function customersBehind(
  db: Db | Trx,
  externalIds: string[],
  emails: string[],
): Promise<{ byNumber: Map<string, string>; byEmail: Map<string, string[]> }> {
  const numbers = externalIds.length
    ? await db.selectFrom('customer').select(['id', 'externalId']).where('externalId', 'in', externalIds).execute()
    : []
  const addresses = emails.length
    ? await db
        .selectFrom('customerContact')
        .select(['customerId', 'address'])
        .where('address', 'in', emails)
        .where('channel', '=', 'email')
        .execute()
    : []
  const byEmail = new Map<string, string[]>()
  for (const { address, customerId } of addresses) byEmail.set(address, [...(byEmail.get(address) ?? []), customerId])
  return { byNumber: new Map(numbers.map(({ id, externalId }) => [externalId, id])), byEmail }
}

/** Customers that fit a rule, by id, after the id `after`. The company's own and those that are gone never do. */
export const fittingRule = (db: Db | Trx, rule: Rule, after: string, limit: number): Promise<{ id: string }[]> => {
  let query = db
    .selectFrom('customer')
    .select('customer.id')
    .where('customer.archivedAt', 'is', null)
    .where('customer.internalFlag', '=', 0)
    .where('customer.id', '>', after)
    .orderBy('customer.id')
    .limit(limit)
  for (const [column, words] of [
    ['plan', rule.plans],
    ['region', rule.regions],
    ['segment', rule.segments],
  ] as const)
    if (words.length) query = query.where(column, 'in', words)
  if (rule.components.length)
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('customerComponent')
          .select('customerComponent.componentId')
          .whereRef('customerComponent.customerId', '=', 'customer.id')
          .where('customerComponent.componentId', 'in', rule.components),
      ),
    )
  return query.execute()
}

/** The services that an incident's updates have named, by id. */
export async function touchedComponents(db: Db | Trx, incidentId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('updateEffect')
    .innerJoin('incidentUpdate', 'incidentUpdate.id', 'updateEffect.updateId')
    .select('updateEffect.componentId')
    .distinct()
    .where('incidentUpdate.incidentId', '=', incidentId)
    .execute()
  return rows.map(({ componentId }) => componentId)
}

export const incidentThere = (db: Db | Trx, id: string) =>
  db.selectFrom('incident').select(['id', 'title']).where('id', '=', id).executeTakeFirst()

export const insertList = (trx: Trx, row: NewRow<'affectedList'>) =>
  trx.insertInto('affectedList').values(row).execute()

export const findList = (db: Db | Trx, id: string): Promise<Row<'affectedList'> | undefined> =>
  db.selectFrom('affectedList').selectAll().where('id', '=', id).executeTakeFirst()

/** The lists of an incident, the newest first; the discarded ones too. */
export const listLists = (db: Db | Trx, incidentId: string): Promise<Row<'affectedList'>[]> =>
  db
    .selectFrom('affectedList')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .orderBy('createdAt', 'desc')
    .orderBy('id')
    .execute()

/** Offers of an incident that choose from this list and are more than a draft. */
export async function offersUsing(trx: Trx, { id, incidentId }: Row<'affectedList'>): Promise<{ id: string }[]> {
  const offers = await trx
    .selectFrom('offer')
    .select(['id', 'eligibility'])
    .where('incidentId', '=', incidentId)
    .where('state', 'not in', ['draft', 'cancelled'])
    .execute()
  return offers.filter(({ eligibility }) => fromJson<{ listId: string | null }>(eligibility).listId === id)
}

export const discard = (trx: Trx, id: string, discardedAt: Instant) =>
  trx.updateTable('affectedList').set({ discardedAt }).where('id', '=', id).execute()

/** How many customers of each plan stand under a list, also while it is in the making. */
export async function countsByPlan(db: Db, listId: string): Promise<{ plan: string; count: number }[]> {
  const rows = await db
    .selectFrom('affectedCustomer')
    .innerJoin('customer', 'customer.id', 'affectedCustomer.customerId')
    .select(['customer.plan', (eb) => eb.fn.countAll<number>().as('count')])
    .where('affectedCustomer.listId', '=', listId)
    .groupBy('customer.plan')
    .orderBy('count', 'desc')
    .orderBy('customer.plan')
    .execute()
  return rows.map(({ plan, count }) => ({ plan, count: Number(count) }))
}

/** Who stands under a list, by number, after the one with the number `after`. */
export const listAffected = (db: Db, listId: string, after: string | null, limit: number) => {
  const query = db
    .selectFrom('affectedCustomer')
    .innerJoin('customer', 'customer.id', 'affectedCustomer.customerId')
    .select(['customer.id', 'customer.externalId', 'customer.name', 'customer.plan', 'customer.region'])
    .select(['customer.currency', 'customer.internalFlag', 'affectedCustomer.minutes', 'affectedCustomer.feeMinor'])
    .select(['affectedCustomer.amountMinor', 'affectedCustomer.line'])
    .where('affectedCustomer.listId', '=', listId)
    .orderBy('customer.externalId')
    .limit(limit)
  return (after === null ? query : query.where('customer.externalId', '>', after)).execute()
}
