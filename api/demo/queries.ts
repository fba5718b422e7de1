import type { Db, Trx } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'
import { latest } from './clock.ts'
import type { MerchantRows } from './customers.ts'
import type { Followers } from './subscribers.ts'

const rowsPerInsert = 500
const chunks = <T>(rows: T[]): T[][] =>
  Array.from({ length: Math.ceil(rows.length / rowsPerInsert) }, (_, i) =>
    rows.slice(i * rowsPerInsert, (i + 1) * rowsPerInsert),
  )

/** Writes subscribers who confirmed long ago, all at once: nobody else works on the record while it is seeded. */
export async function insertFollowers(
  trx: Trx,
  { subscribers, choices, suppressions, endpoints }: Followers,
): Promise<void> {
  for (const rows of chunks(subscribers)) await trx.insertInto('subscriber').values(rows).execute()
  for (const rows of chunks(choices)) await trx.insertInto('subscriberComponent').values(rows).execute()
  for (const rows of chunks(endpoints)) await trx.insertInto('endpoint').values(rows).execute()
  for (const rows of chunks(suppressions)) await trx.insertInto('suppression').values(rows).execute()
}

/** Writes the customers, all at once. */
export async function insertMerchants(trx: Trx, { customers, contacts, uses }: MerchantRows): Promise<void> {
  for (const rows of chunks(customers)) await trx.insertInto('customer').values(rows).execute()
  for (const rows of chunks(contacts)) await trx.insertInto('customerContact').values(rows).execute()
  for (const rows of chunks(uses)) await trx.insertInto('customerComponent').values(rows).execute()
}

const mark = 'demonstration'

/** Whether this record is the demonstration's own: marked by the last step of its seeding. */
export const isDemonstration = async (db: Db): Promise<boolean> =>
  (await db.selectFrom('meta').select('value').where('key', '=', mark).executeTakeFirst()) !== undefined

export const markDemonstration = (trx: Trx, now: Instant) =>
  trx.insertInto('meta').values({ key: mark, value: now }).execute()

/** Whether nobody has written anything yet. */
export const isEmpty = async (db: Db): Promise<boolean> =>
  (await db.selectFrom('audit').select('id').limit(1).executeTakeFirst()) === undefined

/** The youngest moment anything in the record happened at; the clock may not be set before it. */
export async function lastWritten(db: Db): Promise<Instant> {
  const found = await Promise.all([
    db
      .selectFrom('audit')
      .select((eb) => eb.fn.max('at').as('last'))
      .executeTakeFirst(),
    db
      .selectFrom('outbox')
      .select((eb) => eb.fn.max('createdAt').as('last'))
      .executeTakeFirst(),
    db
      .selectFrom('delivery')
      .select((eb) => eb.fn.max('updatedAt').as('last'))
      .executeTakeFirst(),
    db
      .selectFrom('subscriber')
      .select((eb) => eb.fn.max('createdAt').as('last'))
      .executeTakeFirst(),
  ])
  return latest(...found.map((row) => row?.last ?? ''))
}

/** Whether something that was announced by now is still on its way to somebody. */
export async function isTelling(db: Db, now: Instant): Promise<boolean> {
  const { some } = await db
    .selectNoFrom((eb) =>
      eb
        .or([
          eb.exists(eb.selectFrom('outbox').select('takenAt').where('takenAt', 'is', null)),
          eb.exists(eb.selectFrom('offer').select('id').where('state', '=', 'live').where('preparedAt', 'is', null)),
          eb.exists(
            eb
              .selectFrom('notice')
              .select('id')
              .where('frozenAt', 'is', null)
              .where('endedAt', 'is', null)
              .where('heldAt', 'is', null)
              .where('dueAt', '<=', now),
          ),
          eb.exists(eb.selectFrom('batch').select('id').where('state', 'in', ['ready', 'sending'])),
        ])
        .as('some'),
    )
    .executeTakeFirstOrThrow()
  return Boolean(some)
}

/** The incident with this code and what has been said on it, oldest first. */
export async function findTold(
  db: Db,
  code: string,
): Promise<{ id: string; resolved: boolean; bodies: string[] } | null> {
  const incident = await db
    .selectFrom('incident')
    .select(['id', 'resolvedAt'])
    .where('code', '=', code)
    .executeTakeFirst()
  if (!incident) return null
  const updates = await db
    .selectFrom('incidentUpdate')
    .select('body')
    .where('incidentId', '=', incident.id)
    .orderBy('number')
    .execute()
  return { id: incident.id, resolved: incident.resolvedAt !== null, bodies: updates.map(({ body }) => body) }
}

/** Takes every table away, whatever refers to what; for "start over" on a database server. */
export async function dropEverything(db: Db): Promise<void> {
  let tables = (await db.introspection.getTables({ withInternalKyselyTables: true })).map(({ name }) => name)
  const bare = db.withoutPlugins()
  while (tables.length) {
    const left: string[] = []
    for (const table of tables)
      await bare.schema
        .dropTable(table)
        .execute()
        .catch(() => left.push(table))
    if (left.length === tables.length) throw new Error(`These tables could not be dropped: ${left.join(', ')}.`)
    tables = left
  }
}
