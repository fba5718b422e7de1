import type { Db, Trx } from '#api/db/connect.ts'
import { plain, tableOf } from '#api/db/rows.ts'
import type { ImportKind, ImportState, NewRow, Row, RowFate } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

export const insertImport = (trx: Db | Trx, row: NewRow<'import'>) => trx.insertInto('import').values(row).execute()

export const findImport = (db: Db | Trx, id: string): Promise<Row<'import'> | undefined> =>
  db.selectFrom('import').selectAll().where('id', '=', id).executeTakeFirst()

/**
 * Changes an import that still stands where it was read: of two who work on it, or decide about it, one goes on. False
 * when it has moved on meanwhile.
 */
export async function moveImport(
  trx: Db | Trx,
  from: Pick<Row<'import'>, 'id' | 'state' | 'lineDone'>,
  to: Partial<Row<'import'>>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('import')
    .set({ state: from.state, ...to })
    .where('id', '=', from.id)
    .where('state', '=', from.state)
    .where('lineDone', '=', from.lineDone)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Marks an import that does not count yet as thrown away, wherever reading it has come to. False when it counts, or is gone. */
export async function throwAway(trx: Trx, id: string, now: Instant): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('import')
    .set({ state: 'discarded', discardedAt: now, bytesDone: 1 })
    .where('id', '=', id)
    .where('state', 'in', ['uploaded', 'reading', 'read'] satisfies ImportState[])
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export interface ImportSearch {
  kind?: ImportKind | undefined
  incidentId?: string | undefined
}

/** Imports, the newest first, before the place of a cursor. */
export const listImports = (
  db: Db,
  { kind, incidentId }: ImportSearch,
  before: { instant: Instant; id: string } | null,
  limit: number,
): Promise<Row<'import'>[]> => {
  let query = db.selectFrom('import').selectAll().orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(limit)
  if (kind !== undefined) query = query.where('kind', '=', kind)
  if (incidentId !== undefined) query = query.where('incidentId', '=', incidentId)
  if (before)
    query = query.where((eb) =>
      eb.or([
        eb('createdAt', '<', before.instant),
        eb.and([eb('createdAt', '=', before.instant), eb('id', '<', before.id)]),
      ]),
    )
  return query.execute()
}

/** The last import of the very same bytes for the same purpose that was committed, other than this one. */
export const committedTwin = (db: Db | Trx, one: Pick<Row<'import'>, 'id' | 'kind' | 'incidentId' | 'hash'>) =>
  db
    .selectFrom('import')
    .select(['id', 'committedAt', 'accepted'])
    .where('hash', '=', one.hash)
    .where('kind', '=', one.kind)
    .where('incidentId', one.incidentId === null ? 'is' : '=', one.incidentId)
    .where('id', '!=', one.id)
    .where('state', 'in', ['committing', 'committed'] satisfies ImportState[])
    .orderBy('createdAt', 'desc')
    .executeTakeFirst()

/**
 * Imports on which the program has something to do: rows to read or to apply, or, where a person has decided, bytes and
 * rows to clear away, which is when `bytesDone` still says something.
 */
export const dueImports = (db: Db): Promise<Row<'import'>[]> =>
  db
    .selectFrom('import')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('state', 'in', ['reading', 'committing'] satisfies ImportState[]),
        eb.and([
          eb('state', 'in', ['committed', 'refused', 'discarded'] satisfies ImportState[]),
          eb('bytesDone', '>', 0),
        ]),
      ]),
    )
    .orderBy('createdAt')
    .execute()

/** Uploads that were begun before an instant and never ended. */
export const brokenUploads = (db: Db, before: Instant): Promise<Row<'import'>[]> =>
  db
    .selectFrom('import')
    .selectAll()
    .where('state', '=', 'uploading' satisfies ImportState)
    .where('createdAt', '<', before)
    .execute()

export const insertPart = (db: Db, row: NewRow<'importPart'>) => db.insertInto('importPart').values(row).execute()

export const readPart = (db: Db, importId: string, number: number) =>
  db
    .selectFrom('importPart')
    .select('content')
    .where('importId', '=', importId)
    .where('number', '=', number)
    .executeTakeFirst()

/** Drops one piece of a file; false when there is none left. */
export async function dropPart(trx: Trx, importId: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('importPart')
    .where('importId', '=', importId)
    .where('number', '=', (eb) =>
      eb
        .selectFrom('importPart')
        .select((min) => min.fn.min('number').as('number'))
        .where('importId', '=', importId),
    )
    .executeTakeFirst()
  return numDeletedRows > 0n
}

const rowColumns = {
  importId: 'text',
  line: 'integer',
  fate: 'text',
  key: 'text',
  cells: 'text',
  reason: 'text',
  firstLine: 'integer',
} as const

export async function insertImportRows(trx: Trx, rows: Row<'importRow'>[]): Promise<void> {
  if (!rows.length) return
  await trx
    .insertInto('importRow')
    .columns(['importId', 'line', 'fate', 'key', 'cells', 'reason', 'firstLine'])
    .expression((eb) => eb.selectFrom(tableOf(trx, 'given', rowColumns, rows)).selectAll() as never)
    .execute()
}

/** Accepted rows of an import by what they are known by: found by that, and not among all that were accepted. */
export const acceptedByKey = (trx: Trx, importId: string, keys: string[]): Promise<Row<'importRow'>[]> =>
  keys.length
    ? trx
        .selectFrom('importRow')
        .selectAll()
        .where('importId', '=', importId)
        .where('key', 'in', keys)
        .where(plain<RowFate, 'fate'>('fate'), '=', 'accepted')
        .execute()
    : Promise.resolve([])

export const rewriteRow = (trx: Trx, importId: string, line: number, cells: string) =>
  trx.updateTable('importRow').set({ cells }).where('importId', '=', importId).where('line', '=', line).execute()

/** Rows by their line, after the line `after`. */
export const listImportRows = (
  db: Db | Trx,
  importId: string,
  fates: RowFate[],
  after: number,
  limit: number,
): Promise<Row<'importRow'>[]> =>
  db
    .selectFrom('importRow')
    .selectAll()
    .where('importId', '=', importId)
    .where('fate', 'in', fates)
    .where('line', '>', after)
    .orderBy('line')
    .limit(limit)
    .execute()

/** Drops so many rows of an import, of these fates; gives how many it were. */
export async function dropImportRows(trx: Trx, importId: string, fates: RowFate[], limit: number): Promise<number> {
  const { numDeletedRows } = await trx
    .deleteFrom('importRow')
    .where('importId', '=', importId)
    .where('line', 'in', (eb) =>
      eb
        .selectFrom('importRow')
        .select('line')
        .where('importId', '=', importId)
        .where('fate', 'in', fates)
        .orderBy('line')
        .limit(limit),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** What a person last chose for headings of such files. */
export async function rememberedHeadings(db: Db | Trx, kind: ImportKind): Promise<Map<string, string>> {
  const rows = await db.selectFrom('importHeading').selectAll().where('kind', '=', kind).execute()
  return new Map(rows.map(({ heading, field }) => [heading, field]))
}

export async function rememberHeadings(trx: Trx, rows: Row<'importHeading'>[]): Promise<void> {
  for (const row of rows)
    await trx
      .insertInto('importHeading')
      .values(row)
      .onConflict((conflict) => conflict.columns(['kind', 'heading']).doUpdateSet({ field: row.field }))
      .execute()
}
