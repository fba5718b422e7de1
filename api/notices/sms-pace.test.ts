import { expect, it } from 'vitest'
import { tooSlow } from './sms-pace.ts'

const halfAnHour = 30 * 60_000

it('warns from the first segment that a sender cannot carry in time', () => {
  expect(tooSlow(1_800, { perSecond: 1, expiresAfterMs: halfAnHour })).toBeNull()
  expect(tooSlow(1_801, { perSecond: 1, expiresAfterMs: halfAnHour })).toContain('31 minutes')
  expect(tooSlow(1_801, { perSecond: 1, expiresAfterMs: halfAnHour })).toContain('1 of the segments would not go out')
  expect(tooSlow(20_000, { perSecond: 10, expiresAfterMs: halfAnHour })).toContain('2000 of the segments')
})

it('is content with a sender without a limit, and with nobody to tell', () => {
  expect(tooSlow(1_000_000, { perSecond: Number.POSITIVE_INFINITY, expiresAfterMs: halfAnHour })).toBeNull()
  expect(tooSlow(0, { perSecond: 0.1, expiresAfterMs: halfAnHour })).toBeNull()
})
