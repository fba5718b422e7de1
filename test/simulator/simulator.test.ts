import { expect, it } from 'vitest'
import { dayMs } from '#api/lib/time.ts'
import { type Faults, type Plan, simulate } from './simulate.ts'

// Whole days of the fan-out in virtual time: providers that fail, processes that are killed at any statement, clocks
// that jump, readers who come and go. `npm run simulate` lives through ten thousand of them.

/** What days broke, each with the line that shows it again. */
async function brokenIn(seeds: number[], how: { faults?: Faults; plan?: Plan } = {}): Promise<string[]> {
  const broken: string[] = []
  for (const seed of seeds) {
    const run = await simulate(seed, how)
    if (run.broken.length) broken.push(`npm run simulate -- --seed ${seed}: ${run.broken.slice(0, 3).join('; ')}`)
  }
  return broken
}

const seeds = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, place) => from + place)

it('two hundred days break no promise of the ledger', { timeout: 600_000 }, async () => {
  expect(await brokenIn(seeds(1, 200))).toEqual([])
})

// One message of several came due while nobody looked, an old mail became young by a clock set back, a stopped provider
// took an SMS and nobody heard it, a reader came in the millisecond of an announcement, left and came back.
it('days that once broke a promise break none any more', async () => {
  expect(await brokenIn([3646, 5842, 8062, 5099])).toEqual([])
})

it('the same seed is the same day', async () => {
  const days = async () => [await simulate(11), await simulate(12), await simulate(13)]
  const first = await days()
  expect(await days()).toEqual(first)
  expect(new Set(first.map(({ facts }) => JSON.stringify(facts))).size).toBe(3)
  expect(first.reduce((sum, { facts }) => sum + facts.taken, 0)).toBeGreaterThan(0)
})

it('providers that are down for six hours: nothing old is sent, the newest word wins, everything else drains', async () => {
  expect(await brokenIn(seeds(301, 304), { plan: { outage: { fromHour: 4, hours: 6 } } })).toEqual([])
})

it.each([dayMs, -dayMs])('a clock that jumps by %i ms in the middle sends nothing twice', async (clockJumpMs) => {
  expect(await brokenIn(seeds(401, 403), { plan: { clockJumpMs } })).toEqual([])
})

// A checker that never complains proves nothing: each of these worlds is wrong in one way, and it must say so.
it.each<[string, Faults, RegExp]>([
  [
    'forgets the keys it took',
    { email: { remembersKeys: false, saysItRemembers: true } },
    /was taken 2 times, unmarked/,
  ],
  ['is believed to know keys', { sms: { saysItRemembers: true } }, /was taken 2 times, unmarked/],
  ['says yes and takes nothing', { email: { lies: 'takes nothing' } }, /never reached the provider/],
  ['gives ids that are not its own', { email: { lies: 'gives wrong ids' } }, /which the provider did not give/],
  ['takes what it says it refused', { sms: { lies: 'takes what it refuses' } }, /did reach the provider/],
])('sees a provider that %s', async (_what, faults, complaint) => {
  for (const seed of seeds(1, 40)) if (complaint.test((await simulate(seed, { faults })).broken.join('\n'))) return
  throw new Error('Forty days of it, and the checker saw nothing.')
})
