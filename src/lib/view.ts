import { createHash } from 'node:crypto'
import type { StatusDocument } from '#api/status/document.ts'
import type { Locale } from '#content/locales.ts'
import { type Labels, wordsOf } from '#content/words.ts'
import { type Dates, datesFor } from './dates.ts'
import { placeIn } from './places.ts'

/** What every part of a page is drawn with. */
export interface View {
  locale: Locale
  labels: Labels['page']
  dates: Dates
  /** A public path in this page's language. */
  place(path: string): string
}

export const viewOf = (locale: Locale, defaultLocale: Locale, drawn: { zone: string; at: string }): View => ({
  locale,
  labels: wordsOf(locale).page,
  dates: datesFor(locale, drawn.zone, drawn.at),
  place: (path) => placeIn(locale, defaultLocale, path),
})

/** Changes when there is something new to read, and not because a page was drawn again. */
export const newsKey = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 8)

/** What makes a reader of the home page want to look again. */
export const newsOf = (status: StatusDocument): string =>
  newsKey(
    [...status.open, ...status.knownIssues].map((incident) => [
      incident.id,
      incident.title,
      incident.status,
      incident.nextUpdateAt,
      incident.late,
      incident.updates.length,
    ]),
    status.groups.map((group) => group.components.map((component) => component.status)),
    status.maintenances.map((maintenance) => [maintenance.id, maintenance.status, maintenance.changes.length]),
  )
