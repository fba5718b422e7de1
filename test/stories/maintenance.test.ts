import ICAL from 'ical.js'
import { expect } from 'vitest'
import { openDocuments } from '#api/feeds/documents.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { dayMs, hourMs } from '#api/lib/time.ts'
import { announceMaintenance, completeMaintenance } from '#api/maintenance/actions.ts'
import { changesSince } from '#api/status/changes.ts'
import { readHistory, readStatus } from '#api/status/read.ts'
import { client } from '../support/http.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { story } from '../support/story.ts'

const words = { en: 'Database upgrade', 'zh-CN': '数据库升级' }

story('an announced maintenance begins, ends and is completed, and is left out of uptime', async ({ app, clock }) => {
  const { orders, console: desk } = await openServices(app)
  const start = Date.parse('2026-11-14T02:00:00.000Z')
  const { revision } = await changesSince(app, 0)
  const { id } = await announceMaintenance(app, lin, {
    title: words,
    body: words,
    startsAt: new Date(start).toISOString(),
    endsAt: new Date(start + 2 * hourMs).toISOString(),
    componentIds: [orders],
  })
  expect(await changesSince(app, revision)).toMatchObject({ months: ['2026-11'] })
  const page = async () => {
    const status = await readStatus(app)
    return { ...status, orders: status.groups[0]!.components[0]!, maintenance: status.maintenances[0] }
  }
  expect(await page()).toMatchObject({
    maintenance: { id, status: 'scheduled' },
    overall: { status: 'operational', count: 3 },
  })
  expect((await readHistory(app, '2026-11')).maintenances).toEqual([])
  await expect(completeMaintenance(app, lin, id)).rejects.toMatchObject({ code: 'conflict' })

  clock.set(new Date(start).toISOString())
  expect(await page()).toMatchObject({
    maintenance: { status: 'in_progress' },
    overall: { status: 'under_maintenance', count: 1 },
  })
  const incident = await openIncident(app, lin, {
    title: words,
    severity: 2,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: words,
    nextUpdateAt: inMinutes(app, 60),
  })
  expect((await page()).orders.status).toBe('major_outage')

  clock.move(2 * hourMs)
  expect(await page()).toMatchObject({ maintenance: { status: 'verifying' }, orders: { uptime: '100.000' } })
  expect((await page()).orders.days.at(-1)).toBe('under_maintenance')
  clock.move(hourMs)
  expect((await page()).orders.days.at(-1)).toBe('major_outage')
  expect((await page()).orders.uptime).not.toBe('100.000')
  await publishUpdate(app, lin, incident.id, { status: 'resolved', body: words })
  await completeMaintenance(app, lin, id)
  await expect(completeMaintenance(app, lin, id)).rejects.toMatchObject({ code: 'conflict' })
  const after = await readStatus(app)
  expect(after.maintenances).toEqual([])
  expect(after.past.map((entry) => entry.kind)).toEqual(['incident', 'maintenance', 'quiet'])
  expect((await readHistory(app, '2026-11')).maintenances).toMatchObject([
    { id, status: 'completed', components: [{ id: orders }] },
  ])
  expect(after.groups[1]!.components[0]).toMatchObject({ id: desk, uptime: '100.000' })
})

story('a maintenance announced too late counts like any outage', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  await announceMaintenance(app, lin, {
    title: words,
    body: words,
    startsAt: inMinutes(app, 47 * 60),
    endsAt: inMinutes(app, 49 * 60),
    componentIds: [orders],
  })
  clock.move(2 * dayMs)
  await openIncident(app, lin, {
    title: words,
    severity: 2,
    status: 'investigating',
    startedAt: inMinutes(app, -60),
    components: [{ id: orders, status: 'major_outage' }],
    body: words,
    nextUpdateAt: inMinutes(app, 60),
  })
  expect((await readStatus(app)).groups[0]!.components[0]!.days.at(-1)).toBe('major_outage')
})

story('the maintenance routes say what is wrong', async ({ app }) => {
  const { orders } = await openServices(app)
  const call = client(app, lin)
  const body = {
    title: 'Upgrade',
    body: 'We upgrade.',
    startsAt: inMinutes(app, 60),
    endsAt: inMinutes(app, 120),
    components: [orders],
  }
  const post = (changed: object) => call('POST', '/api/v1/maintenances', { ...body, ...changed })
  expect((await post({ endsAt: body.startsAt })).body.error.fields).toHaveProperty('endsAt')
  expect((await post({ startsAt: inMinutes(app, -60), endsAt: inMinutes(app, -10) })).body.error.fields).toHaveProperty(
    'endsAt',
  )
  expect((await post({ components: [] })).body.error.fields).toHaveProperty('components')
  expect((await post({ components: ['a'.repeat(12)] })).body.error.fields).toHaveProperty(['components.0'])
  const made = await post({})
  expect(made).toMatchObject({ status: 201, body: { status: 'scheduled', components: [{ id: orders }] } })
  expect((await call('GET', '/api/v1/maintenances')).body).toMatchObject({ data: [{ id: made.body.id }], next: null })
  expect(await call('POST', `/api/v1/maintenances/${made.body.id}/completion`)).toMatchObject({ status: 409 })
})

story('a maintenance that is moved and called off says so wherever it was announced', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const call = client(app, lin)
  const hours = (count: number) => inMinutes(app, count * 60)
  const plan = { title: words, body: words, startsAt: hours(72), endsAt: hours(74), components: [orders] }
  const { body: made } = await call('POST', '/api/v1/maintenances', plan)
  const at = `/api/v1/maintenances/${made.id}`
  const events = async () => {
    const root = new ICAL.Component(ICAL.parse(String(await openDocuments(app)('/maintenance.ics'))))
    return root.getAllSubcomponents('vevent').map((event) => {
      const read = (name: string) => String(event.getFirstPropertyValue(name))
      return [read('uid'), Number(read('sequence')), read('status'), read('dtstart')]
    })
  }
  const [uid] = (await events())[0]!
  const moved = { startsAt: hours(96), endsAt: hours(98) }
  expect(await call('PATCH', at, {})).toMatchObject({ status: 422 })
  expect(await call('PATCH', at, { ...moved, endsAt: moved.startsAt })).toMatchObject({ status: 422 })
  const { revision } = await changesSince(app, 0)
  const said = { en: 'A supplier is late.', 'zh-CN': '供应商延期。' }
  expect(await call('PATCH', at, { ...moved, said })).toMatchObject({
    status: 200,
    body: { ...moved, changes: [{ kind: 'moved', startsAt: plan.startsAt, endsAt: plan.endsAt, said }] },
  })
  expect(await changesSince(app, revision)).toMatchObject({ maintenances: [made.id] })
  expect(await events()).toEqual([[uid, 1, 'CONFIRMED', moved.startsAt.replace('.000', '')]])

  clock.move(hourMs)
  expect(await call('POST', `${at}/cancellation`, { said })).toMatchObject({
    status: 201,
    body: { status: 'cancelled' },
  })
  expect(await call('POST', `${at}/cancellation`, {})).toMatchObject({ status: 409 })
  expect(await call('PATCH', at, { endsAt: hours(120) })).toMatchObject({ status: 409 })
  expect(await events()).toMatchObject([[uid, 2, 'CANCELLED', expect.anything()]])
  expect((await readStatus(app)).maintenances).toMatchObject([{ id: made.id, status: 'cancelled' }])
  const theirs = JSON.parse(String(await openDocuments(app)('/api/v2/scheduled-maintenances.json')))
  expect(theirs.scheduled_maintenances).toMatchObject([
    {
      status: 'completed',
      incident_updates: [{ status: 'completed' }, { status: 'scheduled' }, { status: 'scheduled' }],
    },
  ])
  expect(theirs.scheduled_maintenances[0].incident_updates[0].body).toBe(
    'This maintenance was cancelled: it does not take place.\n\nA supplier is late.',
  )

  clock.set(moved.startsAt)
  expect((await readStatus(app)).overall.status).toBe('operational')
  expect((await readHistory(app, '2026-11')).maintenances).toMatchObject([{ id: made.id, status: 'cancelled' }])
  clock.set(moved.endsAt)
  const after = await readStatus(app)
  expect(after.maintenances).toEqual([])
  expect(after.past.some((entry) => entry.kind === 'maintenance' && entry.maintenance.id === made.id)).toBe(true)
  expect(await call('PATCH', '/api/v1/maintenances/aaaaaaaaaaaa', moved)).toMatchObject({ status: 404 })
})
