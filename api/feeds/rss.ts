import { type Instant, toMs } from '#api/lib/time.ts'
import type { Feed } from './entries.ts'
import { element, xmlText } from './xml.ts'

/** A feed as RSS 2.0 (rssboard.org). The same feed makes the same bytes, so that a reader's cached copy stays good. */
export function rssFeed(feed: Feed): string {
  const items = feed.entries.map(
    (entry) =>
      `<item>${element('title', entry.title)}${element('link', entry.url)}${element('guid', entry.id, ' isPermaLink="false"')}${element('pubDate', rfc822(entry.publishedAt))}${element('description', entry.html)}</item>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>${[
    element('title', feed.title),
    element('link', feed.home),
    element('description', feed.description),
    element('language', feed.locale.toLowerCase()),
    element('lastBuildDate', rfc822(feed.updatedAt)),
    `<atom:link href="${xmlText(feed.self)}" rel="self" type="application/rss+xml"/>`,
    ...items,
  ].join('\n')}
</channel></rss>
`
}

/** "Wed, 11 Nov 2026 12:12:00 GMT" (RFC 822 with a four-digit year, as RSS asks). */
const rfc822 = (at: Instant): string => new Date(toMs(at)).toUTCString()
