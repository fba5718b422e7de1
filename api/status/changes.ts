import type { App } from '#api/app.ts'
import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { expectedMaintenances } from '#api/maintenance/queries.ts'
import * as changeQueries from './change-queries.ts'
import { monthOf, monthSpan } from './months.ts'
import * as queries from './queries.ts'
import { changedStatements } from './statements.ts'

/** What an incident's public addresses are made of. */
export interface Address {
  id: string
  code: string
}

/** How many incidents are drawn again when a component gets another name; older ones get it when all are drawn. */
export const renamedMax = 200

/**
 * What a publisher must draw again after `seq`, besides the home page and the feeds: the public incidents that changed,
 * the months that hold or held them, with the neighbours that link to them, and what names a component that changed.
 */
export async function changesSince(
  app: App,
  seq: number,
): Promise<{
  revision: number
  incidents: Address[]
  months: string[]
  components: boolean
  naming: Address[]
  /** Components whose own story changed: touched by an incident that changed, or changed themselves. */
  told: string[]
  /** Maintenances that were announced or changed. */
  maintenances: string[]
  /** Whether something began, or what lists name of it changed; else there were only further words on it. */
  listed: boolean
  /** Whether any service may be in another state than before. */
  states: boolean
  /** Statements that tell of these incidents, and the months of those that changed themselves. */
  statements: string[]
  statementMonths: string[]
  /** Whether a report came out: it stands among the statements, too. */
  reported: boolean
}> {
  const { db } = app
  const revision = await queries.readRevision(db)
  const rows = await changeQueries.announcedBetween(db, seq, revision)
  const changed = [...new Set(rows.flatMap(({ incidentId }) => incidentId ?? []))]
  const incidents = await queries.publicIncidentsOf(db, changed)
  const incidentIds = incidents.map(({ id }) => id)
  const before = await changeQueries.factsBefore(db, incidentIds)
  const planned = rows.filter(({ kind }) => kind.startsWith('maintenance.')).map(({ createdAt }) => createdAt)
  const maintenances = await changeQueries.maintenancesOf(db, planned)
  const starts = [
    ...incidents.map(({ startedAt }) => startedAt),
    ...before.map((row) => fromJson<Row<'incident'>>(row).startedAt),
    ...maintenances.map(({ startsAt }) => startsAt),
  ]
  const renamed = rows.filter(({ kind }) => kind === 'component.changed').map(({ createdAt }) => createdAt)
  const changedComponents = await changeQueries.changedComponents(db, renamed)
  const touching = await changeQueries.incidentsTouching(db, changedComponents, renamedMax)
  const { statements, saidAt } = await changedStatements(db, { changed, naming: touching.map(({ id }) => id) }, rows)
  const listed = rows.some(({ kind }) => !changeQueries.furtherWords.includes(kind))
  const updateIds = rows.map(({ updateId }) => updateId).filter((id) => id !== null)
  const states =
    listed || rows.some(({ kind }) => kind === 'incident.resolved') || (await changeQueries.anyEffects(db, updateIds))
  const told = new Set([...changedComponents, ...(await changeQueries.componentsTouched(db, incidentIds))])
  return {
    revision,
    incidents: incidents.map(({ id, code }) => ({ id, code })),
    months: listed ? await monthsWithNeighbours(app, starts) : monthsOf(app, starts),
    components: renamed.length > 0,
    naming: touching.filter(({ id }) => !incidentIds.includes(id)),
    told: [...told],
    maintenances: [...new Set(maintenances.map(({ id }) => id))],
    listed,
    states,
    statements,
    reported: rows.some(({ kind }) => kind === 'incident.reported'),
    statementMonths: await monthsWithNeighbours(app, saidAt),
  }
}

/** The months of maintenances that time begins and ends, with the neighbours that link to them. */
export async function maintainedMonths(app: App): Promise<string[]> {
  const now = app.now()
  const begun = (await expectedMaintenances(app.db, now)).filter(({ startsAt }) => startsAt <= now)
  return monthsWithNeighbours(
    app,
    begun.map(({ startsAt }) => startsAt),
  )
}

const monthsOf = (app: App, starts: Instant[]): string[] => [
  ...new Set(starts.map((start) => monthOf(start, app.site.zone))),
]

async function monthsWithNeighbours(app: App, starts: Instant[]): Promise<string[]> {
  const months = new Set(monthsOf(app, starts))
  for (const month of [...months]) {
    const [from, to] = monthSpan(month, app.site.zone)
    for (const near of [await nearestMonth(app, 'before', from), await nearestMonth(app, 'from', to)])
      if (near) months.add(near)
  }
  return [...months].sort()
}

/** The months that were found last, as of a change and an instant. */
const knownMonths = new WeakMap<App, { seq: number; at: Instant; months: string[] }>()

/**
 * The months that hold something, the youngest first: one look per month, however much each of them holds. Once they are
 * known, looks at the youngest alone, and at those in which something that changed since begins or began.
 */
export async function readMonths(app: App): Promise<string[]> {
  const { zone } = app.site
  const at = app.now()
  const seq = await queries.readRevision(app.db)
  const last = knownMonths.get(app)
  const known = last && last.at <= at ? last : null
  const before = known ? monthOf(known.at, zone) : ''
  const months: string[] = []
  let month = await nearestMonth(app, 'before', '9999-12-31T00:00:00.000Z')
  while (month && month >= before) {
    months.push(month)
    month = await nearestMonth(app, 'before', monthSpan(month, zone)[0])
  }
  if (known) months.push(...(await olderMonths(app, known, seq)).filter((older) => older < before))
  knownMonths.set(app, { seq, at, months })
  return months
}

/** What was known of months, with those put right that a change since then may have filled or emptied. */
async function olderMonths(app: App, known: { seq: number; months: string[] }, seq: number): Promise<string[]> {
  if (!(await changeQueries.listedBetween(app.db, known.seq, seq))) return known.months
  const { months, statementMonths } = await changesSince(app, known.seq)
  const held = new Set(known.months)
  for (const month of [...months, ...statementMonths]) {
    const begins = await nearestMonth(app, 'from', monthSpan(month, app.site.zone)[0])
    if (begins === month) held.add(month)
    else held.delete(month)
  }
  return [...held].sort().reverse()
}

/** The month of the nearest beginning before an instant, or at and after it; null when there is none. */
export async function nearestMonth(app: App, side: 'before' | 'from', instant: Instant): Promise<string | null> {
  const start = await queries.nearestStart(app.db, side, instant, app.now())
  return start ? monthOf(start, app.site.zone) : null
}
