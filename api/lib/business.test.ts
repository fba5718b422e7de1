import { expect, it } from 'vitest'
import { endOfDay, isBusinessDay, isPast, plusBusinessDays, plusDays } from './business.ts'

const calendar = { zone: 'Asia/Shanghai', holidays: ['2026-10-01', '2026-10-02'], workdays: ['2026-10-10'] }

it('weekends and holidays do not count, a Saturday that is worked does', () => {
  expect(plusBusinessDays('2026-11-11', 5, calendar)).toBe('2026-11-18')
  expect(plusBusinessDays('2026-09-30', 1, calendar)).toBe('2026-10-05')
  expect(plusBusinessDays('2026-10-08', 2, calendar)).toBe('2026-10-10')
  expect(plusBusinessDays('2026-11-14', 1, calendar)).toBe('2026-11-16')
  expect(isBusinessDay('2026-10-01', calendar)).toBe(false)
  expect(isBusinessDay('2026-10-10', calendar)).toBe(true)
  expect(isBusinessDay('2026-11-15', calendar)).toBe(false)
})

it('days are calendar days over the ends of months and years', () => {
  expect(plusDays('2026-11-29', 3)).toBe('2026-12-02')
  expect(plusDays('2026-12-31', 1)).toBe('2027-01-01')
})

it('a day is over when the next one has begun in the zone', () => {
  expect(endOfDay('2026-11-14', 'Asia/Shanghai')).toBe('2026-11-14T16:00:00.000Z')
  expect(isPast('2026-11-14', '2026-11-14T15:59:59.999Z', 'Asia/Shanghai')).toBe(false)
  expect(isPast('2026-11-14', '2026-11-14T16:00:00.000Z', 'Asia/Shanghai')).toBe(true)
})
