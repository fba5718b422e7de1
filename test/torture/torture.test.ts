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
  'after-settle',
  'after-takeover',
  'after-retry',
] as const satisfies Kill[]
const anyMoment = (times: number) => Array.from({ length: times }, (): Kill => 'any moment')
/** Most at the beginning, while there is much to do. */
const twenty = [...points.slice(0, 4), ...anyMoment(11), ...points.slice(4)]
const inOrder = { invented: [], lost: [], doubled: [], unmarked: [], denied: [] }

// Most of the time is waiting for processes to start, so the three wait beside each other.
describe.concurrent.each(engines)('%s', (engine) => {
  it('killed twenty times, every mail goes out once and the ledger equals the provider’s history', {
    timeout: 240_000,
  }, async () => {
    const readers = 5_000
    const result = await torture({ engine, channel: 'email', readers, kills: twenty })
    expect(result).toMatchObject({ ...inOrder, missed: [], rows: readers, taken: readers, equal: readers, marked: 0 })
    expect(result.kills).toBe(20)
    expect(result.replays).toBeGreaterThan(0)
  })
})

it.concurrent('SMS, which no key protects: nobody is lost in silence, and who may be told twice is marked', {
  timeout: 240_000,
}, async () => {
  const readers = 150
  const result = await torture({ engine: 'sqlite', channel: 'sms', readers, kills: anyMoment(6), hurried: true })
  expect(result).toMatchObject({ ...inOrder, doubled: expect.anything(), rows: readers })
  expect(result.equal + result.unknown).toBe(readers)
  expect(result.doubled.length).toBeLessThanOrEqual(result.marked)
})
