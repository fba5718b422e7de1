import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** Whether an offer hands out codes of another system. */
export const hasImported = async (db: Db | Trx, offerId: string): Promise<boolean> =>
  (await db
    .selectFrom('redemptionCode')
    .select('id')
    .where('offerId', '=', offerId)
    .where('source', '=', 'imported')
    .limit(1)
    .executeTakeFirst()) !== undefined

/** The next codes that nobody has, at most `limit`. The offer's row is held by whoever asks. */
export const freeCodes = (
  trx: Trx,
  offerId: string,
  limit: number,
): Promise<Pick<Row<'redemptionCode'>, 'id' | 'code'>[]> =>
  claimable(
    trx,
    trx
      .selectFrom('redemptionCode')
      .select(['id', 'code'])
      .where('offerId', '=', offerId)
      .where('state', '=', 'free')
      .orderBy('id')
      .limit(limit),
  ).execute()

/** Gives free codes to claims, one each. How many were free still. */
export async function assignCodes(
  trx: Trx,
  assignedAt: Instant,
  given: { id: string; claimId: string }[],
): Promise<number> {
  if (!given.length) return 0
  const { numUpdatedRows } = await trx
    .updateTable('redemptionCode')
    .from(tableOf(trx, 'given', { id: 'text', claimId: 'text' }, given))
    .set((eb) => ({ state: 'assigned' as const, claimId: eb.ref('given.claimId'), assignedAt }))
    .whereRef('redemptionCode.id', '=', 'given.id')
    .where('redemptionCode.state', '=', 'free')
    .executeTakeFirstOrThrow()
  return Number(numUpdatedRows)
}

const codeColumns = {
  id: 'text',
  offerId: 'text',
  code: 'text',
  hint: 'text',
  source: 'text',
  line: 'integer',
  state: 'text',
  claimId: 'text',
  createdAt: 'text',
  assignedAt: 'text',
  redeemedAt: 'text',
} as const

export async function insertCodes(trx: Trx, rows: Row<'redemptionCode'>[]): Promise<void> {
  if (!rows.length) return
  await trx
    .insertInto('redemptionCode')
    .columns(Object.keys(codeColumns) as (keyof typeof codeColumns)[])
    .expression((eb) => eb.selectFrom(tableOf(trx, 'given', codeColumns, rows)).selectAll() as never)
    .execute()
}

export type ListedCode = { id: string; code: string; hint: string; line: number }

/** Writes imported codes that no offer has yet; answers the lines of those that one has. */
export async function insertImported(
  trx: Trx,
  offerId: string,
  createdAt: Instant,
  codes: ListedCode[],
): Promise<number[]> {
  if (!codes.length) return []
  const written = await trx
    .insertInto('redemptionCode')
    .columns(['id', 'offerId', 'code', 'hint', 'source', 'line', 'state', 'createdAt'])
    .expression(
      trx
        .selectFrom(tableOf(trx, 'given', { id: 'text', code: 'text', hint: 'text', line: 'integer' }, codes))
        .select((eb) => [
          'given.id',
          eb.val(offerId).as('offerId'),
          'given.code',
          'given.hint',
          eb.val('imported').as('source'),
          'given.line',
          eb.val('free').as('state'),
          eb.val(createdAt).as('createdAt'),
        ])
        .where((eb) => eb.lit(true)),
    )
    .onConflict((oc) => oc.column('code').doNothing())
    .returning('id')
    .execute()
  const ids = new Set(written.map(({ id }) => id))
  return codes.filter(({ id }) => !ids.has(id)).map(({ line }) => line)
}

/** The code of a claim. */
export const codeOfClaim = (db: Db | Trx, claimId: string) =>
  db.selectFrom('redemptionCode').selectAll().where('claimId', '=', claimId).executeTakeFirst()

/** A code by what it may be written as in the record. */
export const findCode = (db: Db | Trx, sealed: string[]) =>
  db.selectFrom('redemptionCode').selectAll().where('code', 'in', sealed).executeTakeFirst()

export const saveCode = (trx: Trx, id: string, change: Partial<Omit<Row<'redemptionCode'>, 'id'>>) =>
  trx.updateTable('redemptionCode').set(change).where('id', '=', id).execute()

/** How many codes of an offer stand where. */
export async function countCodes(
  db: Db | Trx,
  offerId: string,
): Promise<{ source: string; state: string; count: number }[]> {
  const rows = await db
    .selectFrom('redemptionCode')
    .select((eb) => ['source', 'state', eb.fn.countAll<number>().as('count')])
    .where('offerId', '=', offerId)
    .groupBy(['source', 'state'])
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}
