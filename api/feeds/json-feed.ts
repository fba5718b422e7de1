import type { Feed } from './entries.ts'

/** A feed as JSON Feed 1.1 (jsonfeed.org). The same feed makes the same bytes. */
export function jsonFeed(feed: Feed): string {
  const document = {
    version: 'https://jsonfeed.org/version/1.1',
    title: feed.title,
    home_page_url: feed.home,
    feed_url: feed.self,
    description: feed.description,
    language: feed.locale,
    authors: [{ name: feed.title, url: feed.home }],
    items: feed.entries.map((entry) => ({
      id: entry.id,
      url: entry.url,
      title: entry.title,
      content_html: entry.html,
      date_published: entry.publishedAt,
      language: entry.lang,
      ...(entry.tags.length ? { tags: entry.tags } : {}),
    })),
  }
  return `${JSON.stringify(document)}\n`
}
