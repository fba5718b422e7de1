import { describe, expect, it } from 'vitest'
import { engines } from '../support/record.ts'
import { type Kill, torture } from './torture.ts'

// Real processes, a real clock and kill -9: at every commit point that a worker comes to, and at moments that chance
// picks. `npm run torture` is the long form. Kills at each single statement are in the simulator.

const points = [
  'after-take',
  'mid-expand',
  'after-expand',
  'after-freeze',
  'after-attempt',
  'after-accept',
  // Now: the worker before has certainly left something that it was sending.
  'after-takeover',
  'after-settle',
  'after-retry',
] as const satisfies Kill[]
const anyMoment = (times: number) => Array.from({ length: times }, (): Kill => 'any moment')
/** Those that ask for something to do come first. */
const twenty = [...points, ...anyMoment(20 - points.length)]
const inOrder = { invented: [], lost: [], doubled: [], unmarked: [], denied: [] }

// Most of the time is waiting for processes to start, so the three wait beside each other.
describe.concurrent.each(engines)('%s', (engine) => {
  it('killed twenty times, every mail goes out once and the ledger equals the provider’s history', {
    timeout: 600_000,
  }, async ({ signal }) => {
    const readers = 5_000
    const result = await torture({ engine, channel: 'email', readers, kills: twenty, signal })
    expect(result).toMatchObject({ ...inOrder, missed: [], rows: readers, taken: readers, equal: readers, marked: 0 })
    expect(result.kills).toBe(20)
    expect(result.replays).toBeGreaterThan(0)
  })
})

it.concurrent('SMS, which no key protects: nobody is lost in silence, and who may be told twice is marked', {
  timeout: 600_000,
}, async ({ signal }) => {
  const readers = 150
  const result = await torture({
    engine: 'sqlite',
    channel: 'sms',
    readers,
    kills: anyMoment(6),
    hurried: true,
    signal,
  })
  expect(result).toMatchObject({ ...inOrder, doubled: expect.anything(), rows: readers })
  expect(result.equal + result.unknown).toBe(readers)
  expect(result.doubled.length).toBeLessThanOrEqual(result.marked)
})
