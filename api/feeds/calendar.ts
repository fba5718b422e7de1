import ical, { ICalCalendarMethod, ICalEventStatus, ICalEventTransparency } from 'ical-generator'
import { markdownToText } from '#api/lib/markdown.ts'
import { hourMs, secondMs } from '#api/lib/time.ts'
import { placeIn } from '#api/publish/places.ts'
import type { Site } from '#api/site.ts'
import type { PublicMaintenance } from '#api/status/document.ts'
import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { inLocale, permanentId } from './entries.ts'

/** Where the calendar stands, in the site's own language. */
export const calendarPath = '/maintenance.ics'
/** How often a calendar program is asked to look again. */
const refreshSeconds = hourMs / secondMs

interface CalendarParts {
  site: Site
  publicUrl: string
  locale: Locale
  /** The record's own name: the ids of events are made of it, so that they outlive a change of address. */
  record: string
  maintenances: PublicMaintenance[]
}

/** Controls but for the line feed: neither an RFC 5545 text nor a line of it can hold one. */
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g
const clean = (text: string) => text.replace(controls, ' ')

/**
 * Planned maintenance as a calendar (RFC 5545, RFC 7986) in one language. An event keeps its UID; whatever becomes of it
 * raises its SEQUENCE, so that programs replace what they have; one that was cancelled stays, as cancelled. The same
 * maintenances make the same bytes.
 */
export function calendar({ site, publicUrl, locale, record, maintenances }: CalendarParts): string {
  const labels = wordsOf(locale).page
  const name = site.name[locale]
  const place = (path: string) => publicUrl + placeIn(locale, site.defaultLocale, path)
  const document = ical({
    prodId: { company: 'Candor', product: 'Status page', language: locale.toUpperCase() },
    method: ICalCalendarMethod.PUBLISH,
    name: fill(labels.maintenance.calendarName, { name }),
    description: fill(labels.maintenance.calendarDescription, { name }),
    ttl: refreshSeconds,
    url: place('/'),
    source: place(calendarPath),
  })
  for (const one of maintenances) {
    const changedAt = new Date(one.changes.at(-1)?.at ?? one.announcedAt)
    const status = one.cancelledAt ? labels.maintenance.cancelled : null
    const title = inLocale(one.title, locale).text
    const components = one.components.map((component) => inLocale(component.name, locale).text).join(labels.list)
    const description = [
      ...one.changes
        .toReversed()
        .flatMap(({ kind, said }) =>
          kind === 'completed' ? [] : [labels.maintenance.changed[kind], markdownToText(inLocale(said, locale).text)],
        ),
      markdownToText(inLocale(one.body, locale).text),
      components && `${labels.maintenance.affects}: ${components}`,
    ]
    // It ended when it was completed; what was completed in its first second keeps the end that was announced.
    const end = one.completedAt && one.completedAt > one.startsAt ? one.completedAt : one.endsAt
    document.createEvent({
      id: permanentId(record, 'maintenance', one.id, locale),
      sequence: one.changes.length,
      start: new Date(one.startsAt),
      end: new Date(end),
      stamp: changedAt,
      created: new Date(one.announcedAt),
      lastModified: changedAt,
      summary: clean(status ? `${status}: ${title}` : title),
      description: clean(description.filter(Boolean).join('\n\n')),
      url: place(`/maintenance/${one.id}/`),
      status: one.cancelledAt ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
      transparency: ICalEventTransparency.TRANSPARENT,
    })
  }
  return `${document.toString()}\r\n`
}
