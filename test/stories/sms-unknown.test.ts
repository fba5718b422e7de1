import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { answerError, newRouter } from '#api/http/router.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { minuteMs, secondMs } from '#api/lib/time.ts'
import { sendDirect } from '#api/notices/direct.ts'
import { hookRoutes } from '#api/notices/hook-routes.ts'
import { foundReason, twiceReason } from '#api/notices/lost-answer.ts'
import { claimNext, sendClaimed } from '#api/notices/send.ts'
import { planOnce } from '#api/notices/work.ts'
import { type Stage, story } from '../support/story.ts'
import { openServices, ordersDown, subscribe } from '../support/telling.ts'
import { restart, workFor } from '../support/work.ts'
import type { Fault } from '../wire/server.ts'
import { openTwilio, twilioEnv, type WireSms } from '../wire/twilio.ts'

// Twilio knows no idempotency: of an answer that was lost nobody knows whether the message left, and nobody may hear
// twice for it. Its callback tells, else its list, else it is sent once more, once, and the row says so.

/** What befalls the next orders, one after the other. */
const orders: Fault[] = []
let ordered = 0
const twilio = await openTwilio({
  faults() {
    ordered++
    return orders.shift() ?? null
  },
})
afterAll(() => twilio.close())
beforeEach(() => {
  twilio.sent.length = 0
  twilio.heal()
  orders.length = 0
  ordered = 0
  twilio.queue(false)
  twilio.shows = () => true
})
const number = '+8613900000001'
const tell = (promise: string, act: (stage: Stage & ReturnType<typeof at>) => Promise<void>) =>
  story(
    promise,
    async (stage) => {
      twilio.now = () => new Date(stage.clock.now())
      await act({ ...stage, ...at(stage.app, stage.clock) })
    },
    twilioEnv(twilio),
  )

function at(app: App, clock: ManualClock) {
  const router = newRouter()
  router.onError((error, c) => answerError(error, c, app.log))
  router.route('/', hookRoutes(app))
  return {
    /** Twilio calls back about a message. */
    async callback(sms: WireSms, status: string, more: Record<string, string> = {}): Promise<void> {
      const { path, body, headers } = twilio.callback(sms, status, more)
      expect((await router.request(path, { method: 'POST', body, headers })).status).toBe(204)
    },
    /** Somebody is told of an incident. */
    async publish(): Promise<void> {
      await subscribe(app, [{ channel: 'sms', address: number }])
      await ordersDown(app, await openServices(app))
    },
    minutes: (count: number) => workFor(app, clock, count * minuteMs),
    rows: () =>
      app.db
        .selectFrom('delivery')
        .select(['state', 'reason', 'possibleDuplicate as twice', 'providerId'])
        .orderBy('id')
        .execute(),
    batches: () => app.db.selectFrom('batch').select(['state', 'bytes', 'nextLookAt', 'attempts']).execute(),
  }
}

tell('a callback announces a message whose answer was lost, and nobody asks', async (stage) => {
  const { publish, minutes, callback, rows, batches } = stage
  const before = twilio.listings()
  twilio.failNext(1, 'reset-after-accept')
  await publish()
  await minutes(1)
  expect((await rows())[0]).toMatchObject({ state: 'unknown', twice: 0 })
  await callback(twilio.sent[0]!, 'sent')
  await minutes(60)
  expect(await rows()).toEqual([{ state: 'sent', reason: null, twice: 0, providerId: twilio.sent[0]!.sid }])
  expect(await batches()).toMatchObject([{ state: 'final', bytes: null, attempts: 1 }])
  expect([twilio.sent.length, twilio.listings() - before]).toEqual([1, 0])
})

for (const [what, fault] of [
  ['the line broke', 'reset-after-accept'],
  ['half of the answer came', 'cut'],
] as const)
  tell(`after two minutes the list names it: ${what}`, async ({ publish, minutes, callback, rows, batches }) => {
    twilio.failNext(1, fault)
    await publish()
    await minutes(1.9)
    expect((await rows())[0]?.state).toBe('unknown')
    await minutes(0.2)
    const { sid } = twilio.sent[0]!
    expect(await rows()).toEqual([{ state: 'sent', reason: foundReason, twice: 0, providerId: sid }])
    expect(await batches()).toMatchObject([{ state: 'final', bytes: null }])
    await callback(twilio.sent[0]!, 'delivered')
    await callback(twilio.sent[0]!, 'sent')
    await minutes(60)
    expect(await rows()).toEqual([{ state: 'delivered', reason: null, twice: 0, providerId: sid }])
    expect(twilio.sent).toHaveLength(1)
  })

tell('the list names a message too that still waits in the queue', async ({ publish, minutes, rows }) => {
  twilio.queue(true)
  twilio.failNext(1, 'reset-after-accept')
  await publish()
  await minutes(30)
  expect(await rows()).toMatchObject([{ state: 'sent', reason: foundReason, twice: 0 }])
  expect(twilio.sent).toHaveLength(1)
})

tell('the list says too that it failed, and what that means', async ({ app, publish, minutes, rows }) => {
  twilio.failNext(1, 'reset-after-accept')
  await publish()
  await minutes(1)
  Object.assign(twilio.sent[0]!, { status: 'undelivered', errorCode: 30005 })
  await minutes(2)
  expect(await rows()).toMatchObject([{ state: 'failed', reason: 'twilio 30005: nobody has this number' }])
  expect(await app.db.selectFrom('suppression').select('address').execute()).toEqual([{ address: number }])
})

tell('what nobody finds is sent once more, with what is left of its half hour, and marked', async (stage) => {
  const { publish, minutes, callback, rows } = stage
  twilio.failNext(1, 'reset')
  await publish()
  await minutes(7.9)
  expect((await rows())[0]).toMatchObject({ state: 'unknown', twice: 0 })
  expect(twilio.sent).toHaveLength(0)
  await minutes(1)
  const [sms] = twilio.sent
  expect(twilio.sent).toHaveLength(1)
  expect(sms?.validityPeriod).toBe(String(22 * 60))
  const reason = 'may be told twice: sent once more because nobody knew whether the first was taken (twilio ECONNRESET)'
  expect(await rows()).toEqual([{ state: 'sent', reason, twice: 1, providerId: sms!.sid }])
  await callback(sms!, 'delivered')
  expect(await rows()).toEqual([{ state: 'delivered', reason, twice: 1, providerId: sms!.sid }])
  await minutes(60)
  expect(twilio.sent).toHaveLength(1)
})

for (const second of ['reset', '500', 'cut'] as const)
  tell(`it is never sent blindly a second time (${second}): then a person decides`, async (stage) => {
    const { publish, minutes, rows, batches } = stage
    twilio.shows = () => false
    orders.push('reset', second)
    await publish()
    await minutes(180)
    expect(ordered).toBe(2)
    const reason = 'nobody knows whether it arrived: it was sent once more already, and the provider lists no message'
    expect(await rows()).toEqual([{ state: 'unknown', twice: 1, providerId: null, reason }])
    expect(await batches()).toMatchObject([{ state: 'unknown', nextLookAt: null, attempts: 2 }])
  })

tell('a provider that cannot be asked is no reason to send again', async ({ publish, minutes, rows }) => {
  twilio.failNext(1, 'reset')
  twilio.failNext(500, 503)
  await publish()
  await minutes(180)
  expect(await rows()).toMatchObject([{ state: 'unknown', twice: 0 }])
  expect((await rows())[0]?.reason).toContain('could not be asked')
  twilio.heal()
  await minutes(60)
  expect(twilio.sent).toHaveLength(0)
})

tell('a callback for the first after the second was taken says that somebody was told twice', async (stage) => {
  const { publish, minutes, callback, rows } = stage
  twilio.shows = () => false
  twilio.failNext(1, 'reset-after-accept')
  await publish()
  await minutes(10)
  const [first, second] = twilio.sent
  expect(twilio.sent).toHaveLength(2)
  await callback(second!, 'delivered')
  await callback(first!, 'sent')
  await callback(first!, 'delivered')
  expect(await rows()).toEqual([{ state: 'delivered', reason: twiceReason, twice: 1, providerId: second!.sid }])
})

tell('of two messages that were taken, the one that arrives counts', async ({ publish, minutes, callback, rows }) => {
  twilio.shows = () => false
  twilio.failNext(1, 'reset-after-accept')
  await publish()
  await minutes(10)
  const [first, second] = twilio.sent
  await callback(first!, 'failed', { ErrorCode: '30007' })
  expect((await rows())[0]).toMatchObject({ state: 'sent', providerId: second!.sid })
  await callback(second!, 'undelivered', { ErrorCode: '30007' })
  expect((await rows())[0]?.state).toBe('failed')
  await callback(first!, 'delivered')
  expect((await rows())[0]).toMatchObject({ state: 'delivered', providerId: first!.sid, reason: null })
})

tell('a callback just before the second is sent keeps it back', async ({ app, publish, minutes, callback, rows }) => {
  twilio.shows = () => false
  twilio.failNext(1, 'reset-after-accept')
  await publish()
  await minutes(7.9)
  // The clock stands just before the retry: the row waits in the queue when the callback comes.
  await app.db.updateTable('batch').set({ state: 'ready', blindRetryAt: app.now() }).execute()
  await app.db.updateTable('delivery').set({ state: 'queued', possibleDuplicate: 1 }).execute()
  await callback(twilio.sent[0]!, 'delivered')
  await minutes(60)
  expect(twilio.sent).toHaveLength(1)
  expect(await rows()).toMatchObject([{ state: 'delivered', providerId: twilio.sent[0]!.sid }])
  expect(await app.db.selectFrom('batch').select(['state', 'bytes']).execute()).toEqual([
    { state: 'final', bytes: null },
  ])
})

for (const accepted of [true, false])
  tell(`killed while sending, ${accepted ? 'after' : 'before'} it was taken: told once`, async (stage) => {
    const { app, clock, publish, minutes, rows } = stage
    await publish()
    while (await planOnce(app));
    const claim = await claimNext(app)
    if (accepted) await sendClaimed(app, claim!)
    // The process is gone, and another starts; where others may be alive its lease has to run out first.
    const { openApp } = await import('#api/app.ts')
    const { readConfig } = await import('#api/config.ts')
    const next = openApp(readConfig(stage.env, 'test'), { clock })
    await restart(next)
    await workFor(next, clock, 25 * secondMs)
    expect((await rows())[0]?.state).toBe('unknown')
    await workFor(next, clock, 10 * minuteMs)
    await next.close()
    expect(twilio.sent).toHaveLength(1)
    expect(await rows()).toMatchObject([
      accepted ? { state: 'sent', twice: 0, reason: foundReason } : { state: 'sent', twice: 1 },
    ])
    await minutes(60)
    expect(twilio.sent).toHaveLength(1)
  })

tell('whoever leaves while nobody knows is not sent it once more', async ({ app, publish, minutes, rows }) => {
  twilio.failNext(1, 'reset')
  await publish()
  await minutes(5)
  await app.db.updateTable('subscriber').set({ closedAt: app.now(), closedReason: 'STOP' }).execute()
  await minutes(120)
  expect(twilio.sent).toHaveLength(0)
  const reason = 'nobody knows whether it arrived: not sent once more: whoever has this address has left'
  expect(await rows()).toMatchObject([{ state: 'unknown', twice: 0, reason }])
})

tell('what got too old meanwhile is not sent once more', async ({ publish, minutes, rows }) => {
  // Told to wait for 25 minutes, then the answer is lost.
  const wait = { status: 429, body: { code: 20429 }, headers: { 'retry-after': '1500' } }
  twilio.failNext(1, wait)
  twilio.failNext(1, 'reset')
  await publish()
  await minutes(120)
  expect(twilio.sent).toHaveLength(0)
  expect(await rows()).toMatchObject([
    { state: 'unknown', twice: 0, reason: 'nobody knows whether it arrived: too old to be sent once more' },
  ])
})

tell('what was never processed is tried again, as late as the answer says, and is no duplicate', async (stage) => {
  const { app, publish, minutes, rows } = stage
  twilio.failNext(1, { status: 429, body: { code: 20429 }, headers: { 'retry-after': '40' } })
  await publish()
  await minutes(2)
  expect(await rows()).toMatchObject([{ state: 'sent', twice: 0, reason: null }])
  const starts = await app.db.selectFrom('attempt').select('startedAt').orderBy('number').execute()
  const [first, second] = starts.map(({ startedAt }) => Date.parse(startedAt))
  expect(second! - first!).toBeGreaterThanOrEqual(40 * secondMs)
})

/** A text to one person in the same words as any other. */
const directly = (app: App) =>
  app.db.transaction().execute((trx) =>
    sendDirect(app, trx, {
      kind: 'confirmation',
      channel: 'sms',
      subscriberId: 'somebody0000',
      address: number,
      locale: 'en',
      message: { text: 'The same words.' },
    }),
  )

tell('two with the same words to the same number are two messages in the list', async ({ app, minutes, rows }) => {
  await subscribe(app, [{ channel: 'sms', address: number }])
  twilio.failNext(2, 'reset-after-accept')
  await directly(app)
  await directly(app)
  await minutes(30)
  expect(twilio.sent).toHaveLength(2)
  const ids = (await rows()).map(({ providerId }) => providerId)
  expect(new Set(ids)).toEqual(new Set(twilio.sent.map(({ sid }) => sid)))
})

tell(
  'one that is torn where it is stored is asked about by nobody, and all others are',
  async ({ app, minutes, rows }) => {
    await subscribe(app, [
      { channel: 'sms', address: number },
      { channel: 'sms', address: '+8613900000002' },
    ])
    orders.push('reset-after', 'reset-after')
    await ordersDown(app, await openServices(app))
    await minutes(1)
    const [torn] = await app.db.selectFrom('batch').select('id').orderBy('id').execute()
    await app.db.updateTable('batch').set({ bytes: 'torn' }).where('id', '=', torn!.id).execute()
    await minutes(10)
    expect((await rows()).map(({ state }) => state).sort()).toEqual(['sent', 'unknown'])
  },
)

tell('one message in the list is never taken for two', async ({ app, minutes, callback }) => {
  await app.db.updateTable('subscriber').set({ id: 'somebody0000' }).execute()
  await subscribe(app, [{ channel: 'sms', address: number }])
  await app.db.updateTable('subscriber').set({ id: 'somebody0000' }).execute()
  twilio.failNext(1, 'reset')
  twilio.failNext(1, 'reset-after-accept')
  await directly(app)
  await directly(app)
  await minutes(3)
  const states = async () =>
    (await app.db.selectFrom('delivery').select('state').orderBy('state').execute()).map(({ state }) => state)
  expect(await states()).toEqual(['sent', 'unknown'])
  // Whichever of the two it was given to, its callback names the one it belongs to, and the other is unknown.
  await callback(twilio.sent[0]!, 'delivered')
  expect(await states()).toEqual(['delivered', 'unknown'])
  const owners = await app.db
    .selectFrom('delivery')
    .select('id')
    .where('providerId', '=', twilio.sent[0]!.sid)
    .execute()
  expect(owners).toHaveLength(1)
})
