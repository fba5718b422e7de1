import { afterAll, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { changeFacts, openIncident, publishUpdate } from '#api/incidents/actions.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { secondMs } from '#api/lib/time.ts'
import { previewNotices, smsWarnings } from '#api/notices/preview.ts'
import { story } from '../support/story.ts'
import { inMinutes, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

const twilio = await openTwilio()
afterAll(() => twilio.close())

async function listeners(app: App) {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'everything@mail.example' },
    { address: 'orders@mail.example', components: [services.orders] },
    { address: 'console@mail.example', components: [services.console] },
    { channel: 'sms', address: '+6581234567' },
    { channel: 'sms', address: '+8613900000001', components: [services.console] },
  ])
  return services
}

const rowsOf = (app: App) => app.db.selectFrom('delivery').select(['id', 'channel']).execute()

/** Publishes an update and returns how many hear of it per channel: as the preview said just before, and as it was. */
async function bothWays(app: App, clock: ManualClock, incidentId: string, update: Parameters<typeof publishUpdate>[3]) {
  const before = new Set((await rowsOf(app)).map(({ id }) => id))
  const { reach } = await previewNotices(app, { incidentId, ...update })
  const said = Object.fromEntries(Object.entries(reach).map(([channel, { people }]) => [channel, people]))
  await publishUpdate(app, lin, incidentId, update)
  await workFor(app, clock, secondMs)
  const really: Record<string, number> = {}
  for (const { id, channel } of await rowsOf(app)) if (!before.has(id)) really[channel] = (really[channel] ?? 0) + 1
  return { said, really }
}

const goesOn = (app: App, more: object = {}) => ({
  status: 'identified' as const,
  body: words('We know more.', '原因已定位。'),
  nextUpdateAt: inMinutes(app, 20),
  ...more,
})

story('the people a preview counts are those who are told, at every moment of an incident', async ({ app, clock }) => {
  const services = await listeners(app)
  const { id } = await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  expect(await bothWays(app, clock, id, goesOn(app))).toEqual({ said: { email: 1 }, really: { email: 1 } })
  const more = { components: [{ id: services.console, status: 'partial_outage' as const }] }
  expect(await bothWays(app, clock, id, goesOn(app, more))).toEqual({ said: { email: 2 }, really: { email: 2 } })
  const over = { status: 'resolved' as const, body: words('It is over.', '已恢复。') }
  const all = { email: 3, sms: 2 }
  expect(await bothWays(app, clock, id, over)).toEqual({ said: all, really: all })
  expect(await bothWays(app, clock, id, goesOn(app))).toEqual({ said: { email: 2 }, really: { email: 2 } })
  const silent = goesOn(app, { notify: false })
  expect(await bothWays(app, clock, id, silent)).toEqual({ said: {}, really: {} })
})

for (const severity of [3, 4])
  story(`once severity ${severity} becomes 1, its next update is the first that anybody is told`, async (stage) => {
    const { app, clock } = stage
    const services = await listeners(app)
    const { id } = await openIncident(app, lin, {
      title: words('Some orders are slow.', '部分订单较慢。'),
      severity,
      status: 'investigating',
      components: [],
      body: words('We are looking.', '正在排查。'),
      nextUpdateAt: inMinutes(app, 60),
    })
    expect(await bothWays(app, clock, id, goesOn(app))).toEqual({ said: {}, really: {} })
    await changeFacts(app, lin, id, { severity: 1 })
    const worse = goesOn(app, { components: [{ id: services.orders, status: 'major_outage' }] })
    const told = { email: 2, sms: 1 }
    expect(await bothWays(app, clock, id, worse)).toEqual({ said: told, really: told })
    expect(await bothWays(app, clock, id, goesOn(app))).toEqual({ said: { email: 1 }, really: { email: 1 } })
  })

story(
  'a sender that is too slow for everybody is named at start and in the preview',
  async ({ app, clock, engine }) => {
    const services = await openServices(app)
    const phones = (from: number, count: number, components?: string[]) =>
      Array.from({ length: count }, (_, i) => ({
        channel: 'sms' as const,
        address: `+86138${String(from + i).padStart(8, '0')}`,
        ...(components ? { components } : {}),
      }))
    await subscribe(app, [...phones(0, 170), ...phones(500, 10, [services.orders])])
    const draft = {
      title: words('Orders fail.', '无法下单。'),
      severity: 1,
      status: 'investigating' as const,
      components: [{ id: services.orders, status: 'major_outage' as const }],
      body: words('We are looking.', '正在排查。'),
      nextUpdateAt: inMinutes(app, 20),
    }
    expect(await smsWarnings(app)).toEqual([])
    expect((await previewNotices(app, draft)).warnings).toEqual([])
    await subscribe(app, phones(700, 5, [services.orders]))
    const tooSlow =
      'The SMS take 31 minutes to send (185 segments, 0.1 a second), but none is sent that is older than 30 minutes: about 5 of 185 people would not be reached. For comparison: a toll-free number (3 a second) takes 2 minutes, a short code (10 a second) takes 1 minute. Set what your sender carries in TWILIO_SEGMENTS_PER_SECOND.'
    expect(await smsWarnings(app)).toEqual([tooSlow])
    expect((await previewNotices(app, draft)).warnings).toEqual([tooSlow])
    // They leave one by one, and how fast they do knows nothing of the engine.
    if (engine === 'postgres') return
    await openIncident(app, lin, draft)
    await workFor(app, clock, 3_600 * secondMs)
    const states = await app.db.selectFrom('delivery').select('state').execute()
    expect(states.filter(({ state }) => state === 'expired').length).toBe(5)
  },
  { ...twilioEnv(twilio), TWILIO_SEGMENTS_PER_SECOND: '0.1' },
)

story(
  'an address too long for one segment is named at start',
  async ({ app }) => {
    const warnings = await smsWarnings(app)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('an SMS in zh-CN no longer fits one segment')
  },
  { PUBLIC_URL: 'https://the-service-status.of-a-company-with-a-long-name.example' },
)

story('an address of the usual length needs no warning', async ({ app }) => {
  expect(await smsWarnings(app)).toEqual([])
})
