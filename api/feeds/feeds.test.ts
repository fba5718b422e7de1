import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect, it } from 'vitest'
import { loadSite } from '#api/site.ts'
import type { FeedEntry } from '#api/status/document.ts'
import type { Words } from '#content/locales.ts'
import { atomFeed } from './atom.ts'
import { type FeedParts, feedOf } from './entries.ts'
import { jsonFeed } from './json-feed.ts'
import { rssFeed } from './rss.ts'

const site = loadSite('content/demo/site.yaml')
const publicUrl = 'https://status.hezhou.example'

const entry = (title: Words, body: Words, more: Partial<FeedEntry['update']> = {}): FeedEntry => ({
  incident: {
    id: 'incident0001',
    code: '1107',
    kind: 'incident',
    impact: 'critical',
    status: 'investigating',
    title,
    scope: {},
    notAffected: {},
    workaround: {},
    startedAt: '2026-11-11T12:02:00.000Z',
    endedAt: null,
    resolvedAt: null,
    createdAt: '2026-11-11T12:12:00.000Z',
    nextUpdateAt: null,
    late: false,
    rating: null,
    affected: [],
    offers: [],
  },
  update: {
    id: 'update000001',
    number: 1,
    status: 'investigating',
    body,
    createdAt: '2026-11-11T12:12:00.000Z',
    nextUpdateAt: null,
    notified: true,
    correctsId: null,
    correctedById: null,
    effects: [],
    ...more,
  },
})

const parts = (locale: 'en' | 'zh-CN', entries: FeedEntry[], path: string): FeedParts => ({
  site,
  publicUrl,
  locale,
  record: 'a-record',
  entries,
  at: '2026-11-11T00:00:00.000Z',
  path,
})

/** Reads a feed as another program would: an independent parser, after its own check that this is XML at all. */
function read(locale: 'en' | 'zh-CN', entries: FeedEntry[]) {
  const text = rssFeed(feedOf(parts(locale, entries, '/history.rss')))
  expect(XMLValidator.validate(text)).toBe(true)
  const parser = new XMLParser({ ignoreAttributes: false, isArray: (name) => name === 'item', trimValues: false })
  return { text, channel: parser.parse(text).rss.channel }
}

it('survives every control character, "]]>", markup, emoji and Chinese in title and body', () => {
  const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).join('')
  const nasty = `a${controls}b ]]> <b>&amp; "quoted" 🚨👩‍💻 订单失败。\uFFFE\uFFFF\uD800 end`
  const { text, channel } = read('en', [entry({ en: nasty }, { en: nasty })])
  const [item] = channel.item
  expect(item.title).toContain('a\t\n\nb ]]> <b>&amp; "quoted" 🚨👩‍💻 订单失败。 end')
  expect(item.description).toContain('🚨👩‍💻 订单失败。')
  expect(item.description).toContain(']]&gt; &lt;b&gt;')
  expect(text).not.toMatch(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u)
  expect(text).not.toContain(']]>')
})

it('gives each update a permanent id, an address that leads to it and its time', () => {
  const { channel } = read('zh-CN', [entry({ 'zh-CN': '下单失败。' }, { 'zh-CN': '正在排查。' })])
  const [item] = channel.item
  expect(item.guid).toEqual({
    '#text': expect.stringMatching(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    '@_isPermaLink': 'false',
  })
  expect(item.link).toBe('https://status.hezhou.example/zh-CN/incidents/incident0001/#u1')
  expect(item.title).toBe('下单失败。（调查中）')
  expect(item.pubDate).toBe('Wed, 11 Nov 2026 12:12:00 GMT')
  expect(channel['atom:link']).toMatchObject({
    '@_href': 'https://status.hezhou.example/zh-CN/history.rss',
    '@_rel': 'self',
  })
  expect(channel.lastBuildDate).toBe('Wed, 11 Nov 2026 12:12:00 GMT')
})

it('shows a text of the other language as it is, marked, with a line that says so', () => {
  const { channel } = read('en', [entry({ 'zh-CN': '下单失败。' }, { 'zh-CN': '正在排查。' })])
  const [item] = channel.item
  expect(item.title).toContain('下单失败。')
  expect(item.description).toBe('<div lang="zh-CN"><p>正在排查。</p></div><p>This text exists in Chinese only.</p>')
})

it('says under the update that ends it what was given by then, and nothing before and nothing later', () => {
  const given = (announcedAt: string, en: string) => ({
    id: 'offer0000001',
    state: 'live' as const,
    basis: 'goodwill' as const,
    title: { en },
    terms: {},
    automatic: false,
    announcedAt,
    claimFrom: announcedAt,
    claimUntil: '2026-12-31T15:59:59.000Z',
  })
  const offers = [given('2026-11-11T12:10:00.000Z', 'A <coupon>'), given('2026-11-11T12:13:00.000Z', 'Later')]
  const said = (status: 'monitoring' | 'resolved') => {
    const one = entry({ en: 'Orders fail' }, { en: 'Over.' }, { status })
    return read('en', [{ ...one, incident: { ...one.incident, offers } }]).channel.item[0].description
  }
  expect(said('resolved')).toBe('<p>Over.</p><p>Compensation: <span lang="en">A &lt;coupon&gt;</span></p>')
  expect(said('monitoring')).toBe('<p>Over.</p>')
})

it('names a correction as one, and is a whole feed while nothing has happened', () => {
  const { channel } = read('en', [
    entry({ en: 'Orders fail' }, { en: 'AP is affected too.' }, { correctsId: 'update000000' }),
  ])
  expect(channel.item[0].title).toBe('Correction: Orders fail (Investigating)')
  const empty = read('en', []).channel
  expect(empty.item).toBeUndefined()
  expect(empty.lastBuildDate).toBe('Wed, 11 Nov 2026 00:00:00 GMT')
})

/** The same in all formats, as independent parsers read it: [id, link, title, HTML] of each entry. */
function everyFormat(entries: FeedEntry[], at = publicUrl) {
  const of = (path: string) => feedOf({ ...parts('en', entries, path), publicUrl: at })
  const options = { ignoreAttributes: false, isArray: (name: string) => ['item', 'entry', 'link'].includes(name) }
  type Read = {
    id: string
    guid: { '#text': string }
    link: never[]
    title: never
    description: string
    content: { '#text': string }
  }
  const rss = new XMLParser(options).parse(rssFeed(of('/history.rss'))).rss.channel
  const atomText = atomFeed(of('/history.atom'))
  expect(XMLValidator.validate(atomText)).toBe(true)
  const atom = new XMLParser(options).parse(atomText).feed
  const json = JSON.parse(jsonFeed(of('/feed.json')))
  return {
    atom,
    json,
    entries: {
      rss: rss.item.map((one: Read) => [one.guid['#text'], one.link[0], one.title, one.description]),
      atom: atom.entry.map((one: Read) => [one.id, one.link[0]?.['@_href'], one.title['#text'], one.content['#text']]),
      json: json.items.map((one: Record<string, string>) => [one.id, one.url, one.title, one.content_html]),
    },
  }
}

it('says the same in RSS, Atom and JSON Feed', () => {
  const { entries, atom, json } = everyFormat([
    entry({ en: 'Orders <fail> & "more"' }, { en: 'We know **why**.' }),
    entry({ en: 'Orders fail' }, { en: 'Seen.' }, { id: 'update000000', createdAt: '2026-11-11T12:10:00.000Z' }),
  ])
  expect(entries.rss).toHaveLength(2)
  expect(entries.atom).toEqual(entries.rss)
  expect(entries.json).toEqual(entries.rss)
  expect(atom.entry[0].updated).toBe('2026-11-11T12:12:00.000Z')
  expect(atom.link.find((link: Record<string, string>) => link['@_rel'] === 'self')['@_href']).toBe(
    'https://status.hezhou.example/history.atom',
  )
  expect(json.version).toBe('https://jsonfeed.org/version/1.1')
  expect(json.feed_url).toBe('https://status.hezhou.example/feed.json')
})

it('keeps the ids of feed and entries when the page moves to another address', () => {
  const one = entry({ en: 'Orders fail' }, { en: 'Seen.' })
  const [here, there] = [everyFormat([one]), everyFormat([one], 'https://status.elsewhere.example')]
  expect(there.atom.id).toBe(here.atom.id)
  expect(there.entries.json[0][0]).toBe(here.entries.json[0][0])
  expect(there.entries.json[0][1]).toBe('https://status.elsewhere.example/incidents/incident0001/#u1')
})
