import { Webhook } from 'standardwebhooks'
import { afterAll, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import { dayMs, hourMs, minuteMs, plusMs, secondMs } from '#api/lib/time.ts'
import { localEnv, ownEndpoint } from '../support/endpoints.ts'
import { story } from '../support/story.ts'
import { door, posted } from '../support/subscribers.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openWebhook } from '../wire/webhook.ts'

const hooks = await openWebhook()
afterAll(() => hooks.close())
const tell: typeof story = (promise, act) => story(promise, act, localEnv)
let paths = 0
/** An endpoint of its own for each story and engine. */
const newPath = () => `/hook/${++paths}`
const hookRows = async (app: App) => (await ledger(app)).filter(({ channel }) => channel === 'webhook')
interface Hook {
  type: string
  version: string
  timestamp: string
  data: {
    meta: { unsubscribe: string }
    page: { id: string }
    incident: { incident_updates: { status: string; body: string }[] }
  }
}
/** Our signatures bear the real time; what is checked is the wording of Standard Webhooks, by its own package. */
const verify = (secret: string, hook: { body: string; headers: Record<string, string> }) =>
  new Webhook(secret).verify(hook.body, hook.headers) as Hook

tell('a webhook gets every update, signed, in Statuspage’s shape', async ({ app, clock }) => {
  const services = await openServices(app)
  const path = newPath()
  const own = await ownEndpoint(app, {
    channel: 'webhook',
    address: hooks.endpoint(path),
    components: [services.orders],
  })
  expect(own.secret).toMatch(/^whsec_[\w+/]{43}=$/)
  clock.move(secondMs)
  const incident = await ordersDown(app, services, { code: '1107' })
  await workFor(app, clock, secondMs)
  await publishUpdate(app, lin, incident.id, {
    status: 'identified',
    body: words('We have found the cause.', '原因已定位。'),
    nextUpdateAt: inMinutes(app, 20),
  })
  await workFor(app, clock, secondMs)
  const got = hooks.received(path)
  expect(got).toHaveLength(2)
  const [first, second] = got.map((hook) => verify(own.secret!, hook))
  expect(got.map(({ id }) => /^[a-z0-9]{12}$/.test(id))).toEqual([true, true])
  expect(first).toMatchObject({ type: 'incident.updated', version: '1', timestamp: '2026-11-11T12:08:01.000Z' })
  expect(first!.data.meta.unsubscribe).toMatch(/^https:\/\/status\.hezhou\.example\/unsubscribe\/[\w.-]+$/)
  expect(second!.data.page).toEqual({
    id: expect.stringMatching(/^[a-z0-9]{12}$/),
    status_indicator: 'critical',
    status_description: 'Major Service Outage',
  })
  expect(second!.data.incident).toMatchObject({
    id: incident.id,
    name: 'Most merchants cannot place orders.',
    status: 'identified',
    impact: 'critical',
    shortlink: 'https://status.hezhou.example/i/1107',
    resolved_at: null,
    monitoring_at: null,
    organization_id: second!.data.page.id,
  })
  expect(second!.data.incident.incident_updates.map(({ status, body }) => [status, body])).toEqual([
    ['identified', 'We have found the cause.'],
    ['investigating', 'Our engineers are investigating.'],
  ])
  expect(await hookRows(app)).toMatchObject([
    { state: 'sent', attempts: 1 },
    { state: 'sent', attempts: 1 },
  ])
})

tell('a new secret and the old one both sign for a day, then the new one alone', async ({ app, clock }) => {
  const api = door(app)
  const path = newPath()
  const own = await ownEndpoint(app, { channel: 'webhook', address: hooks.endpoint(path) })
  const test = async () => {
    expect((await api.post(`/api/v1/preferences/${own.preferences}/test`)).status).toBe(202)
    await workFor(app, clock, secondMs)
    return hooks.received(path).at(-1)!
  }
  expect(verify(own.secret!, await test())).toMatchObject({ type: 'endpoint.test' })
  const rotated = await api.post(`/api/v1/preferences/${own.preferences}/secret`)
  const { secret } = (await rotated.json()) as { secret: string }
  const both = await test()
  verify(own.secret!, both)
  verify(secret, both)
  clock.move(dayMs)
  const later = await test()
  verify(secret, later)
  expect(() => verify(own.secret!, later)).toThrow()
  expect((await api.post(`/api/v1/preferences/${own.unsubscribe}/secret`)).status).toBe(404)
})

tell('an endpoint that fails is tried by the table under one id, and holds up no other', async ({ app, clock }) => {
  const services = await openServices(app)
  const [good, bad, moved, busy] = [newPath(), newPath(), newPath(), newPath()]
  for (const path of [good, bad, moved, busy])
    await ownEndpoint(app, {
      channel: 'webhook',
      address: hooks.endpoint(path),
      owner: `o${path.slice(6)}@shop.example`,
    })
  hooks.say(bad, 500)
  hooks.say(moved, { status: 307, body: {}, headers: { location: hooks.endpoint(good) } })
  hooks.say(busy, { status: 429, body: {}, headers: { 'retry-after': '120' } })
  clock.move(secondMs)
  await ordersDown(app, services)
  await workFor(app, clock, 90 * secondMs)
  expect(hooks.received(good)).toHaveLength(1)
  expect(hooks.attempts(busy)).toHaveLength(1)
  hooks.say(busy, 204)
  await workFor(app, clock, 29 * hourMs)
  expect(hooks.attempts(bad)).toHaveLength(8)
  expect(new Set(hooks.attempts(bad).map(({ id }) => id)).size).toBe(1)
  expect(hooks.attempts(moved)).toHaveLength(8)
  expect(hooks.received(good)).toHaveLength(1)
  expect(hooks.attempts(busy)).toHaveLength(2)
  const rows = (await hookRows(app)).map(({ state, reason }) => `${state} ${reason ?? ''}`).sort()
  expect(rows).toEqual([
    'failed gave up after 8 attempts: answered 307, a redirect, which is never followed',
    'failed gave up after 8 attempts: answered 500',
    'sent ',
    'sent ',
  ])
})

tell('410 switches an endpoint off at once; its owner is told and switches it on again', async ({ app, clock }) => {
  const services = await openServices(app)
  const api = door(app)
  const path = newPath()
  const own = await ownEndpoint(app, { channel: 'webhook', address: hooks.endpoint(path), locale: 'zh-CN' })
  hooks.say(path, 410)
  clock.move(secondMs)
  const incident = await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
  expect(hooks.attempts(path)).toHaveLength(1)
  expect(await hookRows(app)).toMatchObject([{ state: 'failed', reason: 'answered 410' }])
  const told = (await app.db.selectFrom('notice').select('kind').execute()).map(({ kind }) => kind)
  expect(told).toContain('endpoint.disabled')
  const view = (await (await api.get(`/api/v1/preferences/${own.preferences}`)).json()) as object
  expect(view).toMatchObject({ active: false, endpoint: { disabled: true, owner: 'o***@shop.example' } })
  const update = (body: string) =>
    publishUpdate(app, lin, incident.id, {
      status: 'identified',
      body: words(body, body),
      nextUpdateAt: inMinutes(app, 20),
    })
  await update('Not heard.')
  await workFor(app, clock, minuteMs)
  expect(hooks.attempts(path)).toHaveLength(1)
  hooks.say(path, 204)
  expect((await api.post(`/api/v1/preferences/${own.preferences}/on`)).status).toBe(200)
  clock.move(secondMs)
  await update('Heard again.')
  await workFor(app, clock, minuteMs)
  expect(hooks.attempts(path)).toHaveLength(2)
  expect(verify(own.secret!, hooks.attempts(path).at(-1)!).data.incident.incident_updates[0]?.body).toBe('Heard again.')
})

tell('an endpoint that fails for five days is switched off, and its owner is told once', async ({ app, clock }) => {
  const services = await openServices(app)
  const path = newPath()
  await ownEndpoint(app, { channel: 'webhook', address: hooks.endpoint(path) })
  hooks.say(path, 503)
  clock.move(secondMs)
  const incident = await ordersDown(app, services)
  await workFor(app, clock, 2 * dayMs)
  const isOn = async () =>
    (await app.db.selectFrom('subscriber').select('closedAt').executeTakeFirstOrThrow()).closedAt === null
  const say = (body: string) =>
    publishUpdate(app, lin, incident.id, {
      status: 'identified',
      body: words(body, body),
      nextUpdateAt: inMinutes(app, 20),
    })
  await say('Two days on.')
  await workFor(app, clock, 5 * dayMs)
  expect(await isOn()).toBe(true)
  await say('Seven days on.')
  await workFor(app, clock, minuteMs)
  expect(await isOn()).toBe(false)
  const kinds = (await app.db.selectFrom('notice').select('kind').execute()).map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'endpoint.disabled')).toHaveLength(1)
})

tell('a stale update is left out once a newer one has arrived', async ({ app, clock }) => {
  const services = await openServices(app)
  const path = newPath()
  await ownEndpoint(app, { channel: 'webhook', address: hooks.endpoint(path) })
  clock.move(secondMs)
  const incident = await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
  hooks.say(path, 500)
  await publishUpdate(app, lin, incident.id, {
    status: 'identified',
    body: words('We know why.', '已定位原因。'),
    nextUpdateAt: plusMs(app.now(), hourMs),
  })
  await workFor(app, clock, 10 * minuteMs)
  const before = hooks.attempts(path).length
  hooks.say(path, 204)
  await publishUpdate(app, lin, incident.id, { status: 'resolved', body: words('Over.', '已恢复。') })
  await workFor(app, clock, dayMs)
  expect(hooks.attempts(path)).toHaveLength(before + 1)
  expect((await hookRows(app)).map(({ state, reason }) => [state, reason])).toEqual([
    ['sent', null],
    ['superseded', 'a newer update of the same incident has arrived'],
    ['sent', null],
  ])
})

tell('who knows an address finds out nothing, and takes nothing over', async ({ app, clock }) => {
  const api = door(app, async () => {})
  const path = newPath()
  const address = hooks.endpoint(path)
  await ownEndpoint(app, { channel: 'webhook', address })
  clock.move(minuteMs)
  const before = (await posted(app)).length
  const again = await api.post('/api/v1/subscriptions', { channel: 'webhook', address, owner: 'thief@mail.example' })
  const fresh = await api.post('/api/v1/subscriptions', {
    channel: 'webhook',
    address: hooks.endpoint(newPath()),
    owner: 'new@mail.example',
  })
  expect([again.status, await again.text()]).toEqual([fresh.status, await fresh.text()])
  const sent = (await posted(app)).slice(before).map(({ address: to, kind }) => [to, kind])
  expect(sent.sort()).toEqual([
    ['new@mail.example', 'subscription.question'],
    ['ops@shop.example', 'subscription.already'],
  ])
  for (const [wrong, field] of [
    [{ channel: 'webhook', address: 'shop.example', owner: 'a@mail.example' }, 'address'],
    [{ channel: 'webhook', address, owner: 'nobody' }, 'owner'],
    [{ channel: 'webhook', address }, 'owner'],
  ] as const) {
    const refused = await api.post('/api/v1/subscriptions', wrong)
    const { error } = (await refused.json()) as { error: { fields: object } }
    expect([refused.status, Object.keys(error.fields)]).toEqual([422, [field]])
  }
})
