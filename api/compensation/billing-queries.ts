import type { Db, Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { Row } from '#api/db/schema.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'

/** Writes down what billing is to be told, once for each key. */
export async function insertExports(
  trx: Trx,
  now: Instant,
  rows: Pick<Row<'billingExport'>, 'key' | 'claimId' | 'offerId' | 'body'>[],
): Promise<void> {
  if (!rows.length) return
  await trx
    .insertInto('billingExport')
    .columns(['key', 'claimId', 'offerId', 'body', 'state', 'attempts', 'nextAttemptAt', 'createdAt'])
    .expression(
      trx
        .selectFrom(tableOf(trx, 'given', { key: 'text', claimId: 'text', offerId: 'text', body: 'text' }, rows))
        .select((eb) => [
          'given.key',
          'given.claimId',
          'given.offerId',
          'given.body',
          eb.val('waiting').as('state'),
          eb.lit(0).as('attempts'),
          eb.val(now).as('nextAttemptAt'),
          eb.val(now).as('createdAt'),
        ])
        .where((eb) => eb.lit(true)),
    )
    .onConflict((oc) => oc.column('key').doNothing())
    .execute()
}

/** How long one attempt may take before another worker takes the message over. */
const leaseMs = 60_000

/** Takes the next messages that are due, so that no other worker sends them meanwhile. */
export async function takeDue(db: Db, now: Instant, limit: number): Promise<Row<'billingExport'>[]> {
  const due = await db
    .selectFrom('billingExport')
    .select('key')
    .where('state', '=', 'waiting')
    .where('nextAttemptAt', '<=', now)
    .where((eb) => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<=', now)]))
    .orderBy('nextAttemptAt')
    .orderBy('key')
    .limit(limit)
    .execute()
  const taken: Row<'billingExport'>[] = []
  for (const { key } of due) {
    const row = await db
      .updateTable('billingExport')
      .set((eb) => ({ leaseUntil: plusMs(now, leaseMs), attempts: eb('attempts', '+', 1) }))
      .where('key', '=', key)
      .where('state', '=', 'waiting')
      .where((eb) => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<=', now)]))
      .returningAll()
      .executeTakeFirst()
    if (row) taken.push(row)
  }
  return taken
}

export const saveExport = (db: Db | Trx, key: string, change: Partial<Omit<Row<'billingExport'>, 'key'>>) =>
  db.updateTable('billingExport').set(change).where('key', '=', key).execute()

/** When the next message to billing is due: one that is being sent, when whoever sends it must have died. Null when none waits. */
export async function nextExportAt(db: Db): Promise<Instant | null> {
  const { free, taken } = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('billingExport')
        .select((of) => of.fn.min('nextAttemptAt').as('at'))
        .where('state', '=', 'waiting')
        .where('leaseUntil', 'is', null)
        .as('free'),
      eb
        .selectFrom('billingExport')
        .select((of) => of.fn.min('leaseUntil').as('at'))
        .where('state', '=', 'waiting')
        .as('taken'),
    ])
    .executeTakeFirstOrThrow()
  return [free, taken].filter((at) => at !== null).sort()[0] ?? null
}

/** The messages about an offer in one state, the oldest first, after a key. */
export const exportsOf = (
  db: Db,
  offerId: string,
  state: Row<'billingExport'>['state'],
  limit: number,
): Promise<Row<'billingExport'>[]> =>
  db
    .selectFrom('billingExport')
    .selectAll()
    .where('offerId', '=', offerId)
    .where('state', '=', state)
    .orderBy('createdAt')
    .orderBy('key')
    .limit(limit)
    .execute()

export async function countExports(db: Db, offerId: string): Promise<Record<Row<'billingExport'>['state'], number>> {
  const rows = await db
    .selectFrom('billingExport')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
    .where('offerId', '=', offerId)
    .groupBy('state')
    .execute()
  const counts = { waiting: 0, sent: 0, dead: 0 }
  for (const { state, count } of rows) counts[state] = Number(count)
  return counts
}

/** Lets what was given up be tried again from the beginning. How many that are. */
export const reviveExports = async (trx: Trx, offerId: string, now: Instant): Promise<number> =>
  Number(
    (
      await trx
        .updateTable('billingExport')
        .set({ state: 'waiting', attempts: 0, nextAttemptAt: now, leaseUntil: null })
        .where('offerId', '=', offerId)
        .where('state', '=', 'dead')
        .executeTakeFirst()
    ).numUpdatedRows,
  )
