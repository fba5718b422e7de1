import type { App } from '#api/app.ts'
import type { Db } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Facts } from '#api/statements/facts.ts'
import { factsNow } from '#api/statements/queries.ts'
import type { Words } from '#content/locales.ts'
import type { PublicStatement, StatementLink, StatementNews, StatementStanding } from './document.ts'
import { linkTo, publicStatementView } from './public-statement.ts'
import { publicIncidentsOf } from './queries.ts'
import * as queries from './statement-queries.ts'

/** How many statements the press page names, the newest first; older ones are in the history. */
export const statementsMax = 500

/** Everything the company has said in public beside its updates, the newest first. */
export const readStatements = async (app: App, limit = statementsMax): Promise<PublicStatement[]> =>
  viewsOf(app, await queries.newestStatements(app.db, limit))

/** A public statement; null when there is none, or it is not out. */
export async function readStatement(app: App, id: string): Promise<PublicStatement | null> {
  const row = await queries.publicStatement(app.db, id)
  return row ? ((await viewsOf(app, [row]))[0] ?? null) : null
}

/** What was published within [from, to), the newest first. */
export const statementsBetween = async (app: App, from: Instant, to: Instant): Promise<PublicStatement[]> =>
  viewsOf(app, await queries.publishedBetween(app.db, from, to))

/** The ids of every public statement, the newest first. */
export const readStatementIds = (app: App): Promise<string[]> => queries.everyStatement(app.db)

/** What last happened to statements, the newest first: published, put right, taken back. */
export async function readStatementNews(app: App, limit: number): Promise<StatementNews[]> {
  const events = await queries.newestEvents(app.db, limit)
  const ids = [...new Set(events.map(({ statementId }) => statementId))]
  const rows = await Promise.all(ids.map((id) => queries.publicStatement(app.db, id)))
  const views = new Map(
    (
      await viewsOf(
        app,
        rows.filter((row) => row !== undefined),
      )
    ).map((view) => [view.id, view]),
  )
  return events.flatMap(({ statementId, kind, at, number }) => {
    const statement = views.get(statementId)
    return statement ? [{ at, kind: kind as StatementStanding, number, statement }] : []
  })
}

/** What the pages of these incidents name. */
export async function linksOf(db: Db, incidentIds: string[]): Promise<(StatementLink & { incidentId: string })[]> {
  const rows = await queries.publicStatementsOf(db, incidentIds)
  const versions = await queries.shownVersions(
    db,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => ({ ...linkTo(row, versions), incidentId: row.incidentId }))
}

/**
 * The public statements that tell of incidents that changed, or that name a service that did: a fact that they tell may
 * be another now. `saidAt` is when those of a changed incident were published, if something happened to one of them.
 */
export async function changedStatements(
  db: Db,
  { changed, naming }: { changed: string[]; naming: string[] },
  announced: { kind: string }[],
): Promise<{ statements: string[]; saidAt: Instant[] }> {
  const rows = await queries.publicStatementsOf(db, [...new Set([...changed, ...naming])])
  const said = announced.some(({ kind }) => kind.startsWith('statement.'))
  return {
    statements: rows.map(({ id }) => id),
    saidAt: said
      ? rows.flatMap(({ incidentId, publishedAt }) => (changed.includes(incidentId) ? (publishedAt ?? []) : []))
      : [],
  }
}

async function viewsOf(app: App, rows: Row<'statement'>[]): Promise<PublicStatement[]> {
  const { db } = app
  const newer = await Promise.all(
    rows.flatMap(({ supersededById }) => (supersededById ? [queries.publicStatement(db, supersededById)] : [])),
  )
  const known = [...rows, ...newer.filter((row) => row !== undefined)]
  const versions = await queries.shownVersions(db, [...new Set(known.map(({ id }) => id))])
  const incidentIds = [...new Set(rows.map(({ incidentId }) => incidentId))]
  const incidents = new Map((await publicIncidentsOf(db, incidentIds)).map((row) => [row.id, row]))
  const facts = new Map<string, Facts | null>()
  const place = { zone: app.site.zone, publicUrl: app.config.publicUrl }
  for (const id of incidentIds) facts.set(id, await factsNow(db, id, place))
  return rows.map((row) => {
    const incident = incidents.get(row.incidentId)
    const next = known.find(({ id }) => id === row.supersededById)
    return publicStatementView(row, {
      versions,
      facts: facts.get(row.incidentId) ?? null,
      incident: incident ? { id: incident.id, title: fromJson<Words>(incident.title) } : null,
      supersededBy: next
        ? {
            id: next.id,
            title: linkTo(
              next,
              versions.filter(({ statementId }) => statementId === next.id),
            ).title,
          }
        : null,
    })
  })
}
