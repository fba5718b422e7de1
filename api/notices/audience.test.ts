import { describe, expect, it } from 'vitest'
import type { IncidentStatus } from '#api/db/schema.ts'
import { type Audience, audienceOf, happenedBy } from './audience.ts'

const update = (id: string, status: IncidentStatus, more: { severity?: number; correctsId?: string } = {}) => ({
  id,
  status,
  severity: 2,
  correctsId: null,
  ...more,
})
const told = (
  corrects: string | null,
  earlier: ReturnType<typeof update>[],
  more: { severity?: number; status?: IncidentStatus; resolved?: boolean } = {},
): Audience =>
  audienceOf(
    happenedBy({
      severity: 2,
      status: 'identified',
      resolved: false,
      ...more,
      corrects,
      earlier,
      touched: ['orders'],
      components: [{ id: 'payments', status: 'degraded_performance' }],
    }),
  )
const everything = (audience: Audience) =>
  Object.entries(audience)
    .filter(([, reach]) => reach.everything)
    .map(([channel]) => channel)
    .sort()
const everybody = ['email', 'feishu', 'slack', 'sms', 'webhook']
const followers = ['feishu', 'slack', 'webhook']

describe('who got the wrong words gets the right ones', () => {
  const opened = update('1', 'investigating')
  const between = update('2', 'identified')
  const resolved = update('3', 'resolved')

  it.each([
    ['no correction', null, [opened, between], followers],
    ['of an update between', '2', [opened, between], followers],
    ['of the first', '1', [opened, between], everybody],
    ['of the resolved one', '3', [opened, between, resolved], everybody],
    ['of a correction of the first', '4', [opened, between, update('4', 'identified', { correctsId: '1' })], everybody],
    ['of one after the end', '4', [opened, resolved, update('4', 'resolved')], followers],
    // Those at level 3 heard of nothing before.
    ['of the first that anybody was told', '2', [update('1', 'investigating', { severity: 3 }), between], everybody],
  ])('%s', (_what, corrects, earlier, expected) => {
    expect(everything(told(corrects, earlier))).toEqual(expected)
    expect(told(corrects, earlier).email?.componentIds).toEqual(['orders', 'payments'])
  })

  it('the report goes to everybody who was told that it is over and would follow, without an SMS', () => {
    const after = [opened, resolved, update('4', 'resolved')]
    expect(everything(told(null, after, { status: 'postmortem' }))).toEqual(['email', ...followers])
    expect(told(null, after, { status: 'postmortem' }).sms).toBeUndefined()
    const corrected = told('5', [...after, update('5', 'postmortem')], { status: 'postmortem' })
    expect(everything(corrected)).toEqual(['email', ...followers])
  })

  it('of one that made it graver: everybody with an SMS, and mail as before', () => {
    const graver = told(
      '2',
      [opened, update('2', 'identified', { severity: 1 }), update('3', 'identified', { severity: 1 })],
      { severity: 1 },
    )
    expect(everything(graver)).toEqual(['feishu', 'slack', 'sms', 'webhook'])
  })
})
