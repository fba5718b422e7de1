import { afterAll, beforeEach, expect } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import type { DeliveryState } from '#api/db/schema.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { tryDeliveryAgain } from '#api/notices/again-actions.ts'
import { expandNext, takeAnnounced } from '#api/notices/expand.ts'
import { foldAway } from '#api/notices/fold.ts'
import { hold, releaseNotice } from '#api/notices/held.ts'
import { foldReceipts } from '#api/notices/receipts.ts'
import { newEndpoint } from '#api/subscribers/endpoint.ts'
import { askAs } from '../support/asked.ts'
import { story } from '../support/story.ts'
import { lin, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

const resend = await openResend()
const twilio = await openTwilio()
afterAll(() => Promise.all([resend.close(), twilio.close()]))
beforeEach(() => {
  resend.batches.length = 0
  twilio.sent.length = 0
  resend.heal()
  twilio.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, { ...resendEnv(resend), ...twilioEnv(twilio) })

const end = (app: App, address: string, state: DeliveryState, reason: string) =>
  app.db.updateTable('delivery').set({ state, reason, updatedAt: app.now() }).where('address', '=', address).execute()

tell(
  'the same is answered for a webhook and a chat, by the address its owner gave, and it is never shown whole',
  async ({ app, clock }) => {
    const typed = {
      webhook: 'https://shop.example/hooks/1f9c',
      slack: 'https://hooks.slack.example/services/T0/B0/77aa',
    }
    // Whoever searches does not say of which kind it is.
    const kept = app.channels.find(({ name }) => name === 'webhook')!.parse
    await subscribe(
      app,
      (['webhook', 'slack'] as const).map((channel) => ({ channel, address: kept(typed[channel]) })),
    )
    for (const { id } of await app.db.selectFrom('subscriber').select('id').execute())
      await app.db
        .insertInto('endpoint')
        .values(newEndpoint(id, 'ops@shop.example', null))
        .execute()
    const incident = await ordersDown(app, await openServices(app))
    await workFor(app, clock, secondMs)
    const comms = await askAs(app, 'comms')
    for (const channel of ['webhook', 'slack'] as const) {
      const { json, text } = await comms('GET', `/deliveries?address=${encodeURIComponent(typed[channel])}`)
      const address = `…${typed[channel].slice(-4)}`
      expect(json.standing).toMatchObject([{ channel, address, subscriber: { closedAt: null }, suppressed: null }])
      expect(json.data).toMatchObject([{ incidentId: incident.id, channel, address, state: 'sent' }])
      expect(json.data[0].moments).toMatchObject([{ what: 'written' }, { what: 'attempt', state: 'sent' }])
      expect(text).not.toContain('sealed:')
    }
    expect((await comms('GET', '/deliveries?address=https%3A%2F%2Fshop.example%2Fhooks%2F0000')).json.data).toEqual([])
  },
)

tell(
  '"was this customer told?": an address in any notation, each message and what became of it',
  async ({ app, clock }) => {
    const services = await openServices(app)
    await subscribe(app, [{ address: 'wang@mail.example' }, { channel: 'sms', address: '+8613800138000' }])
    const incident = await ordersDown(app, services)
    await workFor(app, clock, secondMs)
    const comms = await askAs(app, 'comms')
    const delivery = await app.db
      .selectFrom('delivery')
      .selectAll()
      .where('channel', '=', 'email')
      .executeTakeFirstOrThrow()
    clock.move(minuteMs)
    const event = { eventId: 'e1', deliveryId: null, providerId: delivery.providerId, reason: null }
    const email = app.channels.find(({ name }) => name === 'email')!
    await foldReceipts(app, email, [{ ...event, state: 'delivered' }])
    const { json } = await comms('GET', `/deliveries?address=${encodeURIComponent(' Wang@Mail.Example')}`)
    expect(json.data).toMatchObject([
      { incidentId: incident.id, updateNumber: 1, channel: 'email', address: 'wang@mail.example', state: 'delivered' },
    ])
    expect(json.data[0].moments.map(({ what, state }: { what: string; state: string }) => [what, state])).toEqual([
      ['written', null],
      ['attempt', 'sent'],
      ['receipt', 'delivered'],
    ])
    expect(json.standing).toMatchObject([{ channel: 'email', subscriber: { closedAt: null }, suppressed: null }])
    for (const notation of ['138 0013 8000', '+86 (138) 0013-8000', '008613800138000'])
      expect(
        (await comms('GET', `/deliveries?address=${encodeURIComponent(notation)}`)).json.data,
        notation,
      ).toHaveLength(1)
    const inIncident = await comms('GET', `/incidents/${incident.id}/deliveries?address=138%200013%208000`)
    expect(inIncident.json.data).toMatchObject([{ channel: 'sms', address: '+8613800138000' }])
    expect((await comms('GET', '/deliveries?address=nobody@mail.example')).json).toMatchObject({
      standing: [],
      data: [],
    })

    const viewer = await askAs(app, 'viewer')
    expect((await viewer('GET', '/deliveries?address=wang@mail.example')).status).toBe(403)
    expect((await viewer('GET', `/incidents/${incident.id}/deliveries?address=wang@mail.example`)).status).toBe(403)
  },
)

tell('a bounce that was mended is lifted by the staff; STOP is not theirs to lift', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [{ address: 'wang@mail.example' }, { channel: 'sms', address: '+6581234567' }])
  await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  const [mail, text] = await app.db.selectFrom('delivery').selectAll().orderBy('channel').execute()
  const [email, sms] = ['email', 'sms'].map((name) => app.channels.find((channel) => channel.name === name)!)
  clock.move(secondMs)
  const gone = { state: 'bounced', closesAddress: true } as const
  await foldReceipts(app, email!, [
    { eventId: 'b', deliveryId: mail!.id, providerId: mail!.providerId, reason: 'bounced: Permanent/General', ...gone },
  ])
  await foldReceipts(app, sms!, [
    { eventId: 's', deliveryId: text!.id, providerId: text!.providerId, reason: 'twilio 21610', ...gone },
  ])
  const comms = await askAs(app, 'comms')
  const search = async (address: string) =>
    (await comms('GET', `/deliveries?address=${encodeURIComponent(address)}`)).json
  const found = await search('wang@mail.example')
  expect(found.standing).toMatchObject([
    { suppressed: { reason: 'bounced: Permanent/General', createdAt: app.now() }, liftable: true },
  ])
  await expect(tryDeliveryAgain(app, lin, mail!.id)).rejects.toThrow('bounced')
  expect((await (await askAs(app, 'viewer'))('DELETE', `/subscribers/${mail!.subscriberId}/suppression`)).status).toBe(
    403,
  )
  expect((await comms('DELETE', `/subscribers/${mail!.subscriberId}/suppression`)).status).toBe(204)
  expect((await comms('DELETE', `/subscribers/${mail!.subscriberId}/suppression`)).status).toBe(404)
  expect((await search('wang@mail.example')).standing).toMatchObject([
    { suppressed: null, subscriber: { closedAt: null, closedReason: null } },
  ])
  clock.move(secondMs)
  expect((await comms('POST', `/deliveries/${mail!.id}/attempts`)).status).toBe(201)
  clock.move(secondMs)
  await workFor(app, clock, minuteMs)
  expect(resend.mailTo('wang@mail.example')).toHaveLength(2)
  expect((await search('wang@mail.example')).data[0].moments.map(({ what }: { what: string }) => what)).toEqual([
    'written',
    'attempt',
    'receipt',
    'ended',
    'asked',
    'attempt',
  ])
  expect((await search('+6581234567')).standing).toMatchObject([{ liftable: false }])
  expect((await comms('DELETE', `/subscribers/${text!.subscriberId}/suppression`)).status).toBe(409)
  const audit = await app.db.selectFrom('audit').select('subjectId').where('action', '=', 'address.restored').execute()
  expect(audit).toEqual([{ subjectId: mail!.subscriberId }])
})

tell('the ledger says how many are where, why, how fast it goes, and when it ends', async ({ app, clock }) => {
  const services = await openServices(app)
  const addresses = Array.from({ length: 40 }, (_, i) => `reader${i}@mail.example`)
  await subscribe(
    app,
    addresses.map((address) => ({ address })),
  )
  const incident = await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  await app.db.updateTable('delivery').set({ state: 'queued' }).execute()
  const comms = await askAs(app, 'comms')
  const read = async () => (await comms('GET', `/incidents/${incident.id}/deliveries?limit=1`)).json
  expect((await read()).progress).toEqual({ email: { total: 40, waiting: 40, perMinute: null, endsAt: null } })
  clock.move(30 * secondMs)
  await app.db.updateTable('delivery').set({ state: 'sent' }).where('address', 'in', addresses.slice(0, 10)).execute()
  expect((await read()).progress).toEqual({
    email: { total: 40, waiting: 30, perMinute: 20, endsAt: '2026-11-11T12:10:01.000Z' },
  })
  for (const address of addresses.slice(10, 13)) await end(app, address, 'failed', `No MX for ${address}.`)
  await end(app, addresses[13]!, 'superseded', 'by update 2')
  const { reasons, counts } = await read()
  expect(counts.email).toMatchObject({ total: 40, failed: 3, superseded: 1 })
  const updateId = incident.updates[0]!.id
  expect(reasons).toEqual([
    { updateId, channel: 'email', state: 'failed', reason: 'No MX for ….', count: 3, again: true },
    { updateId, channel: 'email', state: 'superseded', reason: 'by update 2', count: 1, again: false },
  ])
})

tell(
  'the ledger goes out as a file that no spreadsheet runs, masked for viewers, and the audit says so',
  async ({ app, clock }) => {
    const services = await openServices(app)
    await subscribe(app, [
      { address: '=cmd@mail.example', locale: 'zh-CN' },
      { channel: 'sms', address: '+6581234567' },
      ...Array.from({ length: 510 }, (_, i) => ({ address: `reader${i}@mail.example` })),
    ])
    const incident = await ordersDown(app, services)
    await workFor(app, clock, hourMs)
    await end(app, '=cmd@mail.example', 'failed', 'No MX for =cmd@mail.example, 拒绝')
    const path = `/incidents/${incident.id}/deliveries.csv`
    const whole = await (await askAs(app, 'legal'))('GET', path)
    expect(whole.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const { text } = await (await askAs(app, 'comms'))('GET', `${path}?update=${incident.updates[0]!.id}`)
    const lines = text.split('\r\n')
    expect(text.startsWith('\uFEFF"update","channel","address"')).toBe(true)
    expect(lines).toHaveLength(512 + 2)
    expect(new Set(lines).size).toBe(lines.length)
    expect(text).toContain('"1","email","\'=cmd@mail.example","zh-CN","failed","No MX for =cmd@mail.example, 拒绝","1"')
    expect(text).toContain('"sms","\'+6581234567","en","sent"')
    expect(whole.text.split('\r\n')).toHaveLength(512 + 2)
    expect(whole.text).not.toMatch(/cmd@|81234567/)
    expect(whole.text).toContain('"\'=***@mail.example","zh-CN","failed","No MX for =***@mail.example, 拒绝"')
    const audit = await app.db.selectFrom('audit').selectAll().where('action', '=', 'deliveries.exported').execute()
    expect(audit.map(({ subjectId, after }) => [subjectId, JSON.parse(after!).masked])).toEqual([
      [incident.id, true],
      [incident.id, false],
    ])
    expect((await (await askAs(app, 'comms'))('GET', '/incidents/aaaaaaaaaaaa/deliveries.csv')).status).toBe(404)
  },
)

tell('what needs a person is called, tried again, or left once somebody has looked', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'wang@mail.example' },
    { address: 'smith@mail.example' },
    { channel: 'sms', address: '+6581234567' },
  ])
  const comms = await askAs(app, 'comms')
  const alarms = async () => (await comms('GET', '/alarms')).json
  expect(await alarms()).toEqual({ channels: [], held: [], deliveries: [], endpoints: [], pages: [], mirrors: [] })
  const incident = await ordersDown(app, services)
  resend.failNext(1, { status: 401, body: { statusCode: 401, name: 'invalid_api_key', message: 'Wrong key.' } })
  await workFor(app, clock, minuteMs)
  expect((await alarms()).channels).toMatchObject([
    { account: 'email', provider: 'resend', meanwhile: null, reason: expect.stringContaining('invalid_api_key') },
  ])
  const requests = resend.requests()
  const viewer = await askAs(app, 'viewer')
  expect((await viewer('POST', '/channels/email/attempts')).status).toBe(403)
  expect((await comms('POST', '/channels/email/attempts')).status).toBe(204)
  await workFor(app, clock, secondMs)
  expect(resend.requests()).toBeGreaterThan(requests)
  expect((await alarms()).channels).toEqual([])
  expect((await comms('POST', '/channels/email/attempts')).status).toBe(409)

  await end(app, 'wang@mail.example', 'failed', 'over quota')
  await end(app, '+6581234567', 'unknown', 'the answer was lost')
  const { deliveries } = await alarms()
  expect(deliveries).toMatchObject([
    { incidentId: incident.id, updateNumber: 1, state: expect.any(String), count: 1 },
    { incidentId: incident.id, updateNumber: 1, count: 1 },
  ])
  const failed = { update: incident.updates[0]!.id, channel: 'email', state: 'failed', reason: 'over quota' }
  expect((await comms('POST', `/incidents/${incident.id}/attempts`, failed)).json).toEqual({ tried: 1 })
  expect((await comms('POST', `/incidents/${incident.id}/attempts`, failed)).json).toEqual({ tried: 0 })
  expect((await viewer('POST', `/incidents/${incident.id}/attempts`, failed)).status).toBe(403)
  expect((await alarms()).deliveries).toMatchObject([{ state: 'unknown', channel: 'sms' }])
  clock.move(1)
  expect((await comms('POST', `/notices/${deliveries[0].noticeId}/seen`)).status).toBe(204)
  expect((await alarms()).deliveries).toEqual([])
  clock.move(1)
  await end(app, 'smith@mail.example', 'failed', 'over quota')
  expect((await alarms()).deliveries).toMatchObject([{ state: 'failed', count: 1 }])
  clock.move(8 * dayMs)
  expect((await alarms()).deliveries).toEqual([])
})

tell('an SMS that nobody can look up any more, because SMS was switched off, is called to somebody', async (stage) => {
  const { app, clock, env } = stage
  await subscribe(app, [{ channel: 'sms', address: '+6581234567' }])
  twilio.failNext(1, 'reset-after-accept')
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  await app.db.updateTable('batch').set({ nextLookAt: clock.now() }).where('state', '=', 'unknown').execute()
  const called = async (one: typeof app) => (await (await askAs(one, 'comms'))('GET', '/alarms')).json.deliveries
  expect(await called(app)).toEqual([])
  const { TWILIO_ACCOUNT_SID: _, ...without } = env
  const later = openApp(readConfig(without, 'test'), { clock })
  try {
    expect(await called(later)).toMatchObject([{ channel: 'sms', state: 'unknown', count: 1 }])
  } finally {
    await later.close()
  }
})

tell('the one message that is held or fails is called to somebody, like any other', async ({ app, clock }) => {
  await subscribe(app, [{ address: 'smith@mail.example' }])
  await ordersDown(app, await openServices(app))
  await takeAnnounced(app)
  await expandNext(app)
  const rows = await app.db.selectFrom('delivery').selectAll().execute()
  await app.db.transaction().execute((trx) => foldAway(trx, app.now(), 'email', rows))
  const desk = await askAs(app, 'comms')
  const alarms = async () => (await desk('GET', '/alarms')).json
  const fold = await app.db.selectFrom('notice').selectAll().where('foldKey', 'is not', null).executeTakeFirstOrThrow()
  await hold(app, fold, 'too many bounced')
  const title = { en: 'Several updates in one message', 'zh-CN': '合并成一条的多次进展' }
  expect((await alarms()).held).toMatchObject([{ noticeId: fold.id, incidentId: null, title }])
  await releaseNotice(app, lin, fold.id)
  resend.failNext(1, { status: 451, body: { statusCode: 451, name: 'security_error', message: 'no' } })
  await workFor(app, clock, 20 * minuteMs)
  expect((await alarms()).deliveries).toMatchObject([{ noticeId: fold.id, title, state: 'failed', count: 1 }])
  expect((await desk('POST', `/notices/${fold.id}/seen`)).status).toBe(204)
  expect((await alarms()).deliveries).toEqual([])
})
