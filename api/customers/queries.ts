import { type ExpressionBuilder, sql } from 'kysely'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row, Schema } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Contact, CustomerFacts } from './customer.ts'

/** A customer with whom to write to and what it uses. */
export interface Customer extends CustomerFacts {
  id: string
  externalId: string
  contacts: (Contact & { id: string })[]
  components: string[]
  createdAt: Instant
  updatedAt: Instant
  archivedAt: Instant | null
}

export const factsOf = (row: Row<'customer'>): CustomerFacts => ({
  name: row.name,
  plan: row.plan,
  region: row.region,
  segment: row.segment,
  key: row.keyFlag === 1,
  internal: row.internalFlag === 1,
  accountManager: row.accountManager,
  monthlyFeeMinor: row.monthlyFeeMinor,
  currency: row.currency,
  locale: row.locale,
})

/** The customers behind rows, in their order, with contacts and components. */
export async function whole(db: Db | Trx, rows: Row<'customer'>[]): Promise<Customer[]> {
  if (!rows.length) return []
  const ids = rows.map(({ id }) => id)
  const contacts = await db
    .selectFrom('customerContact')
    .selectAll()
    .where('customerId', 'in', ids)
    .orderBy('channel')
    .orderBy('address')
    .execute()
  const uses = await db
    .selectFrom('customerComponent')
    .selectAll()
    .where('customerId', 'in', ids)
    .orderBy('componentId')
    .execute()
  const contactsBy = Map.groupBy(contacts, ({ customerId }) => customerId)
  const usesBy = Map.groupBy(uses, ({ customerId }) => customerId)
  return rows.map((row) => ({
    id: row.id,
    externalId: row.externalId,
    ...factsOf(row),
    contacts: (contactsBy.get(row.id) ?? []).map(({ customerId: _, ...contact }) => contact),
    components: (usesBy.get(row.id) ?? []).map(({ componentId }) => componentId),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    archivedAt: row.archivedAt,
  }))
}

export async function findCustomer(db: Db | Trx, id: string): Promise<Customer | null> {
  const row = await db.selectFrom('customer').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? (await whole(db, [row]))[0]! : null
}

export const rowsByExternalId = (db: Db | Trx, externalIds: readonly string[]): Promise<Row<'customer'>[]> =>
  externalIds.length
    ? db.selectFrom('customer').selectAll().where('externalId', 'in', externalIds).execute()
    : Promise.resolve([])

export interface CustomerSearch {
  /** Part of a name or a number. */
  text?: string | undefined
  /** Contacts' addresses in normal form, any of which may be meant by `text`. */
  addresses?: string[] | undefined
  plan?: string | undefined
  region?: string | undefined
  segment?: string | undefined
  key?: boolean | undefined
  archived?: boolean | undefined
}

type Eb = ExpressionBuilder<Schema, 'customer'>

function soughtBy(eb: Eb, text: string, addresses: string[]) {
  const pattern = `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
  const like = (column: 'name' | 'externalId') =>
    sql<boolean>`lower(${sql.ref(`customer.${column}`)}) like ${pattern} escape '\\'`
  const byContact = addresses.length
    ? [
        eb.exists(
          eb
            .selectFrom('customerContact')
            .select('customerContact.id')
            .whereRef('customerContact.customerId', '=', 'customer.id')
            .where('customerContact.address', 'in', addresses),
        ),
      ]
    : []
  return eb.or([like('name'), like('externalId'), ...byContact])
}

const found = (db: Db | Trx, search: CustomerSearch) => {
  let query = db.selectFrom('customer').where('archivedAt', search.archived ? 'is not' : 'is', null)
  for (const name of ['plan', 'region', 'segment'] as const)
    if (search[name] !== undefined) query = query.where(name, '=', search[name])
  if (search.key !== undefined) query = query.where('keyFlag', '=', search.key ? 1 : 0)
  const { text, addresses = [] } = search
  return text ? query.where((eb) => soughtBy(eb, text, addresses)) : query
}

/** Customers by their number, after the one with the number `after`. */
export const listCustomers = (
  db: Db,
  search: CustomerSearch,
  { after, limit }: { after: string | null; limit: number },
): Promise<Row<'customer'>[]> => {
  const query = found(db, search).selectAll().orderBy('externalId').limit(limit)
  return (after === null ? query : query.where('externalId', '>', after)).execute()
}

export async function countCustomers(db: Db | Trx, search: CustomerSearch = {}): Promise<number> {
  const { count } = await found(db, search)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Which plans, regions and segments there are, each with how many customers. */
export async function customerKinds(
  db: Db,
): Promise<Record<'plan' | 'region' | 'segment', { name: string; count: number }[]>> {
  const kinds = async (column: 'plan' | 'region' | 'segment') => {
    const rows = await db
      .selectFrom('customer')
      .select([`${column} as name`, (eb) => eb.fn.countAll<number>().as('count')])
      .where('archivedAt', 'is', null)
      .where(column, '!=', '')
      .groupBy(column)
      .orderBy('count', 'desc')
      .orderBy(column)
      .limit(kindsMax)
      .execute()
    return rows.map(({ name, count }) => ({ name, count: Number(count) }))
  }
  return { plan: await kinds('plan'), region: await kinds('region'), segment: await kinds('segment') }
}
/** The most plans, regions or segments that are offered for choice. */
const kindsMax = 100

/** What most customers are charged in; null while nobody is charged anything. */
export async function usualCurrency(db: Db | Trx): Promise<string | null> {
  const row = await db
    .selectFrom('customer')
    .select('currency')
    .where('currency', 'is not', null)
    .groupBy('currency')
    .orderBy((eb) => eb.fn.countAll(), 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.currency ?? null
}
