import type { FeedEntry, ReportLink } from './document.ts'

/** The reports among these updates, which are the newest first: each once, however often it was put right. */
export function reportsOf(updates: readonly FeedEntry[]): ReportLink[] {
  const reports = new Map<string, ReportLink>()
  for (const { incident, update } of updates) {
    const newer = reports.get(incident.id)
    if (newer) newer.publishedAt = update.createdAt
    else
      reports.set(incident.id, {
        incidentId: incident.id,
        number: update.number,
        standing: update.correctsId ? 'corrected' : 'published',
        title: incident.title,
        publishedAt: update.createdAt,
        changedAt: update.createdAt,
      })
  }
  return [...reports.values()]
}
