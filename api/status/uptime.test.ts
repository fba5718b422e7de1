import { describe, expect, it } from 'vitest'
import { dayMs, fromWall, midnight, minuteMs } from '#api/lib/time.ts'
import { badDays, dayMarks, downtime, midnightsOf, type Stretch, uptime } from './uptime.ts'

const start = Date.UTC(2026, 7, 1)
const at = (day: number, hour: number, minute = 0) => start + day * dayMs + (hour * 60 + minute) * minuteMs
const stretch = (status: Stretch['status'], startMs: number, endMs: number | null): Stretch => ({
  status,
  startMs,
  endMs,
})
const ninety = { fromMs: start, toMs: start + 90 * dayMs }
const minutesDown = (stretches: Stretch[], excused: { startMs: number; endMs: number }[] = [], toMs = ninety.toMs) =>
  downtime(stretches, excused, start, toMs) / 1000 / minuteMs

describe('uptime', () => {
  it('is whole over 90 days without trouble', () => {
    expect(uptime([], [], ninety)).toBe('100.000')
  })

  it.each([
    ['major_outage', 89, '99.931'],
    ['partial_outage', 89, '99.979'],
    ['degraded_performance', 89, '100.000'],
    ['under_maintenance', 89, '100.000'],
  ] as const)('over 90 days with %s for %i minutes is %s', (status, minutes, percent) => {
    expect(uptime([stretch(status, at(40, 12), at(40, 12, minutes))], [], ninety)).toBe(percent)
  })

  it.each([
    ['November', 10, 30, 89, '99.938', '99.793'],
    ['December', 11, 31, 95, '99.936', '99.787'],
  ] as const)('of %s with a partial outage follows the rule it is given', (_, month, days, minutes, page, strict) => {
    const fromMs = Date.UTC(2026, month, 1)
    const window = { fromMs, toMs: fromMs + days * dayMs }
    const partial = [stretch('partial_outage', fromMs + dayMs, fromMs + dayMs + minutes * minuteMs)]
    expect(uptime(partial, [], window)).toBe(page)
    expect(uptime(partial, [], window, { partialWeight: 1 })).toBe(strict)
  })

  it('counts overlapping states once, by the gravest', () => {
    const both = [stretch('major_outage', at(1, 10), at(1, 11)), stretch('partial_outage', at(1, 10, 30), at(1, 12))]
    expect(minutesDown(both)).toBe(78)
    expect(minutesDown([...both, ...both].reverse())).toBe(78)
  })

  it('leaves announced maintenance out, and counts what is outside of it', () => {
    const outage = [stretch('major_outage', at(1, 10), at(1, 11))]
    expect(minutesDown(outage, [{ startMs: at(1, 10, 30), endMs: at(1, 12) }])).toBe(30)
    expect(
      minutesDown([stretch('major_outage', at(1, 10), at(1, 13))], [{ startMs: at(1, 10, 30), endMs: at(1, 12) }]),
    ).toBe(90)
  })

  it('begins with the component', () => {
    const createdMs = start + 80 * dayMs
    expect(uptime([stretch('major_outage', at(85, 1), at(85, 1, 144))], [], { ...ninety, createdMs })).toBe('99.000')
    expect(uptime([stretch('major_outage', at(20, 1), at(20, 2))], [], { ...ninety, createdMs })).toBe('100.000')
    expect(uptime([], [], { ...ninety, createdMs: ninety.toMs + dayMs })).toBe('100.000')
  })

  it('counts an open outage up to now', () => {
    const open = [stretch('major_outage', at(10, 8), null)]
    expect(minutesDown(open, [], at(10, 8, 30))).toBe(30)
    expect(minutesDown(open, [], at(10, 8, 31))).toBe(31)
    expect(minutesDown(open, [], at(10, 7))).toBe(0)
  })

  it('knows that a day of the clock change has 25 hours', () => {
    const fromMs = fromWall('Europe/Berlin', 2026, 10, 25)
    const toMs = fromWall('Europe/Berlin', 2026, 10, 26)
    expect(toMs - fromMs).toBe(25 * 60 * minuteMs)
    const hour = [stretch('major_outage', fromMs + 60 * minuteMs, fromMs + 120 * minuteMs)]
    expect(uptime(hour, [], { fromMs, toMs })).toBe('96.000')
    expect(uptime(hour, [], { fromMs, toMs: fromMs + dayMs })).toBe('95.833')
  })

  it('never rounds an outage away', () => {
    expect(uptime([stretch('major_outage', at(3, 3), at(3, 3) + 1000)], [], ninety)).toBe('99.999')
    expect(uptime([stretch('partial_outage', at(3, 3), at(3, 3) + 1)], [], ninety)).toBe('99.999')
  })

  it('goes down to nothing', () => {
    expect(uptime([stretch('major_outage', start - dayMs, null)], [], ninety)).toBe('0.000')
  })
})

describe('dayMarks', () => {
  const days = {
    midnights: midnightsOf('2026-11-11', 90, 'Asia/Shanghai'),
    createdMs: midnight('2026-08-01', 'Asia/Shanghai'),
    nowMs: Date.parse('2026-11-11T12:23:00Z'),
  }
  const outage = stretch(
    'major_outage',
    Date.parse('2026-11-10T23:30:00+08:00'),
    Date.parse('2026-11-11T00:10:00+08:00'),
  )
  const slow = stretch(
    'degraded_performance',
    Date.parse('2026-11-09T12:00:00+08:00'),
    Date.parse('2026-11-10T12:00:00+08:00'),
  )

  it('marks each day of the zone by its gravest state, today last', () => {
    expect(dayMarks([outage, slow], [], days).slice(-4)).toEqual([
      'operational',
      'degraded_performance',
      'major_outage',
      'major_outage',
    ])
  })

  it('changes when one interval is deleted', () => {
    expect(dayMarks([slow], [], days).slice(-3)).toEqual([
      'degraded_performance',
      'degraded_performance',
      'operational',
    ])
    expect(uptime([slow], [], ninety)).toBe('100.000')
  })

  it('marks nothing before the component’s first day', () => {
    const young = dayMarks([outage], [], { ...days, createdMs: midnight('2026-11-10', 'Asia/Shanghai') })
    expect(young.slice(0, 88)).toEqual(Array.from({ length: 88 }, () => 'none'))
    expect(young.slice(88)).toEqual(['major_outage', 'major_outage'])
  })

  it('shows maintenance where a window is left out, and what reaches beyond it', () => {
    const window = { startMs: Date.parse('2026-11-10T23:00:00+08:00'), endMs: Date.parse('2026-11-11T00:00:00+08:00') }
    expect(dayMarks([outage], [window], days).slice(-2)).toEqual(['under_maintenance', 'major_outage'])
  })

  it('shows nothing that is still to come', () => {
    const window = { startMs: Date.parse('2026-11-11T22:00:00+08:00'), endMs: Date.parse('2026-11-11T23:00:00+08:00') }
    expect(dayMarks([stretch('major_outage', window.startMs, null)], [window], days).at(-1)).toBe('operational')
  })

  it('puts a minute before midnight into its own day on both sides of a clock change', () => {
    const berlin = {
      midnights: midnightsOf('2026-10-26', 3, 'Europe/Berlin'),
      createdMs: 0,
      nowMs: Date.parse('2026-10-26T12:00:00Z'),
    }
    const around = (from: string, to: string) => [stretch('partial_outage', Date.parse(from), Date.parse(to))]
    expect(dayMarks(around('2026-10-24T23:59:00+02:00', '2026-10-25T00:00:00+02:00'), [], berlin)).toEqual([
      'partial_outage',
      'operational',
      'operational',
    ])
    expect(dayMarks(around('2026-10-25T23:59:00+01:00', '2026-10-26T00:00:00+01:00'), [], berlin)).toEqual([
      'operational',
      'partial_outage',
      'operational',
    ])
  })
})

describe('badDays', () => {
  const zone = 'Asia/Shanghai'
  const days = {
    midnights: midnightsOf('2026-11-11', 90, zone),
    createdMs: midnight('2026-08-01', zone),
    nowMs: Date.parse('2026-11-11T20:23:00+08:00'),
  }
  const from = (status: Stretch['status'], start: string, end: string | null) =>
    stretch(status, Date.parse(`${start}+08:00`), end === null ? null : Date.parse(`${end}+08:00`))

  it('says how long each day was in which state, over midnight and where states overlap', () => {
    const slow = from('degraded_performance', '2026-11-09T12:00', '2026-11-10T02:00')
    const outage = from('major_outage', '2026-11-09T23:30', '2026-11-10T00:10')
    expect(badDays([slow, outage], [], days, zone)).toEqual([
      {
        date: '2026-11-09',
        states: [
          { status: 'major_outage', seconds: 30 * 60, since: null },
          { status: 'degraded_performance', seconds: 11.5 * 3_600, since: null },
        ],
      },
      {
        date: '2026-11-10',
        states: [
          { status: 'major_outage', seconds: 10 * 60, since: null },
          { status: 'degraded_performance', seconds: 110 * 60, since: null },
        ],
      },
    ])
  })

  it('gives what still goes on no length today, but the moment since which it does', () => {
    const before = from('partial_outage', '2026-11-11T09:00', '2026-11-11T09:20')
    const open = from('partial_outage', '2026-11-11T20:02', null)
    const since = '2026-11-11T12:02:00.000Z'
    expect(badDays([before, open], [], days, zone).at(-1)?.states).toEqual([
      { status: 'partial_outage', seconds: 20 * 60, since },
    ])
    const over = { ...open, endMs: days.nowMs }
    expect(badDays([before, over], [], days, zone).at(-1)?.states).toEqual([
      { status: 'partial_outage', seconds: 41 * 60, since: null },
    ])
  })

  it('counts a whole day of what goes on from the day before, and names the days that have marks', () => {
    const open = from('major_outage', '2026-11-09T22:00', null)
    const young = { ...days, createdMs: midnight('2026-11-10', zone) }
    for (const { midnights, createdMs, nowMs } of [days, young]) {
      const marks = dayMarks([open], [], { midnights, createdMs, nowMs })
      const bad = badDays([open], [], { midnights, createdMs, nowMs }, zone)
      expect(bad.map(({ states }) => states[0]?.status)).toEqual(
        marks.filter((mark) => mark !== 'none' && mark !== 'operational'),
      )
      expect(bad.at(-2)?.states[0]).toEqual({ status: 'major_outage', seconds: 86_400, since: null })
      expect(bad.at(-1)?.states[0]?.since).toBe('2026-11-09T14:00:00.000Z')
    }
  })

  it('calls an excused window maintenance, until it is over', () => {
    const window = { startMs: Date.parse('2026-11-11T20:00:00+08:00'), endMs: Date.parse('2026-11-11T21:00:00+08:00') }
    const outage = from('major_outage', '2026-11-11T19:50', '2026-11-11T20:30')
    expect(badDays([outage], [window], days, zone).at(-1)?.states).toEqual([
      { status: 'major_outage', seconds: 600, since: null },
      { status: 'under_maintenance', seconds: 0, since: '2026-11-11T12:00:00.000Z' },
    ])
  })
})
