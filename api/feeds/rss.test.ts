import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect, it } from 'vitest'
import { loadSite } from '#api/site.ts'
import type { FeedEntry } from '#api/status/document.ts'
import type { Words } from '#content/locales.ts'
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
    affected: [],
  },
  update: {
    id: 'update000001',
    number: 1,
    status: 'investigating',
    body,
    createdAt: '2026-11-11T12:12:00.000Z',
    nextUpdateAt: null,
    correctsId: null,
    correctedById: null,
    effects: [],
    ...more,
  },
})

/** Reads a feed as another program would: an independent parser, after its own check that this is XML at all. */
function read(locale: 'en' | 'zh-CN', entries: FeedEntry[]) {
  const text = rssFeed({ site, publicUrl, locale, entries, at: '2026-11-11T00:00:00.000Z' })
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
    '#text': 'tag:status.hezhou.example,2026-11-11:update/update000001/zh-CN',
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

it('names a correction as one, and is a whole feed while nothing has happened', () => {
  const { channel } = read('en', [
    entry({ en: 'Orders fail' }, { en: 'AP is affected too.' }, { correctsId: 'update000000' }),
  ])
  expect(channel.item[0].title).toBe('Correction: Orders fail (Investigating)')
  const empty = read('en', []).channel
  expect(empty.item).toBeUndefined()
  expect(empty.lastBuildDate).toBe('Wed, 11 Nov 2026 00:00:00 GMT')
})
