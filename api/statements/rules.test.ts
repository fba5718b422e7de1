import { expect, it } from 'vitest'
import { adviceOn } from './advice.ts'
import { clocksOf } from './clocks.ts'
import { changesAsText, changesBetween, piecesOf } from './compare.ts'
import { differences, type FactSheet, factsOf, openBraces, usedFacts, withFacts } from './facts.ts'
import { checkStep, type StatementState, type Step, statementStates } from './statement.ts'
import { isFilledIn, partsOf } from './template.ts'
import { findTemplate } from './templates.ts'
import { kinds, maySee, needsLegal, statementTypes } from './types.ts'
import { hashOf } from './version.ts'

const sheet: FactSheet = {
  startedAt: '2026-11-11T12:02:00.000Z',
  endedAt: '2026-11-11T13:31:00.000Z',
  resolvedAt: null,
  scope: { en: 'Two regions', 'zh-CN': '两个地区' },
  notAffected: {},
  workaround: {},
  components: [
    { en: 'Order placement', 'zh-CN': '下单' },
    { en: 'Payments', 'zh-CN': '支付' },
  ],
  customers: 3102,
}
const facts = factsOf(sheet, { zone: 'Asia/Shanghai', url: 'status.hezhou.example' })

it('facts are written as each language writes them, and what is not known is left open', () => {
  expect(facts.en).toEqual({
    started: '20:02 on 11 November 2026',
    ended: '21:31 on 11 November 2026',
    duration: '1 hour 29 minutes',
    affected: 'Order placement and Payments',
    services: '2',
    customers: '3,102',
    scope: 'Two regions',
    url: 'status.hezhou.example',
  })
  expect(facts['zh-CN']).toMatchObject({
    started: '2026年11月11日 20:02',
    duration: '1 小时 29 分钟',
    affected: '下单、支付',
  })
  const body = { en: '{started}: {notAffected}, {toString} {who}', 'zh-CN': '{started}' }
  const used = usedFacts([body], facts)
  expect(used).toEqual({ en: { started: facts.en.started }, 'zh-CN': { started: facts['zh-CN'].started } })
  expect(withFacts(body, used).en).toBe('20:02 on 11 November 2026: {notAffected}, {toString} {who}')
  expect(openBraces({ body }, used)).toEqual({
    'body.en':
      'The fact sheet does not know {notAffected} yet. Fill it in there, or write the words out. Fill in {toString} {who}.',
  })
  const later = factsOf({ ...sheet, endedAt: null }, { zone: 'Asia/Shanghai', url: 'x' })
  expect(differences(used, later)).toEqual([])
  expect(differences(usedFacts([{ en: '{ended}' }], facts), later)).toEqual([
    { locale: 'en', fact: 'ended', used: '21:31 on 11 November 2026', now: null },
  ])
})

it('one character in one language makes another hash; the order in which facts were written makes none', () => {
  const wording = { title: { en: 'a' }, body: { en: 'b', 'zh-CN': '丙' }, facts, note: {} }
  const hash = hashOf(wording)
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(hashOf({ ...wording, body: { en: 'b', 'zh-CN': '丁' } })).not.toBe(hash)
  expect(hashOf({ ...wording, note: { en: 'n' } })).not.toBe(hash)
  expect(hashOf({ ...wording, title: {}, body: { en: 'ab', 'zh-CN': '丙' } })).not.toBe(hash)
  const turned = Object.fromEntries(Object.entries(facts.en).reverse())
  expect(hashOf({ ...wording, facts: { ...facts, en: turned } })).toBe(hash)
})

it('of a pre-approved template only the braces may differ, and they hold words, no links, no lines', () => {
  expect(partsOf('Since {a} {b} fails.', 'Since noon search fails.')).toEqual(['noon', 'search'])
  for (const text of [
    'Since noon search is slow.',
    'Since  fails.',
    'Since noon [x](https://x.example) fails.',
    'Since a\nb c fails.',
    'since noon search fails.',
    `Since a ${'b'.repeat(200)} fails.`,
  ])
    expect(partsOf('Since {a} {b} fails.', text), text).toBeNull()
  // Hostile on purpose: must not take longer than it has characters.
  expect(partsOf('{a} {b} {c} {d} {e} end', `${' x'.repeat(50_000)} no`)).toBeNull()
  const template = findTemplate('holding')!
  const filled = (words: string) => words.replace(/\{(?!started|url)\w+\}/g, 'words')
  const words = {
    title: { en: filled(template.title.en!), 'zh-CN': filled(template.title['zh-CN']!) },
    body: { en: filled(template.body.en!), 'zh-CN': filled(template.body['zh-CN']!) },
  }
  expect(isFilledIn(template, words)).toBe(true)
  expect(isFilledIn(template, { ...words, body: { ...words.body, 'zh-CN': `${words.body['zh-CN']}赔偿。` } })).toBe(
    false,
  )
  expect(isFilledIn(template, { ...words, body: { en: words.body.en } })).toBe(false)
})

it('regulators’ notices, letters and individual notices are never public, and legal reads what it has to', () => {
  for (const type of ['regulator_notice', 'key_customer_letter', 'individual_notice', 'internal_brief'] as const)
    expect(kinds[type].visibilities).not.toContain('public')
  const needing = statementTypes.filter((type) => needsLegal(type, true))
  expect(statementTypes.filter((type) => !needing.includes(type))).toEqual(['holding', 'social_post', 'internal_brief'])
  expect(needsLegal('holding', false)).toBe(true)
  const draft = { type: 'press_release', visibility: 'public', published: false } as const
  expect(maySee(['viewer', 'finance', 'coordination'], draft)).toBe(false)
  expect(maySee(['viewer'], { ...draft, published: true })).toBe(true)
  expect(maySee(['machine', 'viewer'], { type: 'regulator_notice', visibility: 'confidential', published: true })).toBe(
    false,
  )
})

it('each step fits some states and is refused in every other with a sentence', () => {
  const steps: Step[] = [
    'save',
    'ask',
    'request_changes',
    'approve',
    'schedule',
    'unschedule',
    'publish',
    'correct',
    'withdraw',
    'supersede',
    'discard',
  ]
  const fits = (state: StatementState) =>
    steps.filter((step) => {
      try {
        checkStep(state, step)
        return true
      } catch (error) {
        expect((error as Error).message).toMatch(/\.$/)
        return false
      }
    })
  const table = Object.fromEntries(statementStates.map((state) => [state, fits(state)]))
  expect(table.withdrawn).toEqual([])
  expect(table.superseded).toEqual([])
  expect(table.discarded).toEqual([])
  expect(table.published).toEqual(['correct', 'withdraw', 'supersede'])
  expect(table.scheduled).toEqual(['save', 'schedule', 'unschedule', 'publish', 'withdraw', 'discard'])
})

it('clocks of 60 minutes and 4 hours run from the first mention and the declaration, the earlier first', () => {
  const starts = { mentionedAt: '2026-11-11T12:09:00.000Z', declaredAt: '2026-11-11T12:08:00.000Z' }
  const spoken = clocksOf(starts, '2026-11-11T12:45:00.000Z', '2026-11-11T20:00:00.000Z')
  expect(spoken.map(({ from, spokenAfterMinutes }) => [from, spokenAfterMinutes])).toEqual([
    ['declaration', 37],
    ['mention', 36],
  ])
  expect(spoken.every(({ limits }) => limits.every(({ metAt, missed }) => metAt && !missed))).toBe(true)
  const silent = clocksOf({ ...starts, mentionedAt: null }, null, '2026-11-11T13:08:01.000Z')
  expect(silent.map(({ limits }) => limits.map(({ missed }) => missed))).toEqual([[true, false]])
  expect(
    clocksOf(starts, '2026-11-11T14:00:00.000Z', '2026-11-11T15:00:00.000Z')[0]?.limits.map(({ missed }) => missed),
  ).toEqual([true, false])
})

it('a diff shows words, in Chinese too, and shortens what did not change', () => {
  expect(piecesOf('It was 20:02 then.', 'It was 20:01 then.', 'en').map(({ kind, text }) => `${kind}:${text}`)).toEqual(
    ['same:It was 20:', 'removed:02', 'added:01', 'same: then.'],
  )
  const empty = usedFacts([], facts)
  const before = { title: {}, body: { 'zh-CN': `${'原因已定位。'.repeat(20)}内部配置变更。` }, facts: empty, note: {} }
  const after = { ...before, body: { 'zh-CN': before.body['zh-CN'].replace('变更', '调整') } }
  const text = changesAsText(changesBetween(before, after))
  expect(Object.keys(text)).toEqual(['body.zh-CN'])
  expect(text['body.zh-CN']).toMatch(/^….*\[-变更-\]\{\+调整\+\}。$/)
  expect(text['body.zh-CN']!.length).toBeLessThan(80)
})

it('the five S are advice: blame, silence, times by hand, languages that disagree, evidence', () => {
  const base = {
    title: {},
    facts: usedFacts([], facts),
    sheet: facts,
    differs: [],
    clocks: [],
    published: false,
    now: '2026-11-11T12:30:00.000Z',
  }
  const found = (body: object, more = {}) =>
    adviceOn({ ...base, type: 'apology', body, ...more }).map(({ principle, finding }) => `${principle}.${finding}`)
  expect(found({ en: 'A vendor failed at 20:02.', 'zh-CN': '20:01 起供应商异常，非常抱歉，我们高度重视。' })).toEqual([
    'shoulder.blame',
    'shoulder.nobodySpeaks',
    'sincerity.noApology',
    'shoulder.blame',
    'sincerity.cliche',
    'system.typedTime',
    'system.languagesDiffer',
  ])
  expect(found({ en: 'We are sorry.', 'zh-CN': '我们深表歉意。' })).toEqual([])
  expect(found({ en: 'We say no.' }, { type: 'rumour_answer' })).toEqual(['system.oneLanguage', 'standard.noEvidence'])
})
