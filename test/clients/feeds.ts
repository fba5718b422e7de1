import { Readable } from 'node:stream'
import { XMLValidator } from 'fast-xml-parser'
import { z } from 'zod'
import type { Findings } from './fetched.ts'

// Feeds, read by five parsers that know nothing of each other. Each must find the same entries in every format.

export const feedParsers = [
  'rss-parser@3.13.0',
  'feedparser@2.6.0',
  'feedsmith@3.0.1',
  '@rowanmanning/feed-parser@2.1.5',
  '@extractus/feed-extractor@8.0.3',
] as const

/** An entry as every parser must find it. */
interface Entry {
  id: string
  link: string
  title: string
  at: number
  html: string
}
interface Found {
  title: string
  home: string
  entries: Entry[]
}
type Date_ = string | Date | null | undefined
const entry = (id: unknown, link: unknown, title: unknown, at: Date_, html: unknown): Entry => ({
  id: String(id),
  link: String(link),
  title: String(title).trim(),
  at: Number(new Date(at ?? Number.NaN)),
  html: String(html).trim(),
})

/** Reads RSS and Atom, each parser in its own words. */
function xmlReaders(load: NodeJS.Require): Record<string, (text: string, url: string) => Promise<Found>> {
  return {
    async 'rss-parser'(text) {
      const Parser = load('rss-parser') as new () => {
        parseString(text: string): Promise<{
          title: string
          link: string
          items: { guid?: string; id?: string; link: string; title: string; isoDate: string; content: string }[]
        }>
      }
      const { title, link, items } = await new Parser().parseString(text)
      return {
        title,
        home: link,
        entries: items.map((one) => entry(one.guid ?? one.id, one.link, one.title, one.isoDate, one.content)),
      }
    },
    feedparser(text, url) {
      interface Item {
        guid: string
        link: string
        title: string
        pubdate: Date
        description: string
      }
      const FeedParser = load('feedparser') as new (
        options: object,
      ) => NodeJS.ReadWriteStream & AsyncIterable<Item> & { meta: { title: string; link: string } }
      const parser = new FeedParser({ feedurl: url, resume_saxerror: false })
      return new Promise((resolve, reject) => {
        const entries: Entry[] = []
        parser.on('error', reject)
        parser.on('data', (one: Item) =>
          entries.push(entry(one.guid, one.link, one.title, one.pubdate, one.description)),
        )
        parser.on('end', () => resolve({ title: parser.meta.title, home: parser.meta.link, entries }))
        Readable.from([Buffer.from(text)]).pipe(parser)
      })
    },
    async feedsmith(text) {
      interface Link {
        href: string
        rel?: string
      }
      const { parseFeed } = load('feedsmith') as {
        parseFeed(text: string): {
          format: string
          feed: {
            title: string | { value: string }
            link?: string
            links?: Link[]
            items?: { guid: { value: string }; link: string; title: string; pubDate: string; description: string }[]
            entries?: {
              id: string
              links: Link[]
              title: string | { value: string }
              published: string
              content: string | { value: string }
            }[]
          }
        }
      }
      const { feed } = parseFeed(text)
      const plain = (text: string | { value: string }) => (typeof text === 'string' ? text : text.value)
      const to = (links: Link[] = []) => links.find(({ rel }) => rel === 'alternate')?.href
      return {
        title: plain(feed.title),
        home: String(feed.link ?? to(feed.links)),
        entries: [
          ...(feed.items ?? []).map((one) => entry(one.guid.value, one.link, one.title, one.pubDate, one.description)),
          ...(feed.entries ?? []).map((one) =>
            entry(one.id, to(one.links), plain(one.title), one.published, plain(one.content)),
          ),
        ],
      }
    },
    async '@rowanmanning/feed-parser'(text) {
      const { parseFeed } = load('@rowanmanning/feed-parser') as {
        parseFeed(text: string): {
          title: string
          url: string
          items: { id: string; url: string; title: string; published: Date; content: string; description: string }[]
        }
      }
      const feed = parseFeed(text)
      return {
        title: feed.title,
        home: feed.url,
        entries: feed.items.map((one) =>
          entry(one.id, one.url, one.title, one.published, one.content ?? one.description),
        ),
      }
    },
    async '@extractus/feed-extractor'(text) {
      const { extractFromXml } = load('@extractus/feed-extractor') as Extractor
      return extracted(extractFromXml(text, { descriptionMaxLen: 0 }))
    },
  }
}

interface Extracted {
  title: string
  link: string
  entries: { id: string; link: string; title: string; published: string }[]
}
interface Extractor {
  extractFromXml(text: string, options: object): Extracted
  extractFromJson(text: string, options: object): Extracted
}
/** It takes the markup out of what it finds, and the part of a link behind the #. */
const extracted = ({ title, link, entries }: Extracted): Found => ({
  title,
  home: link,
  entries: entries.map((one) => entry(one.id, one.link, one.title, one.published, '')),
})

// JSON Feed 1.1 as jsonfeed.org/version/1.1 has it, strictly: what it does not know is refused.
const author = z.strictObject({ name: z.string(), url: z.url() })
const jsonFeed = z.strictObject({
  version: z.literal('https://jsonfeed.org/version/1.1'),
  title: z.string().min(1),
  home_page_url: z.url(),
  feed_url: z.url(),
  description: z.string(),
  language: z.string(),
  authors: z.array(author).nonempty(),
  items: z.array(
    z.strictObject({
      id: z.string().min(1),
      url: z.url(),
      title: z.string().min(1),
      content_html: z.string().min(1),
      date_published: z.iso.datetime(),
      language: z.string(),
      tags: z.array(z.string().min(1)).optional(),
    }),
  ),
})

/** A text without its markup, however often it was escaped: some parsers take it out, or unescape once more. */
function plain(text: string): string {
  const read = text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
  return read === text ? text.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ') : plain(read)
}

/** An entry as far as a parser hands it on unchanged. RSS knows no smaller unit of time than the second. */
function as(parser: string, { id, link, title, at, html }: Entry) {
  const seconds = Math.floor(at / 1_000)
  if (parser === '@extractus/feed-extractor') return { id, link: link.split('#')[0], title: plain(title), seconds }
  if (/^(feedparser|@rowanmanning)/.test(parser)) return { id, link, title: plain(title), seconds, html: plain(html) }
  return { id, link, title, seconds, html }
}

/** Reads the three formats of one feed in one language with every parser. Says how many entries it holds. */
export async function readFeed(
  load: NodeJS.Require,
  findings: Findings,
  address: string,
  below: string,
): Promise<number> {
  const get = async (name: string, type: string) => {
    const url = `${address}${below}${name}`
    const answer = await fetch(url)
    findings.same(
      `${url} is served as`,
      [answer.status, answer.headers.get('content-type')],
      [200, `${type}; charset=utf-8`],
    )
    return { url, text: await answer.text() }
  }
  const json = await get('feed.json', 'application/feed+json')
  const feed = await findings.runs(`${json.url} is JSON Feed 1.1`, () => jsonFeed.parse(JSON.parse(json.text)))
  if (!feed) return 0
  findings.same(`${json.url} names itself`, feed.feed_url, json.url)
  const entries = feed.items.map((one) => entry(one.id, one.url, one.title, one.date_published, one.content_html))
  const right: Found = { title: feed.title, home: feed.home_page_url, entries }
  const times = entries.map(({ at }) => at)
  findings.same(
    `${json.url} tells the newest first`,
    times,
    times.toSorted((a, b) => b - a),
  )
  findings.same(`${json.url}: every id is one entry’s`, new Set(entries.map(({ id }) => id)).size, entries.length)

  const { parseFeed } = load('feedsmith') as { parseFeed(text: string): { format: string; feed: { items?: object[] } } }
  const smithed = await findings.runs(`feedsmith ${json.url}`, () => parseFeed(json.text))
  findings.same(`feedsmith ${json.url}`, [smithed?.format, smithed?.feed.items?.length ?? 0], ['json', entries.length])
  const { extractFromJson } = load('@extractus/feed-extractor') as Extractor
  const seen = await findings.runs(`@extractus ${json.url}`, () =>
    extracted(extractFromJson(JSON.parse(json.text), { descriptionMaxLen: 0 })),
  )
  findings.same(
    `@extractus ${json.url}`,
    seen?.entries.map(({ id }) => id),
    entries.map(({ id }) => id),
  )

  for (const [name, type] of [
    ['history.rss', 'application/rss+xml'],
    ['history.atom', 'application/atom+xml'],
  ] as const) {
    const { url, text } = await get(name, type)
    findings.same(`${url} is well-formed`, XMLValidator.validate(text), true)
    for (const [parser, read] of Object.entries(xmlReaders(load))) {
      // It takes an Atom feed without an entry for none.
      if (parser.startsWith('@extractus') && !entries.length) continue
      const found = await findings.runs(`${parser} ${url}`, () => read(text, url))
      if (!found) continue
      findings.same(`${parser} ${url}: title and home`, [found.title, found.home], [right.title, right.home])
      findings.same(`${parser} ${url}: entries`, found.entries.length, entries.length)
      found.entries.forEach((one, i) => {
        const expected = entries[i]
        if (expected) findings.same(`${parser} ${url} entry ${i + 1}`, as(parser, one), as(parser, expected))
      })
    }
  }
  return entries.length
}
