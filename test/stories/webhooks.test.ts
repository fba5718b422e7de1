import { Webhook } from 'standardwebhooks'
import { afterAll, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
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
/** Our signatures bear the real time; what is checked is the wording of Standard Webhooks, by its own package. */
const verify = (secret: string, hook: { body: string; headers: Record<string, string> }) =>
  new Webhook(secret).verify(hook.body, hook.headers) as Record<string, any>

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
  expect(
    second!.data.incident.incident_updates.map(({ status, body }: Record<string, string>) => [status, body]),
  ).toEqual([
    ['identified', 'We have found the cause.'],
    ['investigating', 'Our engineers are investigating.'],
  ])
  expect(await hookRows(app)).toMatchObject([
    { state: 'sent', attempts: 1 },
    { state: 'sent', attempts: 1 },
  ])
})
