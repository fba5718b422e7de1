import { createHash } from 'node:crypto'
import { isOver } from '#api/incidents/incident.ts'
import { escapeHtml } from '#api/lib/html.ts'
import { markdownToHtml } from '#api/lib/markdown.ts'
import type { Instant } from '#api/lib/time.ts'
import { placeIn } from '#api/publish/places.ts'
import type { Site } from '#api/site.ts'
import type { FeedEntry } from '#api/status/document.ts'
import { type Locale, languageName, locales, type Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'

/** How many of the newest updates a feed holds. */
export const feedLength = 100

/** What a feed is made of: the newest public updates in one language, of everything or of one component. */
export interface FeedParts {
  site: Site
  publicUrl: string
  locale: Locale
  /** The record's own name: ids are made of it, so that they outlive a change of address. */
  record: string
  /** Newest first. */
  entries: FeedEntry[]
  /** Stands in for the newest update's time while there is none. */
  at: Instant
  /** Its own public path in the site's own language: "/history.atom". */
  path: string
  component?: { id: string; name: Words }
}

/** A feed in no format yet: plain texts, and HTML where a body may hold it. The same parts give the same feed. */
export interface Feed {
  id: string
  title: string
  description: string
  locale: Locale
  home: string
  self: string
  updatedAt: Instant
  entries: {
    id: string
    url: string
    title: string
    html: string
    lang: Locale
    publishedAt: Instant
    tags: string[]
  }[]
}

/** One entry per public update, each with an id that never changes, whatever becomes of the address. */
export function feedOf({ site, publicUrl, locale, record, entries, at, path, component }: FeedParts): Feed {
  const labels = wordsOf(locale).page
  const company = site.name[locale]
  const name = component ? `${company}: ${inLocale(component.name, locale).text}` : company
  const place = (to: string) => publicUrl + placeIn(locale, site.defaultLocale, to)
  return {
    id: permanentId(record, 'feed', component?.id ?? '', locale),
    title: fill(labels.feed.title, { name }),
    description: fill(labels.feed.description, { name }),
    locale,
    home: place('/'),
    self: place(path),
    updatedAt: entries[0]?.update.createdAt ?? at,
    entries: entries.map(({ incident, update }) => {
      const label = update.correctsId ? labels.feed.correction : labels.feed.entry
      const title = inLocale(incident.title, locale)
      return {
        id: permanentId(record, 'update', update.id, locale),
        url: `${place(`/incidents/${incident.id}/`)}#u${update.number}`,
        title: fill(label, { title: title.text, phase: labels.phase[update.status] }),
        html: bodyOf(update.body, locale) + offersOf(incident, update, locale),
        lang: inLocale(update.body, locale).lang,
        publishedAt: update.createdAt,
        tags: incident.affected.map((touched) => inLocale(touched.name, locale).text),
      }
    }),
  }
}

/** What was open for those it affected when it was over, as a line under the update that says so. */
function offersOf({ offers }: FeedEntry['incident'], update: FeedEntry['update'], locale: Locale): string {
  const { title } = wordsOf(locale).compensation.public
  const { colon } = wordsOf(locale).messages.mail
  return isOver(update.status)
    ? offers
        .filter(({ announcedAt }) => announcedAt <= update.createdAt)
        .map((offer) => inLocale(offer.title, locale))
        .map(({ text, lang }) => `<p>${escapeHtml(title + colon)}<span lang="${lang}">${escapeHtml(text)}</span></p>`)
        .join('')
    : ''
}

/** A UUID made of a name (RFC 9562, version 8), as a URN: the same name gives the same id for ever. */
export function permanentId(...name: string[]): string {
  const bytes = createHash('sha256').update(name.join('/')).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A text as readers of a language get it: in their own, else in the one that exists. */
export function inLocale(words: Words, locale: Locale): { text: string; lang: Locale } {
  const lang = words[locale] ? locale : (locales.find((other) => words[other]) ?? locale)
  return { text: words[lang] ?? '', lang }
}

/** A text as HTML for readers of a language; one that exists in another language only says so. */
export function bodyOf(words: Words, locale: Locale): string {
  const { text, lang } = inLocale(words, locale)
  const html = markdownToHtml(text)
  if (lang === locale) return html
  return `<div lang="${lang}">${html}</div><p>${escapeHtml(fill(wordsOf(locale).page.onlyIn, { language: languageName(lang, locale) }))}</p>`
}
