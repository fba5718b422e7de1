import { describe, expect, it } from 'vitest'
import type { ComponentStatus } from '#api/db/schema.ts'
import { countedSpan, effectsOfUpdate, movedToStart } from './effects.ts'

const at = (minute: number) => `2026-11-11T12:${String(minute).padStart(2, '0')}:00.000Z`
const held = (id: string, status: ComponentStatus, from: number, to: number | null = null) => ({
  id,
  componentId: id.split('-')[0]!,
  incidentId: 'incident',
  updateId: id.endsWith('-1') ? 'first' : 'later',
  status,
  startedAt: at(from),
  endedAt: to === null ? null : at(to),
})
const incident = { startedAt: at(2) }
const later = { first: false, resolved: false }
const resolved = { first: false, resolved: true }

describe('effectsOfUpdate', () => {
  it('the first update holds components since the start, and says nothing of those that are fine', () => {
    const components = [
      { id: 'orders', status: 'major_outage' as const },
      { id: 'console', status: 'operational' as const },
    ]
    expect(effectsOfUpdate(at(12), incident, [], components, { first: true, resolved: false })).toEqual({
      effects: [{ componentId: 'orders', oldStatus: 'operational', newStatus: 'major_outage' }],
      ended: [],
      begun: [{ componentId: 'orders', status: 'major_outage', startedAt: at(2), endedAt: null }],
    })
  })

  it('a later one changes only what it names, and nothing when it says the same', () => {
    const open = [held('orders-1', 'major_outage', 2), held('payments-1', 'partial_outage', 2)]
    const same = [{ id: 'orders', status: 'major_outage' as const }]
    expect(effectsOfUpdate(at(20), incident, open, same, later)).toEqual({ effects: [], ended: [], begun: [] })
    const change = effectsOfUpdate(at(20), incident, open, [{ id: 'orders', status: 'partial_outage' }], later)
    expect(change.ended).toEqual([{ ...open[0], endedAt: at(20) }])
    expect(change.begun).toEqual([
      { componentId: 'orders', status: 'partial_outage', startedAt: at(20), endedAt: null },
    ])
  })

  it('resolved ends what is open, unless it says otherwise', () => {
    const open = [held('orders-1', 'major_outage', 2), held('payments-1', 'partial_outage', 2)]
    const change = effectsOfUpdate(
      at(50),
      incident,
      open,
      [{ id: 'payments', status: 'degraded_performance' }],
      resolved,
    )
    expect(change.effects).toEqual([
      { componentId: 'orders', oldStatus: 'major_outage', newStatus: 'operational' },
      { componentId: 'payments', oldStatus: 'partial_outage', newStatus: 'degraded_performance' },
    ])
    expect(change.ended.map(({ endedAt }) => endedAt)).toEqual([at(50), at(50)])
    expect(change.begun).toMatchObject([{ componentId: 'payments', startedAt: at(50), endedAt: null }])
  })

  it('an incident that is opened as resolved held its components until then', () => {
    const components = [{ id: 'orders', status: 'major_outage' as const }]
    expect(effectsOfUpdate(at(40), incident, [], components, { first: true, resolved: true })).toEqual({
      effects: [{ componentId: 'orders', oldStatus: 'major_outage', newStatus: 'operational' }],
      ended: [],
      begun: [{ componentId: 'orders', status: 'major_outage', startedAt: at(2), endedAt: at(40) }],
    })
  })
})

it('what ended with a resolved incident counts up to its known end', () => {
  const over = { resolvedAt: at(50), endedAt: at(25) }
  const counted = (from: number, to: number | null, incident = over as Parameters<typeof countedSpan>[1]) => {
    const { startedAt, endedAt } = countedSpan(held('orders-1', 'major_outage', from, to), incident)
    return [startedAt, endedAt]
  }
  expect(counted(2, 50)).toEqual([at(2), at(25)])
  expect(counted(2, 20)).toEqual([at(2), at(20)])
  expect(counted(30, 50)).toEqual([at(30), at(30)])
  expect(counted(2, 55), 'ended by a later word').toEqual([at(2), at(55)])
  expect(counted(2, null), 'still held').toEqual([at(2), null])
  expect(counted(2, 50, { ...over, endedAt: null })).toEqual([at(2), at(50)])
  expect(counted(2, 20, { resolvedAt: null, endedAt: at(10) }), 'not over yet').toEqual([at(2), at(20)])
})

it('a corrected start moves what the first update began', () => {
  const intervals = [held('orders-1', 'major_outage', 2, 30), held('orders-2', 'degraded_performance', 30, 50)]
  expect(movedToStart(at(0), 'first', intervals)).toEqual([{ ...intervals[0], startedAt: at(0) }])
  expect(() => movedToStart(at(31), 'first', intervals)).toThrow('later than the first change')
})
