import { expect, it } from 'vitest'
import { estimateSms, tooSlow } from './sms-pace.ts'

const halfAnHour = 30 * 60_000
const sender = (perSecond: number) => ({ perSecond, expiresAfterMs: halfAnHour })
const all = (people: number, each = 1) => ({ people, segments: people * each })

it('warns from the first segment that a sender cannot carry in time', () => {
  expect(tooSlow(all(1_800), sender(1))).toBeNull()
  expect(tooSlow(all(1_801), sender(1))).toContain('The SMS take 31 minutes to send (1801 segments, 1 a second)')
  expect(tooSlow(all(1_801), sender(1))).toContain('about 1 of 1801 people would not be reached')
  expect(tooSlow(all(20_000), sender(10))).toContain('about 2000 of 20000 people')
})

it('says hours where minutes say nothing, and what a faster sender would take', () => {
  const said = tooSlow(all(50_000, 2), sender(1))!
  expect(said).toContain('take 27.8 hours to send (100000 segments')
  expect(said).toContain('a toll-free number (3 a second) takes 9.3 hours, a short code (10 a second) takes 2.8 hours')
  expect(said).toContain('about 49100 of 50000 people')
  expect(tooSlow(all(50_000, 2), sender(10))).not.toContain('toll-free')
})

it('is content with a sender without a limit, and with nobody to tell', () => {
  expect(tooSlow(all(1_000_000), sender(Number.POSITIVE_INFINITY))).toBeNull()
  expect(tooSlow(all(0), sender(0.1))).toBeNull()
})

it('estimates time, cost and whom it does not reach', () => {
  const price = { micros: 50_000, currency: 'CNY' }
  expect(estimateSms(all(3_000, 2), sender(1), price)).toEqual({
    segments: 6_000,
    segmentsPerSecond: 1,
    seconds: 6_000,
    notReached: 2_100,
    cost: { amountMinor: 30_000, currency: 'CNY' },
  })
  expect(estimateSms(all(3_000), sender(Number.POSITIVE_INFINITY), null)).toEqual({
    segments: 3_000,
    segmentsPerSecond: null,
    seconds: 0,
    notReached: 0,
    cost: null,
  })
})
