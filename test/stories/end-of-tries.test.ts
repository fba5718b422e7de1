import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { dayMs, hourMs, minuteMs, secondMs, toMs } from '#api/lib/time.ts'
import { type Stage, story } from '../support/story.ts'
import { ledger, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

// When trying ends: before the provider forgets a key, and at once where the answer is certain.

let providerNow = () => Date.now()
const resend = await openResend('re_test_key', { now: () => providerNow() })
afterAll(() => resend.close())
beforeEach(() => {
  resend.batches.length = 0
  resend.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, resendEnv(resend))
const readers = (count: number) => Array.from({ length: count }, (_, i) => ({ address: `reader${i}@mail.example` }))
const refusal = (status: number, name: string) => ({ status, body: { statusCode: status, name, message: 'No.' } })
const rowsOf = async (app: App) => [...new Set((await ledger(app)).map(({ state, reason }) => `${state}: ${reason}`))]
const spanOf = async (app: App) => {
  const { first, last } = await app.db
    .selectFrom('attempt')
    .select((eb) => [eb.fn.min('startedAt').as('first'), eb.fn.max('startedAt').as('last')])
    .executeTakeFirstOrThrow()
  return toMs(last) - toMs(first)
}

/** The tries of a day at its two ends; in between nobody is at work. */
async function workForADay({ app, clock }: Pick<Stage, 'app' | 'clock'>): Promise<void> {
  await workFor(app, clock, 20 * minuteMs)
  clock.move(11 * hourMs)
  await workFor(app, clock, dayMs)
}

tell(
  'a provider in trouble for a day leaves rows that nobody knows about, and no try after its keys are gone',
  async (stage) => {
    const { app, clock } = stage
    providerNow = () => toMs(clock.now())
    await subscribe(app, readers(3))
    resend.failNext(1, 'reset-after-accept')
    resend.failNext(1_000, 503)
    await ordersDown(app, await openServices(app))
    await workForADay(stage)
    const [said, ...more] = await rowsOf(app)
    expect(more).toEqual([])
    expect(said).toMatch(/^unknown: gave up after \d+ attempts: internal_server_error/)
    expect(await spanOf(app)).toBeLessThan(23 * hourMs)
    resend.heal()
    await workFor(app, clock, 2 * dayMs)
    expect(resend.mails()).toHaveLength(3)
  },
)

tell('a provider that certainly took nothing for a day leaves rows that expired', async ({ app, clock }) => {
  await subscribe(app, readers(3))
  resend.failNext(1_000, 429)
  await ordersDown(app, await openServices(app))
  await workForADay({ app, clock })
  const [said, ...more] = await rowsOf(app)
  expect(more).toEqual([])
  expect(said).toMatch(/^expired: too old to be sent: gave up after \d+ attempts: rate_limit_exceeded/)
  expect(await spanOf(app)).toBeLessThan(23 * hourMs)
})

tell(
  'a key that was used and is nearly forgotten is not used again, however long the channel stood still',
  async (stage) => {
    const { app, clock } = stage
    await subscribe(app, readers(1))
    resend.failNext(1, 'reset-after-accept')
    await ordersDown(app, await openServices(app))
    await workFor(app, clock, secondMs)
    // Somebody asked for it once more: its news counts as news again, its key does not.
    await app.db
      .updateTable('batch')
      .set({ askedAt: new Date(toMs(clock.now()) + 20 * hourMs).toISOString() })
      .execute()
    clock.move(23 * hourMs + minuteMs)
    await workFor(app, clock, hourMs)
    expect(await rowsOf(app)).toEqual([
      'unknown: tried for so long that the provider may have forgotten its key and would send it twice',
    ])
    expect(resend.batches).toHaveLength(1)
  },
)

tell(
  'a batch that is refused as a whole is taken apart: the good ones go, each refused one says why',
  async (stage) => {
    const { app, clock } = stage
    await subscribe(app, readers(4))
    resend.failNext(1, refusal(422, 'validation_error'))
    resend.failNext(1, refusal(422, 'validation_error'))
    await ordersDown(app, await openServices(app))
    await workFor(app, clock, hourMs)
    expect(resend.mails()).toHaveLength(3)
    expect(new Set(resend.batches.map(({ key }) => key)).size).toBe(3)
    const lines = await ledger(app)
    expect(lines.map(({ state }) => state).sort()).toEqual(['failed', 'sent', 'sent', 'sent'])
    expect(lines.find(({ state }) => state === 'failed')?.reason).toBe('validation_error 422: No.')
    // Both tries are counted: the one with the others and the one alone.
    expect(lines.map(({ attempts }) => attempts)).toEqual([2, 2, 2, 2])
  },
)

tell('a refusal after an answer that was lost is not believed: a person looks', async ({ app, clock }) => {
  await subscribe(app, readers(4))
  resend.failNext(1, 'reset-after-accept')
  resend.failNext(1, refusal(422, 'validation_error'))
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, hourMs)
  expect(await rowsOf(app)).toEqual(['unknown: validation_error 422: No.'])
  expect(resend.mails()).toHaveLength(4)
  expect(resend.batches).toHaveLength(1)
})

tell('what is no matter of single mails is not taken apart', async ({ app, clock }) => {
  await subscribe(app, readers(4))
  resend.failNext(1, refusal(451, 'security_error'))
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, hourMs)
  expect(await rowsOf(app)).toEqual(['failed: security_error 451: No.'])
  expect(resend.requests()).toBeGreaterThan(0)
  expect(resend.mails()).toEqual([])
})
