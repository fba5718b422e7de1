import { expect, it } from 'vitest'
import { dayMs, hourMs, plusMs } from '#api/lib/time.ts'
import { afterFailure, type EndpointHealth, newEndpoint, oldSecretMs, rotated, secretsOf } from './endpoint.ts'

const start = '2026-11-11T12:00:00.000Z'
const well: EndpointHealth = { firstFailedAt: null, failingSince: null }
/** Failures after so many hours; gives whether the last one was too many. */
function fail(...hours: number[]) {
  let health = well
  let tooLong = false
  for (const hour of hours) ({ health, tooLong } = afterFailure(health, plusMs(start, hour * hourMs)))
  return { ...health, tooLong }
}

it('one bad hour makes no endpoint failing, half a day does', () => {
  expect(fail(0, 1, 2)).toEqual({ firstFailedAt: start, failingSince: null, tooLong: false })
  expect(fail(0, 1, 11.9).failingSince).toBeNull()
  expect(fail(0, 12).failingSince).toBe(plusMs(start, 12 * hourMs))
  expect(fail(0, 24).failingSince).toBe(plusMs(start, 24 * hourMs))
})

it('two single failures on two days are two bad hours', () => {
  const second = plusMs(start, 31 * hourMs)
  expect(fail(0, 31)).toEqual({ firstFailedAt: second, failingSince: null, tooLong: false })
  expect(fail(0, 31, 62, 93, 124, 155, 186).tooLong).toBe(false)
})

it('it is too long after five days from when it began to count', () => {
  const days = (count: number) => 12 + (count * dayMs) / hourMs
  expect(fail(0, 12, days(4.99)).tooLong).toBe(false)
  expect(fail(0, 12, days(4.99), days(5)).tooLong).toBe(true)
  expect(fail(0, 12, days(40)).tooLong).toBe(true)
})

it('an old secret signs beside the new one for a day', () => {
  const endpoint = { ...newEndpoint('a', 'ops@shop.example', 'one'), ...rotated({ secret: 'one' }, 'two', start) }
  expect(secretsOf(endpoint, plusMs(start, oldSecretMs - 1))).toEqual(['two', 'one'])
  expect(secretsOf(endpoint, plusMs(start, oldSecretMs))).toEqual(['two'])
  expect(secretsOf(newEndpoint('a', 'ops@shop.example', null), start)).toEqual([])
  expect(secretsOf({ ...endpoint, ...rotated(endpoint, 'three', start) }, start)).toEqual(['three', 'two'])
})
