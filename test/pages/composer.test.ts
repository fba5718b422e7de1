import { expect, it } from 'vitest'
import type { Incident } from '#api/incidents/show.ts'
import {
  faultsFromApi,
  fillTimes,
  openBraces,
  quickPromises,
  readDraft,
  readWall,
  typedOf,
  wallText,
} from '../../src/ui/admin/composer.ts'
import { factsOf, readFacts } from '../../src/ui/admin/facts.ts'
import { safeNext, saidIn } from '../../src/ui/admin/forms.ts'

const now = '2026-11-11T12:08:20.500Z'
const zone = 'Asia/Shanghai'
const form = (fields: Record<string, string>) => {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.set(name, value)
  return typedOf(data)
}

it('reads and writes the clock on the wall of the page', () => {
  expect(wallText(now, zone)).toBe('2026-11-11T20:08')
  expect(readWall('2026-11-11T20:08', zone)).toBe('2026-11-11T12:08:00.000Z')
  for (const text of ['', '20:08', '2026-13-01T10:00', '2026-02-30T10:00', '2026-11-11T25:00', 'tomorrow'])
    expect(readWall(text, zone), text).toBeNull()
  expect(readWall('2026-03-29T02:30', 'Europe/Berlin'), 'an hour that does not exist').toBeNull()
})

it('quick promises are whole minutes that are still to come when they are made', () => {
  expect(quickPromises(now).map(({ at }) => at)).toEqual([
    '2026-11-11T12:24:00.000Z',
    '2026-11-11T12:39:00.000Z',
    '2026-11-11T13:09:00.000Z',
  ])
})

it('a promise that was chosen before stays among the quick ones when its minute is no longer offered', () => {
  const chosen = '2026-11-11T12:29:00.000Z'
  expect(quickPromises(now, chosen)).toEqual([{ minutes: null, at: chosen }, ...quickPromises(now)])
  for (const offered of [quickPromises(now)[1]!.at, 'at', 'none', ''])
    expect(quickPromises(now, offered)).toEqual(quickPromises(now))
})

it('fills the times that the form knows, each language in its own way, and leaves the other braces', () => {
  const times = { start: '2026-11-10T12:02:00.000Z', next: '2026-11-11T12:27:00.000Z', now, zone }
  const filled = fillTimes({ en: '{start} ({zone}) {who}, {next}', 'zh-CN': '{start} {who} {next}' }, times)
  expect(filled.en).toBe('10 November, 20:02 (UTC+8) {who}, 20:27')
  expect(filled['zh-CN']).toMatch(/^11月10日 20:02 \{who\} 20:27$/)
  expect(fillTimes({ en: '{next}' }, { ...times, next: null }).en).toBe('{next}')
  expect(openBraces('{a} {b} {a} {not one} {}')).toEqual(['{a}', '{b}'])
})

it('names every field that keeps a draft from being published, in the language of the desk', () => {
  const read = (fields: Record<string, string>, locale: 'en' | 'zh-CN' = 'en') =>
    readDraft(form(fields), { zone, now, locale, kind: 'incident' }).faults
  expect(Object.keys(read({ status: 'investigating' }))).toEqual(['severity', 'title.en', 'body.en', 'next'])
  expect(read({ status: 'investigating' }, 'zh-CN').severity).toBe('请选择级别。')
  const whole = { severity: '1', 'title.zh-CN': '题', 'body.zh-CN': '文', status: 'investigating' }
  expect(read({ ...whole, next: quickPromises(now)[0]!.at })).toEqual({})
  expect(read({ ...whole, next: 'at', nextAt: '2026-11-11T20:30' })).toEqual({})
  expect(read({ ...whole, next: 'at', nextAt: '2026-11-11T20:08' }).next).toContain('20:08')
  expect(read({ ...whole, next: 'yesterday' })).toHaveProperty('next')
  expect(read({ ...whole, status: 'resolved' })).toEqual({})
  expect(read({ ...whole, status: 'resolved', startedAt: '2026-11-11T20:30' })).toHaveProperty('startedAt')
  expect(read({ ...whole, status: 'resolved', 'body.zh-CN': '{next}' })['body.zh-CN']).toContain('{next}')
})

it('shows what the API refuses at the field it means', () => {
  const { draft } = readDraft(form({ 'component.abc': 'major_outage' }), { zone, now, locale: 'en', kind: 'incident' })
  const fields = {
    'components.0.status': 'a',
    nextUpdateAt: 'b',
    'body.zh-CN': 'c',
    title: 'd',
    'Idempotency-Key': 'e',
  }
  expect(faultsFromApi(fields, draft, 'en')).toEqual({
    faults: { 'component.abc': 'a', next: 'b', 'body.zh-CN': 'c', 'title.en': 'd' },
    rest: ['e'],
  })
})

it('facts that were not touched stay to the second', () => {
  const incident: Incident = {
    id: 'abcdefghijkl',
    code: '1107',
    title: { en: 'Title' },
    severity: 1,
    advisory: false,
    impact: 'critical',
    status: 'investigating',
    scope: {},
    notAffected: { en: 'All else' },
    workaround: {},
    occurredAt: null,
    detectedAt: '2026-11-11T12:04:07.000Z',
    startedAt: '2026-11-11T12:02:41.000Z',
    endedAt: null,
    nextUpdateAt: null,
    createdAt: now,
    createdBy: 'lin',
    resolvedAt: null,
    resolvedBy: null,
    components: [],
    updates: [],
  }
  const typed = factsOf(incident, zone)
  const read = () => readFacts(typed, incident, { zone, now, locale: 'en' })
  expect(read()).toEqual({
    patch: {
      title: { en: 'Title' },
      severity: 1,
      advisory: false,
      scope: {},
      notAffected: { en: 'All else' },
      workaround: {},
    },
    faults: {},
  })
  typed.set('detectedAt', '').set('occurredAt', '2026-11-11T20:01').set('notAffected.en', '')
  expect(read().patch).toMatchObject({ detectedAt: null, occurredAt: '2026-11-11T12:01:00.000Z', notAffected: {} })
  typed.set('startedAt', '')
  expect(read().faults).toHaveProperty('startedAt')
})

it('leads to pages of the desk alone', () => {
  expect(safeNext('/admin/subscribers?channel=sms')).toBe('/admin/subscribers?channel=sms')
  expect(safeNext('/admin/incidents/new', 'POST')).toBe('/admin/incidents/new')
  for (const next of [
    '//e',
    '/\\e',
    'https:e',
    '/\t/e',
    '/admin\n',
    '/admin/../x',
    '/admin//e',
    '/history/',
    '/admin/nowhere',
    '',
  ])
    expect(safeNext(next), next).toBe('/admin')
})

it('a refusal in English is known as such on the Chinese desk', () => {
  expect(saidIn('This is the last owner.', 'zh-CN')).toBe('en')
  expect(saidIn('请选择级别。', 'zh-CN')).toBe('zh-CN')
  expect(saidIn('Choose a severity.', 'en')).toBe('en')
})
