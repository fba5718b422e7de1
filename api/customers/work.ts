import type { App } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import { listComponents } from '#api/components/queries.ts'
import { type Trx, writeLock } from '#api/db/connect.ts'
import { letOthersWrite } from '#api/db/rest.ts'
import type { Row } from '#api/db/schema.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import { crashPoint } from '#api/notices/crash.ts'
import type { Words } from '#content/locales.ts'
import { parserOf } from './actions.ts'
import { dropAffected, fittingRule, insertAffected } from './affected-queries.ts'
import type { Mapping } from './columns.ts'
import type { NewCustomer } from './customer.ts'
import { type Delimiter, TableFault, type TableRow } from './delimited.ts'
import type { Encoding } from './encoding.ts'
import type { Finding } from './finding.ts'
import { dropImportRows, dueImports, findImport, listImportRows, moveImport } from './import-queries.ts'
import { importRowsMax } from './limits.ts'
import type { Reading } from './read-row.ts'
import { dropParts, endBrokenUploads, partsOf } from './receive.ts'
import type { Rule } from './rule.ts'
import { saveCustomers } from './save-queries.ts'
import { affectedPiece, type Counts, customerPiece } from './staging.ts'
import { rowsOf, textOf } from './table.ts'

/** Rows that are written in one transaction: on SQLite it holds the only lock, for about 10 ms. */
const pieceRows = 300
/** Customers that are applied in one transaction; each is several rows with their indexes. */
const appliedRows = 150
/** How long the importer sleeps when nobody wakes it, and how long it stays away from what broke, in milliseconds. */
const lookEveryMs = 1_000
const troubleMs = 5_000

/** Somebody else works on this import, or a person has decided otherwise: let go of it. */
class MovedOn extends Error {}

/**
 * Writes one piece of an import: the counts move in the same transaction, so that a program that is killed goes on
 * behind what is written, and of two that work on one import, one goes on.
 */
async function step(app: App, one: Row<'import'>, write: (trx: Trx) => Promise<Partial<Row<'import'>>>) {
  const before = writeLock(app.db).heldMs
  const to = await app.db.transaction().execute(async (trx) => {
    // Takes the row first: whoever comes second waits here and then finds it moved.
    if (!(await moveImport(trx, one, {}))) throw new MovedOn()
    const moved = await write(trx)
    if (!(await moveImport(trx, one, moved))) throw new MovedOn()
    return moved
  })
  Object.assign(one, to)
  await letOthersWrite(app.db, before)
}

/** Does everything there is to do on imports until nothing is left or `stopping` says so. True when there was something. */
export async function workOnImports(app: App, stopping: () => boolean = () => false): Promise<boolean> {
  await endBrokenUploads(app)
  const due = await dueImports(app.db)
  for (const one of due) {
    if (stopping()) break
    try {
      if (one.state === 'reading') await (one.rule === null ? readFile : findByRule)(app, one, stopping)
      else if (one.state === 'committing') await apply(app, one, stopping)
      else await clear(app, one)
    } catch (error) {
      if (!(error instanceof MovedOn)) throw error
    }
  }
  return due.length > 0
}

const added = (one: Row<'import'>, counts: Counts): Counts => ({
  rows: one.rows + counts.rows,
  accepted: one.accepted + counts.accepted,
  rejected: one.rejected + counts.rejected,
  duplicates: one.duplicates + counts.duplicates,
  unknown: one.unknown + counts.unknown,
})

/** Drops what an earlier reading of the same file left. */
async function clearStaged(app: App, one: Row<'import'>, reported: boolean): Promise<void> {
  for (let left = true; left; )
    await step(app, one, async (trx) => {
      const fates = reported ? (['accepted', 'rejected', 'duplicate', 'unknown'] as const) : (['accepted'] as const)
      const rows = await dropImportRows(trx, one.id, [...fates], pieceRows)
      const customers =
        one.listId !== null && one.state !== 'committed' ? await dropAffected(trx, one.listId, pieceRows) : 0
      left = rows + customers > 0
      return {}
    })
}

/** What a person has decided about leaves only what is worth keeping: its bytes and rows that do not count go. */
async function clear(app: App, one: Row<'import'>): Promise<void> {
  await dropParts(app, one.id)
  await clearStaged(app, one, false)
  await step(app, one, async () => ({ bytesDone: 0 }))
}

async function readingOf(app: App, one: Row<'import'>): Promise<Reading> {
  const ids = new Map<string, string>()
  for (const { id, name } of await listComponents(app.db))
    for (const word of [id, ...Object.values(fromJson<Words>(name))]) ids.set(word.toLowerCase(), id)
  return {
    mapping: fromJson<Mapping>(one.mapping!),
    currency: one.currency!,
    email: parserOf(app, 'email'),
    sms: parserOf(app, 'sms'),
    component: (name) => ids.get(name.toLowerCase()),
  }
}

/** Reads a file from where it was left, and stages what can be used. */
async function readFile(app: App, one: Row<'import'>, stopping: () => boolean): Promise<void> {
  if (one.lineDone === 0) await clearStaged(app, one, true)
  const reading = await readingOf(app, one)
  let bytesDone = 0
  let last = ''
  const texts = async function* () {
    const parts = partsOf(app, one.id, (bytes) => {
      bytesDone += bytes
    })
    for await (const text of textOf(parts, one.encoding as Encoding)) {
      last = text.at(-1) ?? last
      yield text
    }
  }
  const write = async (rows: TableRow[]) => {
    const piece = await (one.kind === 'affected'
      ? affectedPiece(app.db, one, rows, reading)
      : customerPiece(app, one, rows, reading))
    await step(app, one, async (trx) => ({ ...added(one, await piece(trx)), bytesDone, lineDone: rows.at(-1)!.line }))
    crashPoint(app, 'mid-import')
  }
  try {
    let rows: TableRow[] = []
    let headings = true
    for await (const row of rowsOf(texts(), one.delimiter as Delimiter)) {
      if (!headings && row.line > one.lineDone) rows.push(row)
      headings = false
      if (rows.length < pieceRows) continue
      if (one.rows + rows.length > importRowsMax) throw new TableFault({ code: 'tooManyRows', max: importRowsMax })
      await write(rows)
      rows = []
      if (stopping()) return
    }
    if (rows.length) await write(rows)
    const cut: Finding | null = last === '\n' ? null : { code: 'noLineEnd', line: one.lineDone }
    await step(app, one, async () => ({ state: 'read', readAt: app.now(), bytesDone, reason: cut && toJson(cut) }))
  } catch (error) {
    if (!(error instanceof TableFault)) throw error
    await step(app, one, async (trx) => {
      await record(trx, app.now(), system, 'import.refused', one.id, { after: { finding: error.finding } })
      return { state: 'refused', reason: toJson(error.finding), bytesDone: Math.max(bytesDone, 1) }
    })
  }
}

/** Looks up who fits a rule, piece by piece; `mapping` holds how far it has come. */
async function findByRule(app: App, one: Row<'import'>, stopping: () => boolean): Promise<void> {
  const rule = fromJson<Rule>(one.rule!)
  for (;;) {
    const found = await fittingRule(app.db, rule, one.mapping ?? '', pieceRows)
    await step(app, one, async (trx) => {
      if (!found.length) return { state: 'read', readAt: app.now(), mapping: null }
      await insertAffected(
        trx,
        found.map(({ id }) => ({
          listId: one.listId!,
          customerId: id,
          minutes: null,
          feeMinor: null,
          amountMinor: null,
          line: null,
        })),
      )
      const accepted = one.accepted + found.length
      return { mapping: found.at(-1)!.id, accepted, rows: accepted, lineDone: accepted }
    })
    if (!found.length || stopping()) return
  }
}

/** Writes the customers of a committed file into the registry, from where it was left. */
async function apply(app: App, one: Row<'import'>, stopping: () => boolean): Promise<void> {
  for (;;) {
    const rows = await listImportRows(app.db, one.id, ['accepted'], one.lineDone, appliedRows)
    const customers = rows.map(({ cells }) => fromJson<NewCustomer>(cells!))
    await step(app, one, async (trx) => {
      const now = app.now()
      if (!rows.length) return { state: 'committed' }
      const { added: fresh, unchanged, before } = await saveCustomers(trx, now, app.site.defaultLocale, customers)
      const actor = { id: one.committedBy ?? system.id, roles: [] }
      if (fresh || before.length)
        await record(trx, now, actor, 'customers.imported', one.id, {
          before,
          after: { lines: [rows[0]!.line, rows.at(-1)!.line], added: fresh, changed: before.length, unchanged },
        })
      return { lineDone: rows.at(-1)!.line, applied: one.applied + rows.length }
    })
    crashPoint(app, 'mid-commit')
    if (!rows.length) {
      const done = await findImport(app.db, one.id)
      if (done) await clear(app, done)
      return
    }
    if (stopping()) return
  }
}

/** Works on imports beside whatever else this thread does, until it is stopped. */
export function runImporter(app: App) {
  let stopping = false
  let wakeUp = () => {}
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  async function run() {
    while (!stopping)
      try {
        if (!(await workOnImports(app, () => stopping)) && !stopping) await sleep(lookEveryMs)
      } catch (error) {
        app.log('error', 'import.failed', { name: (error as Error).name, message: (error as Error).message })
        if (!stopping) await sleep(troubleMs)
      }
  }
  const ended = run()
  return {
    wake: () => wakeUp(),
    stop() {
      stopping = true
      wakeUp()
      return ended
    },
    ended,
  }
}
