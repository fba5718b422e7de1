import { namesOf } from '#api/audit/names.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { clocksOf } from './clocks.ts'
import { type FactSheet, type Facts, factsOf } from './facts.ts'
import { type Statement, showStatement } from './show.ts'

/** The page whose facts are written: its zone and its address. */
export interface Place {
  zone: string
  publicUrl: string
}

export const findStatement = (db: Db | Trx, id: string): Promise<Row<'statement'> | undefined> =>
  db.selectFrom('statement').selectAll().where('id', '=', id).executeTakeFirst()

/** Reads a statement and holds it until the transaction ends, so that two people take turns. */
export const holdStatement = (trx: Trx, id: string): Promise<Row<'statement'> | undefined> =>
  trx
    .updateTable('statement')
    .set((eb) => ({ state: eb.ref('state') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export const statementsOf = (db: Db | Trx, incidentId: string): Promise<Row<'statement'>[]> =>
  db
    .selectFrom('statement')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .orderBy('createdAt', 'desc')
    .orderBy('id')
    .execute()

/** The longest list of what is not decided; more than this nobody works through at once. */
const undecidedMax = 50

/** Texts of all incidents that are somebody's turn, or wait for their time; the oldest first. */
export const undecidedStatements = (db: Db): Promise<Row<'statement'>[]> =>
  db
    .selectFrom('statement')
    .selectAll()
    .where('state', 'in', ['legal_review', 'changes_requested', 'approved', 'scheduled'])
    .orderBy('createdAt')
    .orderBy('id')
    .limit(undecidedMax)
    .execute()

/** Statements whose embargo has ended and that nobody has published, the first due first. */
export async function dueStatements(db: Db, now: Instant): Promise<string[]> {
  const rows = await db
    .selectFrom('statement')
    .select('id')
    .where('state', '=', 'scheduled')
    .where('publishAt', '<=', now)
    .orderBy('publishAt')
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

export async function versionsOf(db: Db | Trx, statementIds: string[]): Promise<Row<'statementVersion'>[]> {
  if (!statementIds.length) return []
  return db
    .selectFrom('statementVersion')
    .selectAll()
    .where('statementId', 'in', statementIds)
    .orderBy('statementId')
    .orderBy('number')
    .execute()
}

export async function eventsOf(db: Db | Trx, statementIds: string[]): Promise<Row<'statementEvent'>[]> {
  if (!statementIds.length) return []
  return db
    .selectFrom('statementEvent')
    .selectAll()
    .where('statementId', 'in', statementIds)
    .orderBy('statementId')
    .orderBy('number')
    .execute()
}

/** The facts of an incident as texts may name them now; null when there is no such incident. */
export async function factsNow(db: Db | Trx, incidentId: string, { zone, publicUrl }: Place): Promise<Facts | null> {
  const incident = await db.selectFrom('incident').selectAll().where('id', '=', incidentId).executeTakeFirst()
  if (!incident) return null
  const touched = await db
    .selectFrom('statusInterval')
    .innerJoin('component', 'component.id', 'statusInterval.componentId')
    .select(['component.id', 'component.name'])
    .where('statusInterval.incidentId', '=', incidentId)
    .groupBy(['component.id', 'component.name', 'component.position'])
    .orderBy('component.position')
    .orderBy('component.id')
    .execute()
  const list = await db
    .selectFrom('affectedList')
    .select('rows')
    .where('incidentId', '=', incidentId)
    .where('discardedAt', 'is', null)
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst()
  const sheet: FactSheet = {
    ...incident,
    scope: fromJson<Words>(incident.scope),
    notAffected: fromJson<Words>(incident.notAffected),
    workaround: fromJson<Words>(incident.workaround),
    components: touched.map(({ name }) => fromJson<Words>(name)),
    customers: list?.rows ?? null,
  }
  return factsOf(sheet, { zone, url: publicUrl.replace(/^https?:\/\//, '') })
}

/** What the clocks run from: the first public mention, the declaration, and when the company first spoke. */
export async function startsOf(db: Db | Trx, incidentId: string) {
  const incident = await db
    .selectFrom('incident')
    .select('createdAt')
    .where('id', '=', incidentId)
    .executeTakeFirstOrThrow()
  const mention = await db
    .selectFrom('publicMention')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .executeTakeFirst()
  const first = await db
    .selectFrom('statement')
    .select((eb) => eb.fn.min('publishedAt').as('at'))
    .where('incidentId', '=', incidentId)
    .where('visibility', '=', 'public')
    .executeTakeFirst()
  return {
    mentionedAt: mention?.mentionedAt ?? null,
    source: mention?.source ?? '',
    declaredAt: mention?.declaredAt ?? incident.createdAt,
    firstStatementAt: first?.at ?? null,
  }
}

/** Whole statements of one incident for these rows, in their order. */
export async function readWholes(
  db: Db | Trx,
  rows: Row<'statement'>[],
  place: Place,
  now: Instant,
): Promise<Statement[]> {
  const [first] = rows
  if (!first) return []
  const ids = rows.map(({ id }) => id)
  const versions = await versionsOf(db, ids)
  const events = await eventsOf(db, ids)
  const facts = await factsNow(db, first.incidentId, place)
  const starts = await startsOf(db, first.incidentId)
  const people = [...versions.map(({ createdBy }) => createdBy), ...events.map(({ by }) => by)]
  const names = await namesOf(db, [...new Set(people)])
  const clocks = clocksOf(starts, starts.firstStatementAt, now)
  return rows.map((row) => showStatement(row, { versions, events, names, facts: facts!, clocks, now }))
}

/** Whole statements of any incidents, in the order of these rows. */
export async function readWholesOfAll(
  db: Db | Trx,
  rows: Row<'statement'>[],
  place: Place,
  now: Instant,
): Promise<Statement[]> {
  const wholes: Statement[] = []
  for (const incidentId of new Set(rows.map((row) => row.incidentId)))
    wholes.push(
      ...(await readWholes(
        db,
        rows.filter((row) => row.incidentId === incidentId),
        place,
        now,
      )),
    )
  return rows.map(({ id }) => wholes.find((whole) => whole.id === id)!)
}

/** One whole statement; null when there is none. */
export async function readWhole(db: Db | Trx, id: string, place: Place, now: Instant): Promise<Statement | null> {
  const row = await findStatement(db, id)
  return row ? ((await readWholes(db, [row], place, now))[0] ?? null) : null
}

export const insertStatement = (trx: Trx, row: NewRow<'statement'>) => trx.insertInto('statement').values(row).execute()
export const insertVersion = (trx: Trx, row: NewRow<'statementVersion'>) =>
  trx.insertInto('statementVersion').values(row).execute()
/** Writes what was done with a statement behind what was done before; the statement is held. */
export async function addEvent(trx: Trx, event: Omit<NewRow<'statementEvent'>, 'id' | 'number'>): Promise<void> {
  const last = await trx
    .selectFrom('statementEvent')
    .select((eb) => eb.fn.max('number').as('number'))
    .where('statementId', '=', event.statementId)
    .executeTakeFirst()
  const number = (last?.number ?? 0) + 1
  await trx
    .insertInto('statementEvent')
    .values({ ...event, id: newId(), number })
    .execute()
}
export const saveStatement = (trx: Trx, { id, ...row }: Row<'statement'>) =>
  trx.updateTable('statement').set(row).where('id', '=', id).execute()

/** Writes when others first spoke of an incident; what stood before is replaced. */
export const saveMention = (trx: Trx, row: NewRow<'publicMention'>) =>
  trx
    .insertInto('publicMention')
    .values(row)
    .onConflict((conflicting) => conflicting.column('incidentId').doUpdateSet(row))
    .execute()
