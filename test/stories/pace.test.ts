import { afterAll, beforeEach, expect } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { hourMs, minuteMs, secondMs, toMs } from '#api/lib/time.ts'
import { sendDirect } from '#api/notices/direct.ts'
import { planOnce } from '#api/notices/work.ts'
import { story } from '../support/story.ts'
import { ledger, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

const resend = await openResend()
afterAll(() => resend.close())
beforeEach(() => {
  resend.batches.length = 0
  resend.heal()
})
const tell: typeof story = (promise, act) =>
  story(promise, act, { ...resendEnv(resend), RESEND_REQUESTS_PER_SECOND: '2' })

const readers = (count: number) => Array.from({ length: count }, (_, i) => ({ address: `reader${i}@mail.example` }))
const startsOf = async (app: App) =>
  (await app.db.selectFrom('attempt').select('startedAt').orderBy('startedAt').execute()).map(({ startedAt }) =>
    toMs(startedAt),
  )

const ask = (app: App, address: string) =>
  app.db.transaction().execute((trx) =>
    sendDirect(app, trx, {
      kind: 'confirmation',
      channel: 'email',
      subscriberId: 'somebody0000',
      address,
      locale: 'en',
      message: { subject: 'Is it you?', html: '<p>Is it you?</p>', text: 'Is it you?' },
    }),
  )

tell('no provider is asked more often than the setting says', async ({ app, clock }) => {
  await subscribe(app, readers(520))
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, 60 * secondMs)
  const starts = await startsOf(app)
  expect(starts.length).toBeGreaterThanOrEqual(6)
  expect(new Set(starts.slice(1).map((at, i) => at - starts[i]!))).toEqual(new Set([510]))
})

tell('when a provider says how long to wait, everything waits that long', async ({ app, clock }) => {
  await subscribe(app, readers(250))
  const body = { statusCode: 429, name: 'rate_limit_exceeded', message: 'Slower.' }
  resend.failNext(1, { status: 429, body, headers: { 'retry-after': '30' } })
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, 120 * secondMs)
  const [first, second] = await startsOf(app)
  expect(second! - first!).toBe(30 * secondMs)
  expect(resend.mails()).toHaveLength(250)
})

tell('a message that one person waits for goes before a notice to many', async ({ app, clock }) => {
  await subscribe(app, readers(300))
  await ordersDown(app, await openServices(app))
  while (await planOnce(app));
  await ask(app, 'new@mail.example')
  await workFor(app, clock, 60 * secondMs)
  expect(resend.batches[0]!.mails.map(({ to, subject }) => [to, subject])).toEqual([['new@mail.example', 'Is it you?']])
  expect(resend.mails()).toHaveLength(301)
})

tell('a key stands for the same bytes at every attempt', async ({ app, clock }) => {
  await subscribe(app, readers(120))
  resend.failNext(3, 'reset-after-accept')
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, 600 * secondMs)
  // The stand-in answers 409 when a key comes with other bytes; then a batch would be held as unknown.
  const states = await app.db.selectFrom('batch').select(['state', 'attempts']).execute()
  expect(states.map(({ state }) => state)).toEqual(['final', 'final'])
  expect(resend.batches.filter(({ replay }) => replay).length).toBeGreaterThan(0)
  expect(new Set(resend.mails().map(({ to }) => to)).size).toBe(120)
  expect(resend.mails()).toHaveLength(120)
})

const limited = { 'ratelimit-limit': '20', 'ratelimit-remaining': '19', 'ratelimit-reset': '1' }
const justWait = { statusCode: 429, name: 'rate_limit_exceeded', message: 'Slower.' }

story(
  'the pace that an answer allows is kept in the record, so that a restart keeps it too',
  async ({ app, clock, env }) => {
    for (let i = 0; i < 5; i++) await ask(app, `new${i}@mail.example`)
    resend.failNext(1, { status: 429, body: justWait, headers: { ...limited, 'retry-after': '1' } })
    // As long as no answer has said anything, two a second at the most.
    expect(app.channels.find(({ name }) => name === 'email')?.perSecond).toBe(2)
    await workFor(app, clock, 900)
    const kept = () => app.db.selectFrom('channelState').select('perSecond').executeTakeFirst()
    expect((await kept())?.perSecond).toBeCloseTo(19.4)
    const again = openApp(readConfig(env, 'test'), { clock })
    try {
      await workFor(again, clock, 60 * secondMs)
    } finally {
      await again.close()
    }
    const starts = await startsOf(app)
    expect(starts[1]! - starts[0]!).toBe(secondMs)
    expect(starts[2]! - starts[1]!).toBe(53)
    // The stand-in's own headers allow a thousand a second from then on.
    expect(starts[4]! - starts[3]!).toBe(2)
    expect(resend.mails()).toHaveLength(5)
  },
  { ...resendEnv(resend), RESEND_REQUESTS_PER_SECOND: '' },
)

story('a provider that allows five a second and means it never has to say so', async ({ env, clock }) => {
  const strict = await openResend('re_strict', { requestsPerSecond: 5, now: () => toMs(clock.now()) })
  const settings = { ...env, ...resendEnv(strict), RESEND_REQUESTS_PER_SECOND: '' }
  const app = openApp(readConfig(settings, 'test'), { clock })
  try {
    for (let i = 0; i < 12; i++) await ask(app, `new${i}@mail.example`)
    await workFor(app, clock, 10 * secondMs)
    expect(strict.mails()).toHaveLength(12)
    expect(strict.refusedForPace()).toBe(0)
    expect((await app.db.selectFrom('channelState').select('perSecond').executeTakeFirst())?.perSecond).toBe(4.85)
    // Nor is it asked more slowly than it allows: seven within a second and a half.
    const starts = await startsOf(app)
    expect(starts[11]! - starts[5]!).toBeLessThan(1.5 * secondMs)
  } finally {
    await app.close()
    await strict.close()
  }
})

const keyIsWrong = { status: 401, body: { statusCode: 401, name: 'restricted_api_key', message: 'Wrong.' } }

tell('hours of a wrong key use up no attempt: a hiccup afterwards costs no mail', async ({ app, clock }) => {
  await subscribe(app, readers(1))
  resend.failNext(13, keyIsWrong)
  resend.failNext(1, 503)
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, 4 * hourMs)
  expect(resend.mails()).toHaveLength(1)
  const starts = await startsOf(app)
  expect(starts).toHaveLength(15)
  expect(starts[14]! - starts[13]!).toBeLessThan(10 * secondMs)
  expect((await ledger(app)).map(({ state }) => state)).toEqual(['sent'])
})

for (const [what, answer] of [
  ['refuses one batch', { status: 422, body: { statusCode: 422, name: 'validation_error', message: 'No.' } }],
  ['asks for a slower pace', { status: 429, body: { statusCode: 429, name: 'rate_limit_exceeded', message: 'Slow.' } }],
] as const)
  tell(`a stopped channel goes on when the provider ${what}, because it takes the key again`, async (stage) => {
    const { app, clock } = stage
    await subscribe(app, readers(250))
    resend.failNext(1, keyIsWrong)
    resend.failNext(1, answer)
    await ordersDown(app, await openServices(app))
    const stop = async () => (await app.db.selectFrom('channelState').select('stoppedAt').executeTakeFirst())?.stoppedAt
    await workFor(app, clock, minuteMs)
    expect(await stop()).not.toBeNull()
    await workFor(app, clock, 15 * minuteMs)
    expect(await stop()).toBeNull()
    expect(resend.mails().length).toBeGreaterThanOrEqual(150)
  })

tell('silence says nothing about the key: the channel stays stopped until the next try', async ({ app, clock }) => {
  await subscribe(app, readers(250))
  resend.failNext(1, keyIsWrong)
  resend.failNext(1, 'reset')
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, 16 * minuteMs)
  const state = await app.db.selectFrom('channelState').selectAll().executeTakeFirst()
  expect(state?.stoppedReason).toContain('restricted_api_key')
  expect(await startsOf(app)).toHaveLength(2)
  await workFor(app, clock, 15 * minuteMs)
  expect(resend.mails()).toHaveLength(250)
})
