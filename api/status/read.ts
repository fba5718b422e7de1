import type { App } from '#api/app.ts'
import { gravest } from '#api/components/component.ts'
import { currentStatuses, listComponents, listGroups } from '#api/components/queries.ts'
import type { Db } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { invalid } from '#api/errors.ts'
import { effectsOf, intervalsOf, updatesOf } from '#api/incidents/queries.ts'
import { fromJson } from '#api/lib/json.ts'
import { dateIn, type Instant, midnight, toInstant, toMs } from '#api/lib/time.ts'
import { excusedSpan } from '#api/maintenance/maintenance.ts'
import {
  componentsOf,
  listMaintenances,
  maintenancesBetween,
  pendingMaintenances,
  windowsAfter,
} from '#api/maintenance/queries.ts'
import { showMaintenance } from '#api/maintenance/show.ts'
import type { Words } from '#content/locales.ts'
import type {
  FeedEntry,
  HistoryDocument,
  PublicGroup,
  PublicIncident,
  PublicMaintenance,
  StatusDocument,
} from './document.ts'
import { pastEntries } from './past.ts'
import { publicView } from './public.ts'
import * as queries from './queries.ts'
import { dayMarks, type Excused, midnightsOf, type Stretch, uptime } from './uptime.ts'

/** How many days the page's bars show, and how many days of the past it tells. */
export const barDays = 90
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
  const completed = (await maintenancesBetween(db, from, now)).filter(({ completedAt }) => completedAt !== null)
  const maintenances = await maintenanceViews(db, await pendingMaintenances(db), now)
  const finished = await maintenanceViews(db, completed, now)
  return {
    revision,
    at: now,
    changedAt: lastChange(groups, views, [...maintenances, ...finished], now),
    zone: site.zone,
    overall: { status: worst, count: statuses.filter((status) => status === worst).length },
    open: open.filter(({ kind }) => kind === 'incident'),
    knownIssues: open.filter(({ kind }) => kind === 'known_issue'),
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
    older: await nearestMonth(app, 'before', from),
    newer: await nearestMonth(app, 'from', to),
  }
}

/** The months that hold something, the youngest first. */
export async function readMonths(app: App): Promise<string[]> {
  const months: string[] = []
  let from = '9999-12-31T00:00:00.000Z'
  for (const start of await queries.startsBefore(app.db, app.now())) {
    if (start >= from) continue
    const month = monthOf(start, app.site.zone)
    months.push(month)
    from = monthSpan(month, app.site.zone)[0]
  }
  return months
}

/** The newest public updates, of all or of what touched a component, each with its incident (without that one's updates): what feeds are made of. */
export async function readUpdates(app: App, asked: { limit: number; componentId?: string }): Promise<FeedEntry[]> {
  const found = await queries.newestUpdates(app.db, asked)
  const rows = await queries.publicIncidentsOf(app.db, [...new Set(found.map(({ incidentId }) => incidentId))])
  const views = new Map((await viewsOf(app.db, rows, app.now())).map((view) => [view.id, view]))
  return found.flatMap(({ id, incidentId }) => {
    const view = views.get(incidentId)
    const update = view?.updates.find((other) => other.id === id)
    if (!view || !update) return []
    const { updates: _, ...incident } = view
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

/** The number of the last change that was committed. */
export const readRevision = (app: App): Promise<number> => queries.readRevision(app.db)

/** What the addresses of every public incident are made of, the youngest first. */
export const readAddresses = (app: App): Promise<Address[]> => queries.everyIncident(app.db)

/** Names this record for as long as it lives, through backup and restore. */
export const recordIdentity = (app: App): Promise<string> => queries.readIdentity(app.db)

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
}> {
  const { db } = app
  const revision = await queries.readRevision(db)
  const rows = await queries.announcedBetween(db, seq, revision)
  const changed = [...new Set(rows.map(({ incidentId }) => incidentId).filter((id) => id !== null))]
  const incidents = await queries.publicIncidentsOf(db, changed)
  const incidentIds = incidents.map(({ id }) => id)
  const before = await queries.factsBefore(db, incidentIds)
  const planned = rows.filter(({ kind }) => kind.startsWith('maintenance.')).map(({ createdAt }) => createdAt)
  const starts = [
    ...incidents.map(({ startedAt }) => startedAt),
    ...before.map((row) => fromJson<Row<'incident'>>(row).startedAt),
    ...(await queries.maintenanceStarts(db, planned)),
  ]
  const renamed = rows.filter(({ kind }) => kind === 'component.changed').map(({ createdAt }) => createdAt)
  const changedComponents = await queries.changedComponents(db, renamed)
  const touching = await queries.incidentsTouching(db, changedComponents, renamedMax)
  const told = new Set([...changedComponents, ...(await queries.componentsTouched(db, incidentIds))])
  return {
    revision,
    incidents: incidents.map(({ id, code }) => ({ id, code })),
    months: await monthsWithNeighbours(app, starts),
    components: renamed.length > 0,
    naming: touching.filter(({ id }) => !incidentIds.includes(id)),
    told: [...told],
  }
}

/** The months of maintenances that time begins and ends, with the neighbours that link to them. */
export async function maintainedMonths(app: App): Promise<string[]> {
  const now = app.now()
  const begun = (await pendingMaintenances(app.db)).filter(({ startsAt }) => startsAt <= now)
  return monthsWithNeighbours(
    app,
    begun.map(({ startsAt }) => startsAt),
  )
}

async function monthsWithNeighbours(app: App, starts: Instant[]): Promise<string[]> {
  const months = new Set(starts.map((start) => monthOf(start, app.site.zone)))
  for (const month of [...months]) {
    const [from, to] = monthSpan(month, app.site.zone)
    for (const near of [await nearestMonth(app, 'before', from), await nearestMonth(app, 'from', to)])
      if (near) months.add(near)
  }
  return [...months].sort()
}

async function viewsOf(db: Db, rows: Row<'incident'>[], now: Instant): Promise<PublicIncident[]> {
  const ids = rows.map(({ id }) => id)
  const parts = {
    updates: await updatesOf(db, ids),
    effects: await effectsOf(db, ids),
    intervals: await intervalsOf(db, ids),
  }
  return rows.map((row) => publicView(row, parts, now))
}

async function maintenanceViews(db: Db, rows: Row<'maintenance'>[], now: Instant): Promise<PublicMaintenance[]> {
  const components = await componentsOf(
    db,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => showMaintenance(row, components, now))
}

/** The groups that hold components, each component with its state, its uptime and its bars. */
async function readGroups({ db, site }: App, now: Instant): Promise<PublicGroup[]> {
  const nowMs = toMs(now)
  const today = dateIn(nowMs, site.zone)
  const midnights = midnightsOf(today, barDays, site.zone)
  const fromMs = midnights[0]!
  const from = toInstant(fromMs)
  const statuses = await currentStatuses(db, now, { publicOnly: true })
  const stretches = new Map<string, Stretch[]>()
  for (const { componentId, status, startedAt, endedAt } of await queries.statesAfter(db, from))
    push(stretches, componentId, { status, startMs: toMs(startedAt), endMs: endedAt === null ? null : toMs(endedAt) })
  const excused = new Map<string, Excused[]>()
  for (const { componentId, ...window } of await windowsAfter(db, from)) {
    const span = excusedSpan(window)
    if (span) push(excused, componentId, span)
  }
  const components = await listComponents(db)
  const groups = (await listGroups(db)).map((group) => ({
    id: group.id,
    name: fromJson<Words>(group.name),
    components: components
      .filter(({ groupId }) => groupId === group.id)
      .map(({ id, startDate, ...component }) => {
        const spans = [stretches.get(id) ?? [], excused.get(id) ?? []] as const
        const createdMs = midnight(startDate, site.zone)
        const turns = spans.flatMap((list) => list.flatMap(({ startMs, endMs }) => [startMs, endMs ?? startMs]))
        return {
          id,
          name: fromJson<Words>(component.name),
          description: fromJson<Words>(component.description),
          core: component.core === 1,
          status: statuses.get(id) ?? ('operational' as const),
          changedAt: toInstant(Math.max(createdMs, ...turns.filter((ms) => ms <= nowMs))),
          startDate,
          uptime: uptime(...spans, { fromMs, toMs: nowMs, createdMs }),
          days: dayMarks(...spans, { midnights, createdMs, nowMs }),
        }
      }),
  }))
  return groups.filter((group) => group.components.length)
}

/** The last instant up to now at which something public changed; the first instant of all when nothing ever did. */
function lastChange(
  groups: PublicGroup[],
  incidents: PublicIncident[],
  maintenances: PublicMaintenance[],
  now: Instant,
): Instant {
  const instants = [
    ...groups.flatMap(({ components }) => components.map(({ changedAt }) => changedAt)),
    ...incidents.flatMap(({ updates }) => updates.map(({ createdAt }) => createdAt)),
    ...maintenances.flatMap((one) => [one.announcedAt, one.startsAt, one.endsAt, one.completedAt ?? '']),
  ]
  const past = instants.filter((at) => at && at <= now).sort()
  return past.at(-1) ?? toInstant(0)
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

const monthOf = (instant: Instant, zone: string): string => dateIn(toMs(instant), zone).slice(0, 7)

/** First instant of a month of a zone, and of the next. */
function monthSpan(month: string, zone: string): [Instant, Instant] {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw invalid('A month is written like 2026-11.')
  const start = midnight(`${month}-01`, zone)
  const [year, number] = month.split('-').map(Number) as [number, number]
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`
  return [toInstant(start), toInstant(midnight(`${next}-01`, zone))]
}

async function nearestMonth(app: App, side: 'before' | 'from', instant: Instant): Promise<string | null> {
  const start = await queries.nearestStart(app.db, side, instant, app.now())
  return start ? monthOf(start, app.site.zone) : null
}
