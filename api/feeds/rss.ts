import { escapeHtml } from '#api/lib/html.ts'
import { markdownToHtml } from '#api/lib/markdown.ts'
import { type Instant, toMs } from '#api/lib/time.ts'
import { placeIn } from '#api/publish/places.ts'
import type { Site } from '#api/site.ts'
import type { FeedEntry } from '#api/status/document.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { element, xmlText } from './xml.ts'

/** How many of the newest updates a feed holds. */
export const feedLength = 100

interface Feed {
  site: Site
  publicUrl: string
  locale: Locale
  /** Newest first. */
  entries: FeedEntry[]
  /** Stands in for the newest update's time while there is none. */
  at: Instant
}

/**
 * The feed of a language as RSS 2.0: one entry per public update, with an id that never changes (RFC 4151). The same
 * entries make the same bytes, so that a reader's cached copy stays good.
 */
export function rssFeed({ site, publicUrl, locale, entries, at }: Feed): string {
  const labels = wordsOf(locale).page
  const name = site.name[locale]
  const place = (path: string) => publicUrl + placeIn(locale, site.defaultLocale, path)
  const items = entries.map(({ incident, update }) => {
    const label = update.correctsId ? labels.feed.correction : labels.feed.entry
    const title = fill(label, { title: inLocale(incident.title, locale).text, phase: labels.phase[update.status] })
    return `<item>${element('title', title)}${element('link', `${place(`/incidents/${incident.id}/`)}#u${update.number}`)}${element('guid', guidOf(publicUrl, update.id, update.createdAt, locale), ' isPermaLink="false"')}${element('pubDate', rfc822(update.createdAt))}${element('description', bodyOf(update.body, locale))}</item>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>${[
    element('title', fill(labels.feed.title, { name })),
    element('link', place('/')),
    element('description', fill(labels.feed.description, { name })),
    element('language', locale.toLowerCase()),
    element('lastBuildDate', rfc822(entries[0]?.update.createdAt ?? at)),
    `<atom:link href="${xmlText(place('/history.rss'))}" rel="self" type="application/rss+xml"/>`,
    ...items,
  ].join('\n')}
</channel></rss>
`
}

/** "Wed, 11 Nov 2026 12:12:00 GMT" (RFC 822 with a four-digit year, as RSS asks). */
const rfc822 = (at: Instant): string => new Date(toMs(at)).toUTCString()

/** The permanent id of an update: tag:<name>,<its day>:update/<id>/<language>. */
const guidOf = (publicUrl: string, id: string, at: Instant, locale: Locale) =>
  `tag:${new URL(publicUrl).hostname},${at.slice(0, 10)}:update/${id}/${locale}`

function inLocale(words: Words, locale: Locale): { text: string; lang: Locale } {
  const lang = words[locale] ? locale : (locales.find((other) => words[other]) ?? locale)
  return { text: words[lang] ?? '', lang }
}

function bodyOf(words: Words, locale: Locale): string {
  const { text, lang } = inLocale(words, locale)
  const html = markdownToHtml(text)
  if (lang === locale) return html
  return `<div lang="${lang}">${html}</div><p>${escapeHtml(wordsOf(locale).page.onlyIn[lang])}</p>`
}
