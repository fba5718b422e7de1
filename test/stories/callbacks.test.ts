import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { answerError, newRouter } from '#api/http/router.ts'
import { minuteMs, secondMs } from '#api/lib/time.ts'
import { foldReceipts } from '#api/notices/receipts.ts'
import { noticeRoutes } from '#api/notices/routes.ts'
import { story } from '../support/story.ts'
import { ledger, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

const resend = await openResend()
const twilio = await openTwilio()
afterAll(() => Promise.all([resend.close(), twilio.close()]))
beforeEach(() => {
  resend.batches.length = 0
  twilio.sent.length = 0
})
const env = {
  ...resendEnv(resend),
  ...twilioEnv(twilio),
  RESEND_WEBHOOK_SECRET: `whsec_${Buffer.from('the secret before').toString('base64')},${resend.webhookSecret}`,
}
const tell: typeof story = (promise, act) => story(promise, act, env)

/** The routes as the program serves them, asked by somebody with these roles. */
function door(app: App, roles: string[] = ['comms']) {
  const router = newRouter()
  router.onError((error, c) => answerError(error, c, app.log))
  router.use(async (c, next) => {
    c.set('actor', { id: 'somebody', roles })
    await next()
  })
  router.route('/', noticeRoutes(app))
  const post = (path: string, { body, headers }: { body: string; headers: Record<string, string> }) =>
    router.request(path, { method: 'POST', body, headers })
  return { get: (path: string) => router.request(path), post }
}

const state = async (app: App, address: string) => (await ledger(app)).find(({ to }) => to === address)?.state

tell('receipts are folded in once, by rank, whatever their order', async ({ app, clock }) => {
  await subscribe(app, [{ address: 'wang@mail.example' }])
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  const [mail] = resend.mails()
  const data = {
    email_id: mail!.id,
    to: [mail!.to],
    tags: Object.fromEntries(mail!.tags.map(({ name, value }) => [name, value])),
  }
  const { post } = door(app)
  const call = async (type: string, more: object = {}, id?: string) =>
    (await post('/hooks/resend', resend.callback(type, { ...data, ...more }, id))).status
  expect(await call('email.delivered')).toBe(204)
  expect(await state(app, 'wang@mail.example')).toBe('delivered')
  expect(await call('email.delivery_delayed')).toBe(204)
  expect(await call('email.sent')).toBe(204)
  expect(await state(app, 'wang@mail.example')).toBe('delivered')
  expect(await call('email.bounced', { bounce: { type: 'Permanent', subType: 'General' } }, 'msg_1')).toBe(204)
  expect(await call('email.bounced', { bounce: { type: 'Permanent', subType: 'General' } }, 'msg_1')).toBe(204)
  expect(await state(app, 'wang@mail.example')).toBe('bounced')
  const suppressed = await app.db.selectFrom('suppression').select(['address', 'reason', 'source']).execute()
  expect(suppressed).toEqual([{ address: 'wang@mail.example', reason: 'bounced: Permanent/General', source: 'resend' }])
  const closed = await app.db.selectFrom('subscriber').select('closedReason').executeTakeFirst()
  expect(closed?.closedReason).toBe('bounced: Permanent/General')
})

const readers = (count: number) => Array.from({ length: count }, (_, i) => ({ address: `reader${i}@mail.example` }))
const mail = (app: App) => app.channels.find(({ name }) => name === 'email')!

tell('callbacks that arrive at the same moment never take a delivery back', async ({ app, clock }) => {
  await subscribe(app, readers(80))
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  const sent = await app.db.selectFrom('delivery').select('id').execute()
  const fold = (deliveryId: string, state: 'bounced' | 'delivered' | 'delayed') =>
    foldReceipts(app, mail(app), [
      { eventId: `${deliveryId}-${state}`, deliveryId, providerId: null, state, reason: state },
    ])
  const states = ['delayed', 'bounced', 'delivered'] as const
  await Promise.all(sent.flatMap(({ id }) => states.map((state) => fold(id, state))))
  expect(sent).toHaveLength(80)
  expect(new Set((await ledger(app)).map(({ state }) => state))).toEqual(new Set(['bounced']))
})

tell('a batch that was held is final once all of it has announced itself, at the same moment too', async (stage) => {
  const { app, clock } = stage
  await subscribe(app, readers(20))
  const body = { statusCode: 409, name: 'invalid_idempotent_request', message: 'Other bytes.' }
  resend.failNext(1, { status: 409, body })
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  const held = await app.db.selectFrom('delivery').select(['id', 'state']).execute()
  expect(held.map(({ state }) => state)).toEqual(Array(20).fill('unknown'))
  const fold = (id: string) =>
    foldReceipts(app, mail(app), [
      { eventId: id, deliveryId: id, providerId: `re_${id}`, state: 'delivered', reason: null },
    ])
  await Promise.all(held.map(({ id }) => fold(id)))
  expect(await app.db.selectFrom('batch').select(['state', 'bytes']).execute()).toEqual([
    { state: 'final', bytes: null },
  ])
})

tell('an address that the provider suppressed is closed without a delivery of ours', async ({ app }) => {
  await subscribe(app, [{ address: 'wang@mail.example' }])
  const event = resend.callback('suppression.added', { email: 'Wang@mail.example', origin: 'complaint' })
  expect((await door(app).post('/hooks/resend', event)).status).toBe(204)
  const closed = await app.db.selectFrom('subscriber').select('closedAt').executeTakeFirst()
  expect(closed?.closedAt).not.toBeNull()
})

tell('a callback without the right signature is refused', async ({ app }) => {
  const { post } = door(app)
  const { body, headers } = resend.callback('email.delivered', {})
  expect((await post('/hooks/resend', { body: `${body} `, headers })).status).toBe(403)
  expect((await post('/hooks/resend', { body, headers: {} })).status).toBe(403)
  const stale = { ...headers, 'svix-timestamp': String(Math.floor(Date.now() / 1000) - 600) }
  expect((await post('/hooks/resend', { body, headers: stale })).status).toBe(403)
  expect(
    (await post('/hooks/twilio/status', { body: 'MessageSid=SM1&MessageStatus=delivered', headers: {} })).status,
  ).toBe(403)
})

tell('an SMS whose answer was lost announces itself by its callback', async ({ app, clock }) => {
  await subscribe(app, [{ channel: 'sms', address: '+8613900000001' }])
  twilio.failNext(1, 'reset-after-accept')
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, minuteMs)
  expect(await state(app, '+8613900000001')).toBe('unknown')
  const [sms] = twilio.sent
  const { post } = door(app)
  const call = async (status: string, more: Record<string, string> = {}) => {
    const { path, body, headers } = twilio.callback(sms!, status, more)
    return (await post(path, { body, headers })).status
  }
  expect(await call('sent')).toBe(204)
  expect(await state(app, '+8613900000001')).toBe('sent')
  expect(await call('delivered')).toBe(204)
  expect(await call('sent')).toBe(204)
  expect(await state(app, '+8613900000001')).toBe('delivered')
  expect(twilio.sent).toHaveLength(1)
  const batch = await app.db.selectFrom('batch').select(['state', 'bytes']).executeTakeFirst()
  expect(batch).toEqual({ state: 'final', bytes: null })
})

tell('a number that the network condemns is closed', async ({ app, clock }) => {
  await subscribe(app, [{ channel: 'sms', address: '+8613900000001' }])
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  const { path, body, headers } = twilio.callback(twilio.sent[0]!, 'undelivered', { ErrorCode: '30005' })
  expect((await door(app).post(path, { body, headers })).status).toBe(204)
  expect(await state(app, '+8613900000001')).toBe('failed')
  expect(await app.db.selectFrom('suppression').select('reason').execute()).toEqual([
    { reason: 'twilio 30005: nobody has this number' },
  ])
})

tell('staff read the ledger with counts and pages; a viewer sees masked addresses', async ({ app, clock }) => {
  await subscribe(
    app,
    Array.from({ length: 7 }, (_, i) => ({ address: `reader${i}@mail.example` })),
  )
  const incident = await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  const read = async (query: string, roles?: string[]) =>
    (await door(app, roles).get(`/api/v1/incidents/${incident.id}/deliveries${query}`)).json() as Promise<{
      counts: Record<string, Record<string, number>>
      data: { id: string; address: string; state: string }[]
      next: string | null
      finding: boolean
    }>
  const first = await read('?limit=5')
  expect(first.counts).toEqual({ email: { total: 7, sent: 7 } })
  expect(first.finding).toBe(false)
  expect(first.data).toHaveLength(5)
  const second = await read(`?limit=5&cursor=${first.next}`)
  expect(second.data).toHaveLength(2)
  expect(second.next).toBeNull()
  expect(new Set([...first.data, ...second.data].map(({ address }) => address)).size).toBe(7)
  expect((await read('?address=reader3@mail.example')).data.map(({ address }) => address)).toEqual([
    'reader3@mail.example',
  ])
  expect((await read('?state=failed')).data).toEqual([])
  expect((await read('', ['viewer'])).data[0]!.address).toBe('r***@mail.example')
  expect((await door(app).get('/api/v1/incidents/aaaaaaaaaaaa/deliveries')).status).toBe(404)
  expect((await door(app).get(`/api/v1/incidents/${incident.id}/deliveries?colour=red`)).status).toBe(422)
})

story('without a provider every message lies in the letterbox, to be read by staff', async ({ app, clock }) => {
  await subscribe(app, [
    { address: 'wang@mail.example', locale: 'zh-CN' },
    { address: 'smith@mail.example' },
    { channel: 'sms', address: '+8613900000001', locale: 'zh-CN' },
  ])
  await ordersDown(app, await openServices(app), { code: '1107' })
  await workFor(app, clock, secondMs)
  const { get } = door(app)
  const list = (await (await get('/api/v1/letters')).json()) as {
    data: { id: string; address: string; subject: string }[]
  }
  expect(list.data).toHaveLength(3)
  const only = (await (await get('/api/v1/letters?address=wang')).json()) as typeof list
  expect(only.data.map(({ subject }) => subject)).toEqual(['【禾舟商云服务状态】调查中：多数商家无法提交订单。'])
  const letter = (await (await get(`/api/v1/letters/${only.data[0]!.id}`)).json()) as { html: string; headers: object }
  expect(letter.html).toContain('多数商家无法提交订单')
  expect(letter.headers).toHaveProperty('List-Unsubscribe')
  expect((await get('/api/v1/letters/nothing')).status).toBe(404)
  const page = (await (await get('/api/v1/letters?limit=2')).json()) as { data: unknown[]; next: string }
  const rest = (await (await get(`/api/v1/letters?limit=2&cursor=${page.next}`)).json()) as {
    data: unknown[]
    next: null
  }
  expect([page.data.length, rest.data.length, rest.next]).toEqual([2, 1, null])
})
