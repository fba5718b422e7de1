import type { Db } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/**
 * Statements the public may know: published ones that are for the public, whatever became of them since. What is a
 * draft, under embargo or for others is not among them. Every query here begins with this one.
 */
export const publicStatements = (db: Db) =>
  db.selectFrom('statement').where('visibility', '=', 'public').where('publishedVersionId', 'is not', null)

export const publicStatement = (db: Db, id: string): Promise<Row<'statement'> | undefined> =>
  publicStatements(db).selectAll().where('id', '=', id).executeTakeFirst()

/** The newest first. */
export const newestStatements = (db: Db, limit: number): Promise<Row<'statement'>[]> =>
  publicStatements(db).selectAll().orderBy('publishedAt', 'desc').orderBy('id').limit(limit).execute()

/** What was published within [from, to), the newest first. */
export const publishedBetween = (db: Db, from: Instant, to: Instant): Promise<Row<'statement'>[]> =>
  publicStatements(db)
    .selectAll()
    .where('publishedAt', '>=', from)
    .where('publishedAt', '<', to)
    .orderBy('publishedAt', 'desc')
    .orderBy('id')
    .execute()

/** What was said beside these incidents, the newest first. */
export async function publicStatementsOf(db: Db, incidentIds: string[]): Promise<Row<'statement'>[]> {
  if (!incidentIds.length) return []
  return publicStatements(db)
    .selectAll()
    .where('incidentId', 'in', incidentIds)
    .orderBy('publishedAt', 'desc')
    .orderBy('id')
    .execute()
}

export async function everyStatement(db: Db): Promise<string[]> {
  const rows = await publicStatements(db).select('id').orderBy('publishedAt', 'desc').orderBy('id').execute()
  return rows.map(({ id }) => id)
}

/** The versions that readers have seen, by the events that showed them, the newest first. */
export async function shownVersions(
  db: Db,
  statementIds: string[],
): Promise<(Row<'statementVersion'> & { kind: string; at: Instant })[]> {
  if (!statementIds.length) return []
  return db
    .selectFrom('statementEvent')
    .innerJoin('statementVersion', 'statementVersion.id', 'statementEvent.versionId')
    .selectAll('statementVersion')
    .select(['statementEvent.kind', 'statementEvent.at'])
    .where('statementEvent.statementId', 'in', statementIds)
    .where('statementEvent.kind', 'in', ['published', 'corrected'])
    .orderBy('statementEvent.at', 'desc')
    .orderBy('statementVersion.number', 'desc')
    .execute()
}

/** The newest statements that anything happened to, the last change first, with what happened. */
export async function newestEvents(
  db: Db,
  limit: number,
): Promise<{ statementId: string; kind: string; at: Instant; number: number }[]> {
  return db
    .selectFrom('statementEvent')
    .innerJoin('statement', 'statement.id', 'statementEvent.statementId')
    .innerJoin('statementVersion', 'statementVersion.id', 'statementEvent.versionId')
    .select(['statementEvent.statementId', 'statementEvent.kind', 'statementEvent.at', 'statementVersion.number'])
    .where('statement.visibility', '=', 'public')
    .where('statement.publishedVersionId', 'is not', null)
    .where('statementEvent.kind', 'in', ['published', 'corrected', 'withdrawn', 'superseded'])
    .orderBy('statementEvent.at', 'desc')
    .orderBy('statementEvent.number', 'desc')
    .orderBy('statementEvent.id')
    .limit(limit)
    .execute()
}
