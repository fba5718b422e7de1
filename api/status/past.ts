import { dateIn, dayMs, midnight, toMs } from '#api/lib/time.ts'
import type { PastEntry, PublicIncident, PublicMaintenance } from './document.ts'

interface Happened {
  /** What is shown, at the day it began. */
  incidents: PublicIncident[]
  maintenances: PublicMaintenance[]
  /** What is shown elsewhere on the page and still keeps its days from being quiet. */
  open: PublicIncident[]
}

/**
 * The last `count` days of a zone, newest first: what happened at the day it began (or at the first day shown, when it
 * began before), and runs of quiet days as one line. A day on which an incident went on is not quiet.
 */
export function pastEntries(
  happened: Happened,
  { nowMs, zone, count }: { nowMs: number; zone: string; count: number },
): PastEntry[] {
  const today = dateIn(nowMs, zone)
  const days = Array.from({ length: count }, (_, i) => dateIn(midnight(today, zone, -i) + dayMs / 4, zone))
  const oldest = days.at(-1)!
  const dayOf = (instant: string) => {
    const day = dateIn(toMs(instant), zone)
    if (day < oldest) return oldest
    return day
  }
  const busy = new Set<string>()
  const cover = (from: string, to: string) => {
    for (const day of days) if (day >= from && day <= to) busy.add(day)
  }
  // An open known issue stands apart: no day is told as an incident's because of it.
  const open = happened.open.filter(({ kind }) => kind === 'incident')
  for (const { kind, startedAt, resolvedAt } of [...happened.incidents, ...open]) {
    const from = dayOf(startedAt)
    cover(from, kind !== 'incident' ? from : resolvedAt ? dayOf(resolvedAt) : today)
  }
  const entries: (PastEntry & { order: string })[] = []
  for (const incident of happened.incidents)
    entries.push({ kind: 'incident', date: dayOf(incident.startedAt), incident, order: incident.startedAt })
  for (const maintenance of happened.maintenances) {
    const date = dayOf(maintenance.startsAt)
    cover(date, date)
    entries.push({ kind: 'maintenance', date, maintenance, order: maintenance.startsAt })
  }
  entries.sort((a, b) => b.order.localeCompare(a.order))

  const lines: PastEntry[] = []
  let dayAfter = ''
  for (const day of days) {
    const last = lines.at(-1)
    if (!busy.has(day)) {
      if (last?.kind === 'quiet' && last.from === dayAfter) last.from = day
      else lines.push({ kind: 'quiet', from: day, to: day })
    }
    dayAfter = day
    for (const { order: _, ...entry } of entries) if ('date' in entry && entry.date === day) lines.push(entry)
  }
  return lines
}
