import { namesOf } from '#api/audit/names.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import { factsNow, type Place } from './queries.ts'
import { type Question, showQuestion } from './question.ts'

/** Reads an answer and holds it until the transaction ends. */
export const holdQuestion = (trx: Trx, id: string): Promise<Row<'qaEntry'> | undefined> =>
  trx
    .updateTable('qaEntry')
    .set((eb) => ({ hash: eb.ref('hash') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export const findQuestion = (db: Db | Trx, id: string): Promise<Row<'qaEntry'> | undefined> =>
  db.selectFrom('qaEntry').selectAll().where('id', '=', id).executeTakeFirst()

/** The questions and answers of an incident, the oldest first. */
export async function readQuestions(db: Db | Trx, incidentId: string, place: Place): Promise<Question[]> {
  const rows = await db
    .selectFrom('qaEntry')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
  return shown(db, incidentId, rows, place)
}

export async function readQuestion(db: Db | Trx, id: string, place: Place): Promise<Question | null> {
  const row = await findQuestion(db, id)
  return row ? ((await shown(db, row.incidentId, [row], place))[0] ?? null) : null
}

async function shown(db: Db | Trx, incidentId: string, rows: Row<'qaEntry'>[], place: Place): Promise<Question[]> {
  const people = rows.flatMap(({ createdBy, approvedBy }) => [createdBy, ...(approvedBy ? [approvedBy] : [])])
  const names = await namesOf(db, [...new Set(people)])
  const facts = await factsNow(db, incidentId, place)
  return facts ? rows.map((row) => showQuestion(row, names, facts)) : []
}

export const insertQuestion = (trx: Trx, row: NewRow<'qaEntry'>) => trx.insertInto('qaEntry').values(row).execute()
export const saveQuestion = (trx: Trx, { id, ...row }: Row<'qaEntry'>) =>
  trx.updateTable('qaEntry').set(row).where('id', '=', id).execute()

/** What is said about an incident elsewhere, the newest first. */
export async function readRumours(db: Db | Trx, incidentId: string): Promise<Row<'rumour'>[]> {
  return db
    .selectFrom('rumour')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .orderBy('seenAt', 'desc')
    .orderBy('id')
    .execute()
}

export const findRumour = (db: Db | Trx, id: string): Promise<Row<'rumour'> | undefined> =>
  db.selectFrom('rumour').selectAll().where('id', '=', id).executeTakeFirst()

export const holdRumour = (trx: Trx, id: string): Promise<Row<'rumour'> | undefined> =>
  trx
    .updateTable('rumour')
    .set((eb) => ({ text: eb.ref('text') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export const insertRumour = (trx: Trx, row: NewRow<'rumour'>) => trx.insertInto('rumour').values(row).execute()
export const saveRumour = (trx: Trx, { id, ...row }: Row<'rumour'>) =>
  trx.updateTable('rumour').set(row).where('id', '=', id).execute()
