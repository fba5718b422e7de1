import type { Feed } from './entries.ts'
import { element, xmlText } from './xml.ts'

/** A feed as Atom (RFC 4287). The same feed makes the same bytes. */
export function atomFeed(feed: Feed): string {
  const entries = feed.entries.map(
    (entry) =>
      `<entry>${element('id', entry.id)}${element('title', entry.title, ' type="text"')}${element('published', entry.publishedAt)}${element('updated', entry.publishedAt)}<link rel="alternate" type="text/html" href="${xmlText(entry.url)}"/>${element('content', entry.html, ` type="html" xml:lang="${entry.lang}"`)}</entry>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="${feed.locale}">${[
    element('id', feed.id),
    element('title', feed.title, ' type="text"'),
    element('subtitle', feed.description, ' type="text"'),
    element('updated', feed.updatedAt),
    `<author>${element('name', feed.title)}${element('uri', feed.home)}</author>`,
    // Readers that look at no `rel` take the first link for the page.
    `<link rel="alternate" type="text/html" href="${xmlText(feed.home)}"/>`,
    `<link rel="self" type="application/atom+xml" href="${xmlText(feed.self)}"/>`,
    ...entries,
  ].join('\n')}
</feed>
`
}
