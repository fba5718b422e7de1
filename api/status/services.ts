import type { App } from '#api/app.ts'
import { currentStatuses, listComponents, listGroups } from '#api/components/queries.ts'
import { fromJson } from '#api/lib/json.ts'
import { dateIn, type Instant, midnight, toInstant, toMs } from '#api/lib/time.ts'
import { excusedSpan } from '#api/maintenance/maintenance.ts'
import { windowsAfter } from '#api/maintenance/queries.ts'
import type { Words } from '#content/locales.ts'
import type { PublicGroup, PublicIncident, PublicMaintenance, UptimeDocument } from './document.ts'
import { monthOf, monthSpan } from './months.ts'
import * as queries from './queries.ts'
import { badDays, dayMarks, type Excused, midnightsOf, type Stretch, uptime } from './uptime.ts'

/** How many days the page's bars show, and how many months the table of uptime. */
export const barDays = 90
export const tableMonths = 12

/** What counts for and against each component since an instant. */
async function spansSince(app: App, from: Instant) {
  const stretches = new Map<string, Stretch[]>()
  for (const { componentId, status, startedAt, endedAt } of await queries.statesAfter(app.db, from))
    push(stretches, componentId, { status, startMs: toMs(startedAt), endMs: endedAt === null ? null : toMs(endedAt) })
  const excused = new Map<string, Excused[]>()
  for (const { componentId, ...window } of await windowsAfter(app.db, from)) {
    const span = excusedSpan(window)
    if (span) push(excused, componentId, span)
  }
  return (id: string) => [stretches.get(id) ?? [], excused.get(id) ?? []] as const
}

/** The groups that hold components, with what is said of each component. */
async function groupsOf<T>({ db }: App, say: (component: Listed) => T) {
  const components = await listComponents(db)
  const groups = (await listGroups(db)).map((group) => ({
    id: group.id,
    name: fromJson<Words>(group.name),
    components: components.filter(({ groupId }) => groupId === group.id).map(say),
  }))
  return groups.filter((group) => group.components.length)
}
type Listed = Awaited<ReturnType<typeof listComponents>>[number]

/** The groups that hold components, each component with its state, its uptime and its bars. */
export async function readGroups(app: App, now: Instant): Promise<PublicGroup[]> {
  const { zone } = app.site
  const nowMs = toMs(now)
  const midnights = midnightsOf(dateIn(nowMs, zone), barDays, zone)
  const fromMs = midnights[0]!
  const statuses = await currentStatuses(app.db, now, { publicOnly: true })
  const spansOf = await spansSince(app, toInstant(fromMs))
  return groupsOf(app, ({ id, startDate, ...component }) => {
    const spans = spansOf(id)
    const createdMs = midnight(startDate, zone)
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
      badDays: badDays(...spans, { midnights, createdMs, nowMs }, zone),
    }
  })
}

/** Each component's uptime in each of the last months of the page's zone, by the page's one rule. */
export async function readUptime(app: App): Promise<UptimeDocument> {
  const { zone } = app.site
  const now = app.now()
  const nowMs = toMs(now)
  const months = [monthOf(now, zone)]
  while (months.length < tableMonths)
    months.push(monthOf(toInstant(toMs(monthSpan(months.at(-1)!, zone)[0]) - 1), zone))
  const spansOf = await spansSince(app, monthSpan(months.at(-1)!, zone)[0])
  const groups = await groupsOf(app, ({ id, name, startDate }) => {
    const createdMs = midnight(startDate, zone)
    const percents = months.map((month) => {
      const [fromMs, toMsOfMonth] = monthSpan(month, zone).map(toMs) as [number, number]
      return createdMs >= Math.min(toMsOfMonth, nowMs)
        ? null
        : uptime(...spansOf(id), { fromMs, toMs: Math.min(toMsOfMonth, nowMs), createdMs })
    })
    return { id, name: fromJson<Words>(name), startDate, uptimes: percents }
  })
  const first = groups.flatMap((group) => group.components.map(({ startDate }) => startDate.slice(0, 7))).sort()[0]
  const shown = months.filter((month) => first !== undefined && month >= first).length
  return {
    at: now,
    zone,
    months: months.slice(0, shown),
    groups: groups.map(({ components, ...group }) => ({
      ...group,
      components: components.map((one) => ({ ...one, uptimes: one.uptimes.slice(0, shown) })),
    })),
  }
}

/** The last instant up to now at which something public changed; the first instant of all when nothing ever did. */
export function lastChange(
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
