import type { App } from '#api/app.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row, RowFate } from '#api/db/schema.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import { affectedAmong, customersBehind, insertAffected, rewriteAffected } from './affected-queries.ts'
import type { Field } from './columns.ts'
import { type CustomerFacts, differing, merged, type NewCustomer } from './customer.ts'
import type { TableRow } from './delimited.ts'
import { type Finding, quoted, RowFault } from './finding.ts'
import { acceptedByKey, insertImportRows, rewriteRow } from './import-queries.ts'
import { rowsByExternalId } from './queries.ts'
import { type AffectedRow, type Reading, readAffected, readCustomer } from './read-row.ts'

/** What became of the rows of one piece. */
export type Counts = Record<'rows' | 'accepted' | 'rejected' | 'duplicates' | 'unknown', number>

/** A cell is kept up to so many characters in the report of a row that is not used. */
const keptCellMax = 200

interface Good<T> {
  row: TableRow
  said: T
}

/** Reads each row; one that cannot be used becomes a row of the report. */
function readAll<T>(importId: string, rows: TableRow[], read: (row: TableRow) => T) {
  const good: Good<T>[] = []
  const bad: Row<'importRow'>[] = []
  for (const row of rows)
    try {
      good.push({ row, said: read(row) })
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
      bad.push(reported(importId, row, 'rejected', error.findings))
    }
  return { good, bad }
}

const reported = (
  importId: string,
  { line, cells }: TableRow,
  fate: RowFate,
  findings: Finding[],
  firstLine: number | null = null,
): Row<'importRow'> => ({
  importId,
  line,
  fate,
  key: null,
  cells: toJson(cells.map((cell) => cell.slice(0, keptCellMax))),
  reason: toJson(findings),
  firstLine,
})

/** A piece that is ready to be written: what is read is read before the transaction, which only writes. */
export type Piece = (trx: Trx) => Promise<Counts>

/** Prepares rows of a list of affected customers to be written under the list that they will be. */
export async function affectedPiece(
  db: Db,
  { id: importId, listId }: Pick<Row<'import'>, 'id' | 'listId'>,
  rows: TableRow[],
  reading: Reading,
): Promise<Piece> {
  const { good, bad } = readAll(importId, rows, (row) => readAffected(row, reading))
  const numbers = good.flatMap(({ said }) => (said.externalId === null ? [] : [said.externalId]))
  const emails = good.flatMap(({ said }) => (said.email === null ? [] : [said.email]))
  const behind = await customersBehind(db, numbers, emails)
  const known: (Good<AffectedRow> & { customerId: string })[] = []
  let unknown = 0
  for (const { row, said } of good) {
    const { externalId, email } = said
    const ids = externalId !== null ? [behind.byNumber.get(externalId)] : (behind.byEmail.get(email ?? '') ?? [])
    const [customerId] = ids
    if (ids.length > 1)
      bad.push(reported(importId, row, 'rejected', [{ code: 'sharedAddress', address: email!, count: ids.length }]))
    else if (customerId === undefined) {
      unknown++
      const finding: Finding =
        externalId !== null
          ? { code: 'unknownId', id: quoted(externalId) }
          : { code: 'unknownAddress', address: quoted(email ?? '') }
      bad.push(reported(importId, row, 'unknown', [finding]))
    } else known.push({ row, said, customerId })
  }
  return async (trx) => {
    const there = await affectedAmong(trx, listId!, [...new Set(known.map(({ customerId }) => customerId))])
    const first = new Map(there.map((one) => [one.customerId, one]))
    const fresh: Row<'affectedCustomer'>[] = []
    const filled = new Set<Row<'affectedCustomer'>>()
    const doubles: Row<'importRow'>[] = []
    for (const { row, said, customerId } of known) {
      const counted = first.get(customerId)
      if (!counted) {
        const { minutes, feeMinor, amountMinor } = said
        const one = { listId: listId!, customerId, minutes, feeMinor, amountMinor, line: row.line }
        fresh.push(one)
        first.set(customerId, one)
        continue
      }
      const finding = fill(counted, said)
      if (finding.code === 'duplicateFilled' && !fresh.includes(counted)) filled.add(counted)
      doubles.push(reported(importId, row, 'duplicate', [finding], counted.line))
    }
    await insertAffected(trx, fresh)
    for (const one of filled) await rewriteAffected(trx, one)
    await insertImportRows(trx, [...bad, ...doubles])
    return {
      rows: rows.length,
      accepted: fresh.length,
      rejected: bad.length - unknown,
      duplicates: doubles.length,
      unknown,
    }
  }
}

/** The first line counts; what it leaves open is taken from the later one, and where they differ, that is said. */
function fill(counted: Row<'affectedCustomer'>, later: AffectedRow): Finding {
  const line = counted.line ?? 0
  const names = { minutes: 'minutes', feeMinor: 'fee', amountMinor: 'amount' } as const
  const keys = Object.keys(names) as (keyof typeof names)[]
  const open = keys.filter((key) => counted[key] === null && later[key] !== null)
  const other = keys.filter((key) => counted[key] !== null && later[key] !== null && counted[key] !== later[key])
  for (const key of open) counted[key] = later[key]
  const named = (list: typeof keys) => list.map((key) => names[key]).join(', ')
  if (other.length) return { code: 'duplicateDiffers', line, fields: named(other) }
  return open.length ? { code: 'duplicateFilled', line, fields: named(open) } : { code: 'duplicate', line }
}

/** The column that a fact of a customer stands in. */
const fieldOf: Record<keyof CustomerFacts, Field> = {
  name: 'name',
  plan: 'plan',
  region: 'region',
  segment: 'segment',
  key: 'key',
  internal: 'internal',
  accountManager: 'account_manager',
  monthlyFeeMinor: 'monthly_fee',
  currency: 'currency',
  locale: 'language',
}

/** Prepares rows about customers: they wait in the record until a person commits them. */
export async function customerPiece(
  app: Pick<App, 'db'>,
  { id: importId }: Pick<Row<'import'>, 'id'>,
  rows: TableRow[],
  reading: Reading,
): Promise<Piece> {
  const { good, bad } = readAll(importId, rows, (row) => readCustomer(row, reading))
  const numbers = [...new Set(good.map(({ said }) => said.externalId))]
  const registered = new Set((await rowsByExternalId(app.db, numbers)).map(({ externalId }) => externalId))
  return async (trx) => {
    const there = await acceptedByKey(trx, importId, numbers)
    const first = new Map(there.map(({ key, line, cells }) => [key, { line, said: fromJson<NewCustomer>(cells!) }]))
    const fresh = new Map<string, { line: number; said: NewCustomer }>()
    const rewritten = new Map<number, NewCustomer>()
    const doubles: Row<'importRow'>[] = []
    for (const { row, said } of good) {
      const counted = first.get(said.externalId)
      if (!counted) {
        const one = { line: row.line, said }
        fresh.set(said.externalId, one)
        first.set(said.externalId, one)
        continue
      }
      const fields = differing(counted.said, said).map((fact) => fieldOf[fact])
      counted.said = merged(counted.said, said)
      if (!fresh.has(said.externalId)) rewritten.set(counted.line, counted.said)
      const { line } = counted
      const finding: Finding = fields.length
        ? { code: 'duplicateDiffers', line, fields: fields.join(', ') }
        : { code: 'duplicate', line }
      doubles.push(reported(importId, row, 'duplicate', [finding], line))
    }
    const accepted = [...fresh].map(
      ([key, { line, said }]): Row<'importRow'> => ({
        importId,
        line,
        fate: 'accepted',
        key,
        cells: toJson(said),
        reason: null,
        firstLine: null,
      }),
    )
    await insertImportRows(trx, [...accepted, ...bad, ...doubles])
    for (const [line, said] of rewritten) await rewriteRow(trx, importId, line, toJson(said))
    const unknown = accepted.filter(({ key }) => !registered.has(key ?? '')).length
    return { rows: rows.length, accepted: accepted.length, rejected: bad.length, duplicates: doubles.length, unknown }
  }
}
