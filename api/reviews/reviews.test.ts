import { expect, it } from 'vitest'
import type { ComponentStatus, IncidentStatus } from '#api/db/schema.ts'
import { AppError } from '#api/errors.ts'
import type { Words } from '#content/locales.ts'
import { type ActionFacts, checkAction, isOverdue, isUnowned } from './action.ts'
import { askedFor, checkCause } from './cause.ts'
import { figuresOf } from './figures.ts'
import { adviseReport, adviseSection, namesIn } from './lint.ts'
import { reviewPolicy } from './policy.ts'
import {
  changedParts,
  checkNewest,
  checkPublishable,
  composeReport,
  hashOf,
  missingIn,
  type ReportParts,
  reportParts,
} from './report.ts'
import { blockersOf, checkMove, dueOf, type Standing } from './review.ts'

const zone = 'Asia/Shanghai'
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, fields: Object.keys(error.fields ?? {}) }
    throw error
  }
  return null
}

it('the evening of 11 November: meeting within 3 days, first account in 24 hours, report on the fifth business day', () => {
  expect(dueOf({ severity: 1, resolvedAt: '2026-11-11T14:12:00.000Z' }, reviewPolicy, zone)).toEqual({
    meetingOn: '2026-11-14',
    reportOn: '2026-11-18',
    preliminaryAt: '2026-11-12T14:12:00.000Z',
  })
})

it('severity 2 has business days, holidays do not count, and the day is the one of the page’s zone', () => {
  const policy = { ...reviewPolicy, holidays: ['2026-11-16'], workdays: ['2026-11-14'] }
  expect(dueOf({ severity: 2, resolvedAt: '2026-11-11T16:30:00.000Z' }, policy, zone)).toEqual({
    meetingOn: '2026-11-19',
    reportOn: '2026-11-26',
    preliminaryAt: null,
  })
  expect(dueOf({ severity: 2, resolvedAt: null }, policy, zone)).toBeNull()
  expect(dueOf({ severity: 3, resolvedAt: '2026-11-11T16:30:00.000Z' }, policy, zone)).toBeNull()
})

const standing = (more: Partial<Standing> = {}): Standing => ({
  state: 'approved',
  severity: 1,
  resolvedAt: '2026-11-11T14:12:00.000Z',
  summary: 'Orders failed.',
  factors: 2,
  causeCategory: 'capacity',
  unowned: 0,
  reportPublishedAt: '2026-11-18T02:00:00.000Z',
  ...more,
})

it('a review goes on when nothing is missing, and names all that is', () => {
  expect(codeOf(() => checkMove(standing(), 'closed', null))).toBeNull()
  expect(blockersOf(standing({ unowned: 1 }), 'closed')).toEqual(['unowned'])
  expect(blockersOf(standing({ unowned: 1, severity: 2 }), 'closed')).toEqual([])
  expect(
    blockersOf(standing({ state: 'in_review', summary: ' ', factors: 0, causeCategory: null }), 'approved'),
  ).toEqual(['summary', 'factors', 'cause'])
  expect(blockersOf(standing({ resolvedAt: null, reportPublishedAt: null }), 'closed')).toEqual(['reopened', 'report'])
  expect(codeOf(() => checkMove(standing({ state: 'open' }), 'approved', null))?.code).toBe('conflict')
  expect(codeOf(() => checkMove(standing({ state: 'closed' }), 'in_review', null))).toBeNull()
  expect(codeOf(() => checkMove(standing({ state: 'open' }), 'closed', null))?.code).toBe('conflict')
})

it('only severity 2 may be closed with a reason instead', () => {
  const open = { state: 'open' as const, summary: '', factors: 0, causeCategory: null, reportPublishedAt: null }
  expect(codeOf(() => checkMove(standing({ ...open, severity: 2 }), 'closed', 'Held elsewhere.'))).toBeNull()
  expect(codeOf(() => checkMove(standing(open), 'closed', 'Held elsewhere.'))?.code).toBe('conflict')
  expect(codeOf(() => checkMove(standing(open), 'in_review', 'Held elsewhere.'))?.code).toBe('invalid')
})

it('factors come before the category of the cause, and human error needs one besides', () => {
  expect(codeOf(() => checkCause('capacity', []))?.code).toBe('conflict')
  expect(codeOf(() => checkCause('capacity', [{ kind: 'technical' }]))).toBeNull()
  expect(codeOf(() => checkCause('human_error', [{ kind: 'human' }, { kind: 'human' }]))?.code).toBe('conflict')
  expect(codeOf(() => checkCause('human_error', [{ kind: 'human' }, { kind: 'process' }]))).toBeNull()
  expect(askedFor('human_error', [])).toBe('train')
  expect(askedFor('human_error', [{ type: 'train', state: 'open' }])).toBeNull()
  expect(askedFor('software_defect', [{ type: 'prevent', state: 'dropped' }])).toBe('prevent')
})

const action = (more: Partial<ActionFacts> = {}): ActionFacts => ({
  text: 'Limit the connections of a promotion.',
  type: 'prevent',
  owner: 'Operations',
  due: '2026-11-30',
  priority: 'high',
  link: null,
  state: 'open',
  evidence: null,
  ...more,
})

it('an action is done with evidence and by somebody; a change of the plan names what it led to', () => {
  expect(codeOf(() => checkAction(action()))).toBeNull()
  expect(codeOf(() => checkAction(action({ state: 'done', owner: null })))?.fields).toEqual(['evidence', 'owner'])
  expect(
    codeOf(() => checkAction(action({ state: 'done', evidence: 'Merged.', type: 'plan-change' })))?.fields,
  ).toEqual(['link'])
  expect(codeOf(() => checkAction(action({ due: '2026-02-30' })))?.fields).toEqual(['due'])
  expect(codeOf(() => checkAction(action({ link: 'javascript:alert(1)' })))?.fields).toEqual(['link'])
})

it('an open action is overdue when its day is over in the page’s zone', () => {
  expect(isOverdue(action(), '2026-11-30T15:59:00.000Z', zone)).toBe(false)
  expect(isOverdue(action(), '2026-11-30T16:00:00.000Z', zone)).toBe(true)
  expect(isOverdue(action({ state: 'done' }), '2026-12-30T16:00:00.000Z', zone)).toBe(false)
  expect(isOverdue(action({ due: null }), '2026-12-30T16:00:00.000Z', zone)).toBe(false)
  expect([isUnowned(action({ owner: null })), isUnowned(action({ owner: null, state: 'dropped' }))]).toEqual([
    true,
    false,
  ])
})

it('names of colleagues are found however they are written, and words that only look like them are not', () => {
  const people = ['林知夏 Lin Zhixia', '李敏 Li Min']
  expect(namesIn('由林知夏发布', people)).toEqual(['林知夏'])
  expect(namesIn('Zhixia Lin published it.', people)).toEqual(['Zhixia Lin', 'Zhixia'])
  expect(namesIn('Li Min verified it.', people)).toEqual(['Li Min'])
  expect(namesIn('A minimum of 20 lines; the limit.', people)).toEqual([])
})

const parts = (text = 'x'): ReportParts =>
  Object.fromEntries(
    reportParts.map((part) => [part, { en: `${part} ${text}`, 'zh-CN': `${part}：${text}` }]),
  ) as ReportParts

it('advice names where it belongs and what it found', () => {
  expect(adviseSection('timeline', 'If only we had looked. 早知道就好了。').map(({ found }) => found)).toEqual([
    'If only',
    '早知道',
  ])
  expect(adviseSection('lessons', 'If only we had looked.')).toEqual([])
  const report = { ...parts(), cause: { en: 'A human error.', 'zh-CN': '周岚的人为失误。' } }
  expect(adviseReport(report, ['周岚 Zhou Lan'])).toEqual([
    { kind: 'humanError', place: 'cause.en', found: 'human error' },
    { kind: 'name', place: 'cause.zh-CN', found: '周岚' },
    { kind: 'humanError', place: 'cause.zh-CN', found: '人为失误' },
  ])
})

it('each language reads under the headings of its field, and one hash is over both', () => {
  const bodies = composeReport(parts())
  const headings = (body: string | undefined) => [...(body ?? '').matchAll(/^\*\*(.+)\*\*$/gm)].map(([, text]) => text)
  expect(headings(bodies.en)).toEqual([
    'What happened',
    'Impact',
    'What we did',
    'What we change',
    'Apology and compensation',
  ])
  expect(headings(bodies['zh-CN'])).toEqual([
    '问题影响范围',
    '影响时间',
    '问题概况（原因）',
    '处理过程',
    '改进措施',
    '致歉与补偿',
  ])
  const changed = { ...parts(), cause: { ...parts().cause, 'zh-CN': '原因：x' } }
  expect(hashOf(composeReport(changed))).not.toBe(hashOf(bodies))
  expect(changedParts(parts(), changed)).toEqual(['cause.zh-CN'])
  expect(codeOf(() => checkNewest('old', { number: 2, hash: 'new', parts: changed }, parts()))?.code).toBe('conflict')
})

it('published is what is whole and approved by two people for these words', () => {
  const says = (role: string, createdBy: string, verdict = 'approved') => ({ role, createdBy, verdict })
  const both = [says('legal', 'wu'), says('lead', 'zhou')]
  expect(codeOf(() => checkPublishable(parts(), both))).toBeNull()
  expect(codeOf(() => checkPublishable(parts(), both.slice(1)))?.code).toBe('conflict')
  expect(codeOf(() => checkPublishable(parts(), [...both, says('legal', 'wu', 'changes_requested')]))?.code).toBe(
    'conflict',
  )
  expect(codeOf(() => checkPublishable(parts(), [says('legal', 'wu'), says('lead', 'wu')]))?.code).toBe('conflict')
  const incomplete = { ...parts(), apology: { en: 'Sorry.' } }
  expect(missingIn(incomplete)).toEqual(['apology.zh-CN'])
  expect(codeOf(() => checkPublishable(incomplete, both))).toEqual({ code: 'invalid', fields: ['apology.zh-CN'] })
})

it('a promise is kept to within two minutes, and a time out of order is no number', () => {
  const at = (time: string) => `2026-11-11T12:${time}:00.000Z`
  const told = (createdAt: string, nextUpdateAt: string | null, status: IncidentStatus = 'investigating') => ({
    createdAt,
    nextUpdateAt,
    status,
    severity: 1,
    correctsId: null,
  })
  const name: Words = { en: 'Orders' }
  const held = (status: ComponentStatus, startedAt: string, endedAt: string | null) => ({
    componentId: 'orders',
    name,
    status,
    startedAt,
    endedAt,
  })
  const figures = figuresOf(
    {
      occurredAt: at('02'),
      detectedAt: at('30'),
      startedAt: at('02'),
      endedAt: at('50'),
      resolvedAt: at('52'),
      updates: [
        told(at('12'), at('20')),
        told(at('22'), at('30')),
        told(at('33'), at('50')),
        told(at('52'), null, 'resolved'),
        told(at('59'), null, 'postmortem'),
      ],
      intervals: [held('major_outage', at('02'), at('40')), held('degraded_performance', at('40'), at('50'))],
    },
    '2026-11-12T12:00:00.000Z',
  )
  expect(figures).toMatchObject({
    firstNotice: { fromOccurrence: 10, fromDiscovery: null },
    handling: { fromOccurrence: 48, fromDiscovery: 20 },
    cadence: { due: 3, kept: 2 },
    longestSilence: 19,
    updates: 5,
    components: [{ minutes: 48, states: [{ minutes: 38 }, { minutes: 10 }] }],
  })
})
