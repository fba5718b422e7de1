import { expect, it } from 'vitest'
import { checkMove, excusedSpan, excuseOf, maintenanceStatus } from './maintenance.ts'

const hour = (hours: number) => new Date(Date.UTC(2026, 10, 14, hours)).toISOString()
const open = { completedAt: null, cancelledAt: null }
const window = (from: number, until: number) => ({ startsAt: hour(from), endsAt: hour(until) })
const excused = (from: number, until: number) => ({ excusedFrom: hour(from), excusedUntil: hour(until) })
const none = { excusedFrom: null, excusedUntil: null }

it('is excused whole when it begins 48 hours after it was said, and not at all a minute later', () => {
  expect(excuseOf(window(48, 50), hour(0))).toEqual(excused(48, 50))
  expect(excuseOf(window(48, 50), new Date(Date.parse(hour(0)) + 60_000).toISOString())).toEqual(none)
})

it('a late move excuses only what was announced in time and is still within it', () => {
  const before = excused(10, 14)
  expect(excuseOf(window(12, 18), hour(0), before)).toEqual(excused(12, 14))
  expect(excuseOf(window(10, 18), hour(11), before)).toEqual(before)
  expect(excuseOf(window(20, 22), hour(0), before)).toEqual(none)
  expect(excuseOf(window(70, 72), hour(0), before)).toEqual(excused(70, 72))
  expect(excuseOf(window(20, 22), hour(0), none)).toEqual(none)
})

it('what was cancelled excuses nothing, and what was completed early excuses up to then', () => {
  expect(excusedSpan({ ...excused(10, 14), ...open })).toEqual({
    startMs: Date.parse(hour(10)),
    endMs: Date.parse(hour(14)),
  })
  expect(excusedSpan({ ...excused(10, 14), completedAt: hour(11), cancelledAt: null })?.endMs).toBe(
    Date.parse(hour(11)),
  )
  expect(excusedSpan({ ...excused(10, 14), completedAt: null, cancelledAt: hour(9) })).toBeNull()
  expect(excusedSpan({ ...none, ...open })).toBeNull()
  expect(maintenanceStatus({ ...window(10, 14), completedAt: null, cancelledAt: hour(9) }, hour(12))).toBe('cancelled')
})

it.each([
  ['that is over', { ...window(10, 14), completedAt: hour(13), cancelledAt: null }, window(20, 22), 12, 'conflict'],
  ['that was cancelled', { ...window(10, 14), completedAt: null, cancelledAt: hour(9) }, window(20, 22), 9, 'conflict'],
  ['to the times it has', { ...window(10, 14), ...open }, window(10, 14), 0, 'invalid'],
  ['whose start has passed', { ...window(10, 14), ...open }, window(11, 16), 10, 'invalid'],
  ['to a start that has passed', { ...window(10, 14), ...open }, window(4, 8), 5, 'invalid'],
  ['to an end before its start', { ...window(10, 14), ...open }, window(20, 19), 0, 'invalid'],
] as const)('refuses to move a maintenance %s', (_, before, to, now, code) => {
  expect(() => checkMove(before, to, hour(now))).toThrow(expect.objectContaining({ code }))
})

it('lets the end be moved while it goes on', () => {
  expect(() => checkMove({ ...window(10, 14), ...open }, window(10, 16), hour(13))).not.toThrow()
})
