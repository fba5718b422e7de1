import { markdownToText } from '#api/lib/markdown.ts'
import { dateIn, toMs } from '#api/lib/time.ts'
import { placeIn } from '#api/publish/places.ts'
import type { HistoryDocument } from '#api/status/document.ts'
import type { Locale, Words } from '#content/locales.ts'
import { inLocale } from './entries.ts'

/** One thing that can be found: what a search looks through, and where it leads. */
export interface SearchEntry {
  title: string
  text: string
  /** "2026-11-11", in the page's zone. */
  date: string
  path: string
}

/**
 * What a search may find in one month, in one language, the youngest first. A text that exists in one language only is
 * found by readers of every language. The page's script fetches these files one by one; nothing else is asked.
 */
export function searchEntries(history: HistoryDocument, locale: Locale, defaultLocale: Locale): SearchEntry[] {
  const say = (words: Words) => inLocale(words, locale).text
  const path = (to: string) => placeIn(locale, defaultLocale, to)
  const date = (at: string) => dateIn(toMs(at), history.zone)
  const incidents = history.incidents.map((incident) => ({
    title: say(incident.title),
    text: [incident.scope, incident.notAffected, incident.workaround, ...incident.updates.map(({ body }) => body)]
      .map((words) => markdownToText(say(words)))
      .filter(Boolean)
      .join('\n'),
    date: date(incident.startedAt),
    path: path(`/incidents/${incident.id}/`),
  }))
  const maintenances = history.maintenances.map((maintenance) => ({
    title: say(maintenance.title),
    text: markdownToText(say(maintenance.body)),
    date: date(maintenance.startsAt),
    path: path(`/maintenance/${maintenance.id}/`),
  }))
  const statements = history.statements.map((statement) => ({
    title: say(statement.title),
    text: markdownToText(say(statement.standing === 'withdrawn' ? statement.withdrawnReason : statement.body)),
    date: date(statement.publishedAt),
    path: path(`/statements/${statement.id}/`),
  }))
  return [...incidents, ...maintenances, ...statements].sort((a, b) => (a.date < b.date ? 1 : -1))
}
