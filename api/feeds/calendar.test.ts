import fc from 'fast-check'
import ICAL from 'ical.js'
import { expect, it } from 'vitest'
import { loadSite } from '#api/site.ts'
import type { PublicMaintenance } from '#api/status/document.ts'
import type { Locale } from '#content/locales.ts'
import { calendar } from './calendar.ts'

const site = loadSite('content/demo/site.yaml')
const maintenance: PublicMaintenance = {
  id: 'search000001',
  title: { en: 'Search moves; part 1, with "quotes" \\ and more', 'zh-CN': '商品搜索迁移' },
  body: { en: 'Products added after **02:00**\nmay not be found.', 'zh-CN': '凌晨新增的商品可能搜索不到。'.repeat(12) },
  status: 'scheduled',
  startsAt: '2026-11-14T18:00:00.000Z',
  endsAt: '2026-11-14T21:00:00.000Z',
  announcedAt: '2026-11-10T02:00:00.000Z',
  completedAt: null,
  cancelledAt: null,
  components: [{ id: 'component001', name: { en: 'Search', 'zh-CN': '商品搜索' } }],
  changes: [],
}
const write = (one: Partial<PublicMaintenance>, locale: Locale = 'en', publicUrl = 'https://status.hezhou.example') =>
  calendar({ site, publicUrl, locale, record: 'record000001', maintenances: [{ ...maintenance, ...one }] })
/** As an independent parser reads it. */
function read(text: string) {
  const root = new ICAL.Component(ICAL.parse(text))
  const [event] = root.getAllSubcomponents('vevent')
  const said = (name: string) => event!.getFirstPropertyValue(name)
  return { root, event: new ICAL.Event(event!), said: (name: string) => String(said(name)) }
}
const moved = {
  kind: 'moved',
  startsAt: '2026-11-12T18:00:00.000Z',
  endsAt: '2026-11-12T21:00:00.000Z',
  said: { en: 'A supplier is late.' },
  at: '2026-11-11T01:00:00.000Z',
} as const

it('is read by an independent parser with its times, its words and its address', () => {
  const { root, event, said } = read(write({}))
  expect(event.summary).toBe('Search moves; part 1, with "quotes" \\ and more')
  expect(event.startDate.toJSDate().toISOString()).toBe(maintenance.startsAt)
  expect(event.endDate.toJSDate().toISOString()).toBe(maintenance.endsAt)
  expect(event.description).toBe('Products added after 02:00\nmay not be found.\n\nAffects: Search')
  expect(said('url')).toBe('https://status.hezhou.example/maintenance/search000001/')
  expect([said('status'), event.sequence, said('dtstamp')]).toEqual(['CONFIRMED', 0, '2026-11-10T02:00:00Z'])
  expect(root.getFirstPropertyValue('method')).toBe('PUBLISH')
  expect(String(root.getFirstPropertyValue('refresh-interval'))).toBe('PT1H')
  expect(said('uid')).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
})

it('keeps the UID and raises the sequence when a maintenance is moved, and again when it is cancelled', () => {
  const before = read(write({}))
  const after = read(write({ changes: [moved] }))
  const off = read(
    write({
      status: 'cancelled',
      cancelledAt: '2026-11-11T03:00:00.000Z',
      changes: [moved, { ...moved, kind: 'cancelled', said: {}, at: '2026-11-11T03:00:00.000Z' }],
    }),
  )
  expect(new Set([before, after, off].map(({ said }) => said('uid'))).size).toBe(1)
  expect([before, after, off].map(({ event }) => event.sequence)).toEqual([0, 1, 2])
  expect([before, after, off].map(({ said }) => said('status'))).toEqual(['CONFIRMED', 'CONFIRMED', 'CANCELLED'])
  expect(after.event.description).toContain('The time of this maintenance was changed.\n\nA supplier is late.')
  expect(off.event.summary).toMatch(/^Cancelled: /)
  expect(off.said('last-modified')).toBe('2026-11-11T03:00:00Z')
  expect(read(write({}, 'en', 'https://elsewhere.example')).said('uid')).toBe(before.said('uid'))
})

it('ends when it was completed', () => {
  const { event } = read(write({ status: 'completed', completedAt: '2026-11-14T20:10:00.000Z' }))
  expect(event.endDate.toJSDate().toISOString()).toBe('2026-11-14T20:10:00.000Z')
})

it('breaks lines with CRLF, none longer than 75 octets, and none within a character', () => {
  const text = write({}, 'zh-CN')
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
  expect(read(text).event.description).toContain('凌晨新增的商品可能搜索不到。'.repeat(12))
})

it('no text breaks out of its line, whatever stands in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
      const { root, event } = read(write({ title: { en: `T${text}` }, body: { en: text } }))
      expect(root.getAllSubcomponents('vevent')).toHaveLength(1)
      expect(event.component.getAllProperties('uid')).toHaveLength(1)
      expect(event.summary).toMatch(/^T/)
    }),
    { numRuns: 60 },
  )
})
