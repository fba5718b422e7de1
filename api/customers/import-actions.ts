import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { isCurrency } from '#api/lib/amount.ts'
import { newId } from '#api/lib/ids.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import { announce } from '#api/outbox/outbox.ts'
import { insertList } from './affected-queries.ts'
import { isField, type Mapping, mappingFault, plainHeading } from './columns.ts'
import { findImport, moveImport, rememberHeadings, throwAway } from './import-queries.ts'
import { type Rule, sourceOf } from './rule.ts'

const faults = {
  length: 'Name a field, or null, for each column.',
  twice: 'Two columns cannot hold the same field.',
  key: 'Say which column holds the customer’s number.',
} as const
const affectedKey = 'Say which column holds the customer’s number, or its mail address.'

const movedOn = () => conflict('This import has moved on meanwhile. Look at it again.')

async function openImport(app: App, id: string): Promise<Row<'import'>> {
  const found = await findImport(app.db, id)
  if (!found) throw notFound('This import')
  return found
}

/**
 * Says which field each column holds and has the file read with that, from its beginning; the choice is remembered for
 * the next file with such headings. Throws invalid for a mapping that cannot be, conflict when the file is not waiting
 * for one.
 */
export async function nameColumns(
  app: App,
  actor: Actor,
  id: string,
  { columns, currency }: { columns: (string | null)[]; currency: string },
): Promise<void> {
  const found = await openImport(app, id)
  if (found.rule !== null || !['uploaded', 'read'].includes(found.state))
    throw conflict('The columns of this import cannot be named any more. Hand the file in again.')
  const strange = columns.findIndex((field) => field !== null && !isField(found.kind, field))
  if (strange >= 0)
    throw invalid('There is no such field.', { [`columns.${strange}`]: 'This is no field of such a file.' })
  if (!isCurrency(currency))
    throw invalid('Name the currency of the amounts.', { currency: 'This is no currency of ISO 4217, such as CNY.' })
  const mapping = columns as Mapping
  const [heads = []] = fromJson<string[][]>(found.sample ?? '[]')
  const fault = mappingFault(found.kind, mapping, heads.length)
  if (fault) {
    const sentence = fault === 'key' && found.kind === 'affected' ? affectedKey : faults[fault]
    throw invalid(sentence, { columns: sentence })
  }
  const cleared = { lineDone: 0, bytesDone: 0, rows: 0, accepted: 0, rejected: 0, duplicates: 0, unknown: 0 }
  await app.db.transaction().execute(async (trx) => {
    const moved = await moveImport(trx, found, {
      ...cleared,
      state: 'reading',
      reason: null,
      readAt: null,
      mapping: toJson(mapping),
      currency,
    })
    if (!moved) throw movedOn()
    const plain = heads.map(plainHeading)
    await rememberHeadings(
      trx,
      plain.flatMap((heading, at) =>
        heading && plain.indexOf(heading) === at ? [{ kind: found.kind, heading, field: mapping[at] ?? '' }] : [],
      ),
    )
    await record(trx, app.now(), actor, 'import.mapped', id, { after: { mapping, currency } })
  })
  app.wake()
}

/**
 * Makes an import count. A list of affected customers counts from this moment, whole; customers are written from now on
 * piece by piece, and a program that dies meanwhile goes on where it was. Throws conflict unless it has been read.
 */
export async function commitImport(app: App, actor: Actor, id: string): Promise<void> {
  const found = await openImport(app, id)
  if (found.state === 'committed' || found.state === 'committing') throw conflict('This import is committed already.')
  if (found.state !== 'read') throw conflict('This import has not been read to its end.')
  if (found.accepted === 0) throw conflict('There is nothing to commit: not one row can be used.')
  const now = app.now()
  await app.db.transaction().execute(async (trx) => {
    const stamp = { committedAt: now, committedBy: actor.id }
    const to =
      found.kind === 'affected'
        ? { ...stamp, state: 'committed' as const, applied: found.accepted }
        : { ...stamp, state: 'committing' as const, lineDone: 0, applied: 0 }
    if (!(await moveImport(trx, found, to))) throw movedOn()
    if (found.kind === 'affected') {
      await insertList(trx, {
        id: found.listId!,
        incidentId: found.incidentId!,
        source: found.rule === null ? 'csv' : sourceOf(fromJson<Rule>(found.rule)),
        description: found.fileName,
        rule: found.rule,
        importId: id,
        rows: found.accepted,
        hash: found.hash,
        createdAt: now,
        createdBy: actor.id,
        discardedAt: null,
      })
      // What statements say of how many were affected may be another number now.
      await announce(trx, now, { kind: 'affected.counted', incidentId: found.incidentId! })
    }
    const { kind, hash, accepted, rejected, duplicates, unknown, listId } = found
    await record(trx, now, actor, 'import.committed', id, {
      after: { kind, hash, accepted, rejected, duplicates, unknown, listId },
    })
  })
  app.wake()
}

/** Throws an import away that does not count yet. What it named stays readable; nothing else of it does. */
export async function discardImport(app: App, actor: Actor, id: string): Promise<void> {
  const found = await openImport(app, id)
  const now = app.now()
  await app.db.transaction().execute(async (trx) => {
    if (!(await throwAway(trx, id, now))) throw conflict('Only an import that does not count yet can be thrown away.')
    await record(trx, now, actor, 'import.discarded', id, { before: { state: found.state } })
  })
  app.wake()
}

/** What every import begins as. */
export const newImport = (
  app: App,
  actor: Actor,
  one: Pick<Row<'import'>, 'kind' | 'incidentId' | 'state' | 'fileName' | 'rule' | 'hash' | 'currency'>,
): Row<'import'> => ({
  ...one,
  id: newId(),
  reason: null,
  bytes: 0,
  encoding: null,
  delimiter: null,
  sample: null,
  mapping: null,
  bytesDone: 0,
  rows: 0,
  accepted: 0,
  rejected: 0,
  duplicates: 0,
  unknown: 0,
  lineDone: 0,
  applied: 0,
  listId: one.kind === 'affected' ? newId() : null,
  createdAt: app.now(),
  createdBy: actor.id,
  readAt: null,
  committedAt: null,
  committedBy: null,
  discardedAt: null,
})
