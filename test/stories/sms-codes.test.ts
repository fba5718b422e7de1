import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { answerError, newRouter } from '#api/http/router.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import { minuteMs, secondMs } from '#api/lib/time.ts'
import { hookRoutes } from '#api/notices/hook-routes.ts'
import { smsTemplate } from '#api/notices/update-sms.ts'
import { workOnce } from '#api/notices/work.ts'
import { type Stage, story } from '../support/story.ts'
import { lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import type { Fault } from '../wire/server.ts'
import { openTwilio, twilioEnv, type WireSms } from '../wire/twilio.ts'

let fault: (n: number) => Fault | null = () => null
const twilio = await openTwilio({ faults: ({ n }) => fault(n) })
afterAll(() => twilio.close())
beforeEach(() => {
  twilio.sent.length = 0
  twilio.heal()
  fault = () => null
})
const number = '+8613900000001'
const tell = (promise: string, act: (stage: Stage) => Promise<void>, env: Record<string, string> = {}) =>
  story(
    promise,
    async (stage) => {
      twilio.now = () => new Date(stage.clock.now())
      await act(stage)
    },
    { ...twilioEnv(twilio), ...env },
  )

async function callback(app: App, sms: WireSms, status: string, more: Record<string, string> = {}): Promise<void> {
  const router = newRouter()
  router.onError((error, c) => answerError(error, c, app.log))
  router.route('/', hookRoutes(app))
  const { path, body, headers } = twilio.callback(sms, status, more)
  expect((await router.request(path, { method: 'POST', body, headers })).status).toBe(204)
}
const undelivered = (app: App, sms: WireSms, ErrorCode: string) => callback(app, sms, 'undelivered', { ErrorCode })
const rows = (app: App) =>
  app.db.selectFrom('delivery').select(['state', 'reason', 'possibleDuplicate as twice']).orderBy('createdAt').execute()
const person = { channel: 'sms' as const, address: number }

tell('a phone that was off is tried once more, five minutes later, with the rest of the half hour', async (stage) => {
  const { app, clock } = stage
  await subscribe(app, [person])
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  await undelivered(app, twilio.sent[0]!, '30003')
  expect((await rows(app))[0]).toMatchObject({ state: 'delayed', twice: 0 })
  await callback(app, twilio.sent[0]!, 'failed', { ErrorCode: '30003' })
  await workFor(app, clock, 4 * minuteMs)
  expect(twilio.sent).toHaveLength(1)
  await workFor(app, clock, 2 * minuteMs)
  const again = twilio.sent[1]!
  expect(Number(again.validityPeriod)).toBeLessThanOrEqual(25 * 60)
  await undelivered(app, again, '30003')
  await workFor(app, clock, 60 * minuteMs)
  expect(twilio.sent).toHaveLength(2)
  expect(await rows(app)).toEqual([
    { state: 'failed', reason: 'twilio 30003: the phone was off or out of reach', twice: 0 },
  ])
  expect(await app.db.selectFrom('suppression').selectAll().execute()).toEqual([])
})

tell('a number that nobody answers for three notices in a row is closed', async ({ app, clock }) => {
  await subscribe(app, [person])
  const services = await openServices(app)
  for (let notices = 0; notices < 3; notices++) {
    expect(await app.db.selectFrom('suppression').selectAll().execute()).toEqual([])
    const incident = await ordersDown(app, services)
    for (const _ of [1, 2]) {
      await workFor(app, clock, 6 * minuteMs)
      await undelivered(app, twilio.sent.at(-1)!, '30003')
    }
    await publishUpdate(app, lin, incident.id, { status: 'resolved', body: words('Over.', '已恢复。'), notify: false })
    clock.move(2 * 60 * minuteMs)
  }
  expect(twilio.sent).toHaveLength(6)
  expect(await app.db.selectFrom('suppression').select(['address', 'reason']).execute()).toEqual([
    { address: number, reason: 'twilio 30003: the phone was off or out of reach, 3 notices in a row' },
  ])
})

tell('an account that may not send stops the channel, though each message was taken first', async ({ app, clock }) => {
  await subscribe(app, [person])
  const services = await openServices(app)
  await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  await undelivered(app, twilio.sent[0]!, '30034')
  const state = await app.db.selectFrom('channelState').selectAll().executeTakeFirstOrThrow()
  expect(state).toMatchObject({
    channel: 'sms',
    stoppedReason: 'twilio 30034: the sender is not registered (A2P 10DLC)',
  })
  expect((await rows(app))[0]?.state).toBe('failed')
})

tell(
  'a callback of what was sent since shows that a stopped provider takes messages: the others wait for no probe',
  async ({ app, clock }) => {
    await subscribe(app, [person, { ...person, address: '+8613900000002' }, { ...person, address: '+8613900000003' }])
    twilio.failNext(1, { status: 401, body: { code: 20003 } })
    await ordersDown(app, await openServices(app))
    await workFor(app, clock, minuteMs)
    expect((await app.db.selectFrom('channelState').selectAll().executeTakeFirstOrThrow()).stoppedAt).not.toBeNull()
    twilio.failNext(1, 'reset-after-accept')
    clock.move(15 * minuteMs)
    while (!twilio.sent.length) await workOnce(app)
    expect((await rows(app)).map(({ state }) => state).sort()).toEqual(['queued', 'queued', 'unknown'])
    await callback(app, twilio.sent[0]!, 'delivered')
    await workFor(app, clock, 20 * secondMs)
    expect(twilio.sent).toHaveLength(3)
  },
)

tell('a full queue is tried again, at once and after it was taken', async ({ app, clock }) => {
  await subscribe(app, [person])
  twilio.failNext(1, { status: 400, body: { code: 21611 } })
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, minuteMs)
  expect(twilio.sent).toHaveLength(1)
  await undelivered(app, twilio.sent[0]!, '30001')
  await workFor(app, clock, 2 * minuteMs)
  expect(twilio.sent).toHaveLength(2)
  await callback(app, twilio.sent[1]!, 'delivered')
  expect(await rows(app)).toMatchObject([{ state: 'delivered', twice: 0 }])
})

tell('STOP at Twilio closes the number here too', async ({ app, clock }) => {
  await subscribe(app, [{ channel: 'sms', address: '+8613972161000' }])
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  expect(await rows(app)).toMatchObject([{ state: 'suppressed' }])
  const { closedAt } = await app.db.selectFrom('subscriber').select('closedAt').executeTakeFirstOrThrow()
  expect(closedAt).not.toBeNull()
})

const sid = (digit: string) => `HX${digit.repeat(32)}`
tell(
  'with a template the provider gets its id and the parameters, and the reader the same words',
  async ({ app, clock }) => {
    twilio.templates.set(sid('a'), smsTemplate('failing', 'zh-CN'))
    await subscribe(app, [
      { ...person, locale: 'zh-CN' },
      { ...person, address: '+8613900000002', locale: 'en' },
    ])
    fault = (n) => (n === 1 ? 'reset-after' : null)
    await ordersDown(app, await openServices(app), { code: '1107' })
    await workFor(app, clock, 5 * minuteMs)
    const [chinese] = twilio.smsTo(number)
    expect(chinese).toMatchObject({
      contentSid: sid('a'),
      body: '【禾舟商云】下单、支付自20:02起异常，正紧急处理。20:23前更新：status.hezhou.example/i/1107',
    })
    // No template was agreed in English, so the text itself goes.
    const [english] = twilio.smsTo('+8613900000002')
    expect([english?.contentSid, english?.body]).toEqual([null, expect.stringContaining('[Hezhou] Order placement')])
    // The one whose answer was lost was found in the list.
    expect(twilio.sent).toHaveLength(2)
    expect((await rows(app)).map(({ state }) => state)).toEqual(['sent', 'sent'])
  },
  { TWILIO_CONTENT_SIDS: `failing/zh-CN=${sid('a')}` },
)

/** A small generator of chance with a seed (mulberry32), so that a failing run can be had again. */
function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

tell(
  'in any weather nobody is lost in silence, and whoever may hear twice is marked',
  async ({ app, clock, engine }) => {
    const chance = chanceOf(engine === 'sqlite' ? 7 : 8)
    const weather: [Fault, number][] = [
      ['429', 0.1],
      ['500', 0.1],
      ['reset', 0.1],
      ['reset-after', 0.15],
      ['cut', 0.05],
    ]
    fault = () => {
      let dice = chance()
      for (const [kind, share] of weather) {
        if (dice < share) return kind
        dice -= share
      }
      return null
    }
    // A list that lags makes some be sent once more that had been taken.
    const hidden = new Map<string, boolean>()
    twilio.shows = ({ sid }) => {
      if (!hidden.has(sid)) hidden.set(sid, chance() < 0.3)
      return !hidden.get(sid)
    }
    const numbers = Array.from({ length: 24 }, (_, i) => `+861390001${String(i).padStart(4, '0')}`)
    await subscribe(
      app,
      numbers.map((address) => ({ channel: 'sms' as const, address })),
    )
    await ordersDown(app, await openServices(app))
    const told = new Set<string>()
    for (let minutes = 0; minutes < 40; minutes += 2) {
      await workFor(app, clock, 2 * minuteMs)
      // Callbacks come late, twice, out of order, and a third of them never.
      for (const sms of twilio.sent) {
        if (told.has(sms.sid) || chance() < 0.5) continue
        told.add(sms.sid)
        if (chance() < 0.33) continue
        const words = chance() < 0.5 ? ['delivered', 'sent', 'delivered'] : ['sent', 'delivered', 'sent']
        for (const status of words) await callback(app, sms, status)
      }
    }
    await workFor(app, clock, 180 * minuteMs)
    twilio.shows = () => true
    const ledger = await app.db.selectFrom('delivery').selectAll().execute()
    expect(ledger).toHaveLength(numbers.length)
    for (const row of ledger) {
      const messages = twilio.smsTo(row.address)
      const said = { address: row.address, state: row.state, twice: row.possibleDuplicate, messages: messages.length }
      if (messages.length > 1) expect(said).toMatchObject({ twice: 1, messages: 2 })
      if (row.state === 'sent' || row.state === 'delivered') expect(said.messages).toBeGreaterThan(0)
      if (row.providerId) expect(messages.map(({ sid }) => sid)).toContain(row.providerId)
      expect([row.state, row.state === 'unknown' ? row.reason?.slice(0, 12) : 'known']).toEqual([
        expect.stringMatching(/^(sent|delivered|unknown)$/),
        row.state === 'unknown' ? 'nobody knows' : 'known',
      ])
    }
    const ids = ledger.flatMap(({ providerId }) => providerId ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    expect(ledger.some(({ possibleDuplicate }) => possibleDuplicate === 1)).toBe(true)
  },
)
