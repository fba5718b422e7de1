import type { App } from '#api/app.ts'
import { announcedOffers } from '#api/compensation/announced-queries.ts'
import { gravest } from '#api/components/component.ts'
import type { Db } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { publicationsOf } from '#api/feedback/queries.ts'
import { effectsOf, intervalsOf, updatesOf } from '#api/incidents/queries.ts'
import { dateIn, type Instant, midnight, toInstant, toMs } from '#api/lib/time.ts'
import {
  expectedMaintenances,
  findMaintenance,
  listMaintenances,
  maintenancesBetween,
  partsOf,
  pendingMaintenances,
} from '#api/maintenance/queries.ts'
import { showMaintenance } from '#api/maintenance/show.ts'
import { type Address, nearestMonth } from './changes.ts'
import type { FeedEntry, HistoryDocument, PublicIncident, PublicMaintenance, StatusDocument } from './document.ts'
import { monthSpan } from './months.ts'
import { pastEntries } from './past.ts'
import { publicView } from './public.ts'
import * as queries from './queries.ts'
import { lastChange, readGroups } from './services.ts'
import { linksOf, statementsBetween } from './statements.ts'

/** How many days of the past the page tells. */
export const pastDays = 14

/** Everything the home page shows, as of now. `revision` is read first: the document is at least that new. */
export async function readStatus(app: App): Promise<StatusDocument> {
  const { db, site } = app
  const now = app.now()
  const revision = await queries.readRevision(db)
  const from = toInstant(midnight(dateIn(toMs(now), site.zone), site.zone, 1 - pastDays))
  const openRows = await queries.openIncidents(db)
  const pastRows = await queries.pastIncidents(db, from)
  const views = await viewsOf(db, [...openRows, ...pastRows], now)
  const open = views.slice(0, openRows.length)
  const groups = await readGroups(app, now)
  const statuses = groups.flatMap(({ components }) => components.map(({ status }) => status))
  const worst = gravest(statuses)
  const maintenances = await maintenanceViews(db, await expectedMaintenances(db, now), now)
  const expected = new Set(maintenances.map(({ id }) => id))
  const over = (await maintenancesBetween(db, from, now)).filter(({ id }) => !expected.has(id))
  const finished = await maintenanceViews(db, over, now)
  return {
    revision,
    at: now,
    changedAt: lastChange(groups, views, [...maintenances, ...finished], now),
    zone: site.zone,
    overall: { status: worst, count: statuses.filter((status) => status === worst).length },
    open: open.filter(({ kind }) => kind === 'incident'),
    knownIssues: open.filter(({ kind }) => kind !== 'incident'),
    groups,
    maintenances,
    past: pastEntries(
      { open, incidents: views.slice(openRows.length), maintenances: finished },
      { nowMs: toMs(now), zone: site.zone, count: pastDays },
    ),
    firstMonth: await nearestMonth(app, 'from', toInstant(0)),
  }
}

/** An incident the public may know; null when there is none, or it is private. */
export async function readIncident(app: App, id: string): Promise<PublicIncident | null> {
  const row = await queries.publicIncident(app.db, { id })
  return row ? ((await viewsOf(app.db, [row], app.now()))[0] ?? null) : null
}

/** The same by the short code that stands in an SMS; upper case is read as lower case. */
export async function readIncidentByCode(app: App, code: string): Promise<PublicIncident | null> {
  const row = await queries.publicIncident(app.db, { code: code.toLowerCase() })
  return row ? ((await viewsOf(app.db, [row], app.now()))[0] ?? null) : null
}

/** One month ("2026-11", page zone) of what began in it, the youngest first. Throws `invalid` on another form. */
export async function readHistory(app: App, month: string): Promise<HistoryDocument> {
  const [from, to] = monthSpan(month, app.site.zone)
  const now = app.now()
  const revision = await queries.readRevision(app.db)
  const rows = await queries.incidentsBetween(app.db, from, to)
  const begun = (await maintenancesBetween(app.db, from, to)).filter(({ startsAt }) => startsAt <= now)
  return {
    month,
    revision,
    at: now,
    zone: app.site.zone,
    incidents: await viewsOf(app.db, rows, now),
    maintenances: await maintenanceViews(app.db, begun.reverse(), now),
    statements: await statementsBetween(app, from, to),
    older: await nearestMonth(app, 'before', from),
    newer: await nearestMonth(app, 'from', to),
  }
}

/** The newest public updates, of all, of one status or of what touched a component, each with its incident (without that one's updates): what feeds are made of. */
export async function readUpdates(app: App, asked: queries.AskedUpdates): Promise<FeedEntry[]> {
  const found = await queries.newestUpdates(app.db, asked)
  const rows = await queries.publicIncidentsOf(app.db, [...new Set(found.map(({ incidentId }) => incidentId))])
  const views = new Map((await viewsOf(app.db, rows, app.now())).map((view) => [view.id, view]))
  return found.flatMap(({ id, incidentId }) => {
    const view = views.get(incidentId)
    const update = view?.updates.find((other) => other.id === id)
    if (!view || !update) return []
    const { updates: _, statements: __, ...incident } = view
    return [{ incident, update }]
  })
}

/** Every open public incident and the youngest others, `limit` in all at the least when there are as many; the youngest first. */
export async function readRecentIncidents(app: App, limit: number): Promise<PublicIncident[]> {
  const now = app.now()
  const recent = await queries.newestIncidents(app.db, limit)
  const known = new Set(recent.map(({ id }) => id))
  const older = (await queries.openIncidents(app.db)).filter(({ id }) => !known.has(id))
  return (await viewsOf(app.db, [...recent, ...older], now)).sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
}

/** Every maintenance that is not completed and the youngest others, the latest begin first. */
export async function readRecentMaintenances(app: App, limit: number): Promise<PublicMaintenance[]> {
  const recent = await listMaintenances(app.db, { after: null, limit })
  const known = new Set(recent.map(({ id }) => id))
  const older = (await pendingMaintenances(app.db)).filter(({ id }) => !known.has(id)).reverse()
  return maintenanceViews(app.db, [...recent, ...older], app.now())
}

/** One announced maintenance; null when there is none. */
export async function readMaintenance(app: App, id: string): Promise<PublicMaintenance | null> {
  const row = await findMaintenance(app.db, id)
  return row ? ((await maintenanceViews(app.db, [row], app.now()))[0] ?? null) : null
}

/** The number of the last change that was committed. */
export const readRevision = (app: App): Promise<number> => queries.readRevision(app.db)

/** What the addresses of every public incident are made of, the youngest first, so many at once. */
export async function* readAddresses(app: App, limit: number): AsyncGenerator<Address[]> {
  let after: { startedAt: Instant; id: string } | null = null
  for (;;) {
    const rows = await queries.incidentsAfter(app.db, after, limit)
    if (!rows.length) return
    after = rows.at(-1)!
    yield rows
  }
}

/** The ids of every maintenance, the latest begin first. */
export const readMaintenanceIds = (app: App): Promise<string[]> => queries.everyMaintenance(app.db)

/** Names this record for as long as it lives, through backup and restore. */
export const recordIdentity = (app: App): Promise<string> => queries.readIdentity(app.db)

async function viewsOf(db: Db, rows: Row<'incident'>[], now: Instant): Promise<PublicIncident[]> {
  const ids = rows.map(({ id }) => id)
  const updates = await updatesOf(db, ids)
  const incidentOf = new Map(updates.map(({ id, incidentId }) => [id, incidentId]))
  const byIncident = {
    updates: Map.groupBy(updates, ({ incidentId }) => incidentId),
    effects: Map.groupBy(await effectsOf(db, ids), ({ updateId }) => incidentOf.get(updateId)),
    intervals: Map.groupBy(await intervalsOf(db, ids), ({ incidentId }) => incidentId),
    statements: Map.groupBy(await linksOf(db, ids), ({ incidentId }) => incidentId),
    ratings: new Map((await publicationsOf(db, ids)).map((rating) => [rating.incidentId, rating])),
    offers: Map.groupBy(await announcedOffers(db, ids), ({ incidentId }) => incidentId),
  }
  const rowsOf = (id: string) => {
    const of = <R>(all: Map<string | undefined, R[]>): R[] => all.get(id) ?? []
    const { updates, effects, intervals, statements, offers, ratings } = byIncident
    const lists = { updates: of(updates), effects: of(effects), intervals: of(intervals), statements: of(statements) }
    return { ...lists, offers: of(offers), rating: ratings.get(id) }
  }
  return rows.map((row) => publicView(row, rowsOf(row.id), now))
}

async function maintenanceViews(db: Db, rows: Row<'maintenance'>[], now: Instant): Promise<PublicMaintenance[]> {
  const parts = await partsOf(
    db,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => showMaintenance(row, parts, now))
}
