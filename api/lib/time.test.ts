import fc from 'fast-check'
import { expect, it } from 'vitest'
import { dateIn, hourMs, midnight, offsetMs, secondMs, toInstant, wallOf } from './time.ts'

const zones = ['Asia/Shanghai', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Casablanca', 'UTC']

/** The wall clock as the tables of zones have it, asked each time. */
function asked(ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  }).format(ms)
  return parts
}

it('tells the wall clock of any zone at any instant as the tables have it', () => {
  const span = { min: Date.UTC(1990, 0, 1), max: Date.UTC(2035, 0, 1) }
  fc.assert(
    fc.property(fc.integer(span), fc.constantFrom(...zones), (ms, zone) => {
      const at = Math.floor(ms / secondMs) * secondMs
      const w = wallOf(at, zone)
      const two = (number: number) => String(number).padStart(2, '0')
      expect(`${w.year}-${two(w.month)}-${two(w.day)} ${two(w.hour)}:${two(w.minute)}:${two(w.second)}`).toBe(
        asked(at, zone),
      )
      expect(dateIn(at, zone)).toBe(asked(at, zone).slice(0, 10))
    }),
    { numRuns: 500 },
  )
})

it('sees a clock change to the millisecond', () => {
  const change = Date.parse('2026-10-25T01:00:00Z')
  expect([change - 1, change, change + 5 * hourMs].map((ms) => offsetMs(ms, 'Europe/Berlin') / hourMs)).toEqual([
    2, 1, 1,
  ])
})

it('finds midnight on days of 23 and 25 hours', () => {
  expect(toInstant(midnight('2026-10-25', 'Europe/Berlin'))).toBe('2026-10-24T22:00:00.000Z')
  expect(toInstant(midnight('2026-10-25', 'Europe/Berlin', 1))).toBe('2026-10-25T23:00:00.000Z')
  expect(toInstant(midnight('2026-03-01', 'Asia/Shanghai', -1))).toBe('2026-02-27T16:00:00.000Z')
})
