import { expect } from 'vitest'
import { z } from 'zod'
import { openDocuments } from '#api/feeds/documents.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, plusMs } from '#api/lib/time.ts'
import { announceMaintenance } from '#api/maintenance/actions.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { story } from '../support/story.ts'

// Atlassian Statuspage's public shape, as programs written for it read it: strict, so that a field too many, one
// missing, or one of another type is named.
const id = z.string().regex(/^[a-z0-9]{12}$/)
const at = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/)
const state = z.enum(['operational', 'degraded_performance', 'partial_outage', 'major_outage', 'under_maintenance'])
const page = z.strictObject({ id, name: z.string(), url: z.url(), time_zone: z.string(), updated_at: at })
const status = z.strictObject({ indicator: z.enum(['none', 'minor', 'major', 'critical']), description: z.string() })
const either = {
  id,
  name: z.string(),
  status: state,
  created_at: at,
  updated_at: at,
  position: z.int().positive(),
  description: z.string().nullable(),
  showcase: z.boolean(),
  start_date: z.iso.date().nullable(),
  page_id: id,
  only_show_if_degraded: z.literal(false),
}
const single = z.strictObject({ ...either, group: z.literal(false), group_id: id })
const group = z.strictObject({ ...either, group: z.literal(true), group_id: z.null(), components: z.array(id) })
const step = z.strictObject({
  id,
  status: z.string(),
  body: z.string(),
  incident_id: id,
  created_at: at,
  updated_at: at,
  display_at: at,
  affected_components: z
    .array(z.strictObject({ code: id, name: z.string(), old_status: state, new_status: state }))
    .nonempty()
    .nullable(),
  deliver_notifications: z.boolean(),
  custom_tweet: z.null(),
  tweet_id: z.null(),
})
const event = {
  id,
  name: z.string(),
  created_at: at,
  updated_at: at,
  monitoring_at: at.nullable(),
  resolved_at: at.nullable(),
  shortlink: z.url(),
  started_at: at,
  page_id: id,
  incident_updates: z.array(step).nonempty(),
  components: z.array(single),
  reminder_intervals: z.null(),
}
const incident = z.strictObject({
  ...event,
  status: z.enum(['investigating', 'identified', 'monitoring', 'resolved', 'postmortem']),
  impact: z.enum(['none', 'minor', 'major', 'critical']),
})
const maintenance = z.strictObject({
  ...event,
  status: z.enum(['scheduled', 'in_progress', 'verifying', 'completed']),
  impact: z.literal('maintenance'),
  scheduled_for: at,
  scheduled_until: at,
})
const lists = {
  components: z.array(z.union([single, group])),
  incidents: z.array(incident),
  scheduled_maintenances: z.array(maintenance),
}
const { components, incidents, scheduled_maintenances } = lists
const shapes = {
  summary: z.strictObject({ page, status, ...lists }),
  status: z.strictObject({ page, status }),
  components: z.strictObject({ page, components }),
  incidents: z.strictObject({ page, incidents }),
  'incidents/unresolved': z.strictObject({ page, incidents }),
  'scheduled-maintenances': z.strictObject({ page, scheduled_maintenances }),
  'scheduled-maintenances/upcoming': z.strictObject({ page, scheduled_maintenances }),
  'scheduled-maintenances/active': z.strictObject({ page, scheduled_maintenances }),
}

story('a program written for Atlassian Statuspage reads ours, field for field', async ({ app, clock }) => {
  const { orders, console: desk } = await openServices(app)
  const read = async <N extends keyof typeof shapes>(name: N): Promise<z.infer<(typeof shapes)[N]>> => {
    const bytes = await openDocuments(app)(`/api/v2/${name}.json`)
    return shapes[name].parse(JSON.parse(String(bytes))) as z.infer<(typeof shapes)[N]>
  }
  expect((await read('status')).status).toEqual({ indicator: 'none', description: 'All Systems Operational' })
  expect((await read('summary')).incidents).toEqual([])

  const facts = { severity: 1, title: { en: 'Orders fail', 'zh-CN': '下单失败' } } as const
  const opened = await openIncident(app, lin, {
    ...facts,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: { 'zh-CN': '正在排查。' },
    nextUpdateAt: inMinutes(app, 20),
  })
  const secret = { ...facts, severity: 3, title: { en: 'A secret' } } as const
  await openIncident(app, lin, {
    ...secret,
    status: 'investigating',
    components: [{ id: desk, status: 'major_outage' }],
    body: { en: 'A secret' },
    nextUpdateAt: inMinutes(app, 20),
  })
  const startsAt = plusMs(app.now(), hourMs)
  const window = { startsAt, endsAt: plusMs(startsAt, hourMs), componentIds: [desk] }
  const planned = await announceMaintenance(app, lin, { ...window, title: { en: 'Upgrade' }, body: { en: 'Short.' } })
  clock.move(60_000)
  await publishUpdate(app, lin, opened.id, {
    status: 'monitoring',
    body: { en: 'It holds.' },
    nextUpdateAt: inMinutes(app, 20),
    notify: false,
  })

  const summary = await read('summary')
  expect(summary.status).toEqual({ indicator: 'critical', description: 'Major Service Outage' })
  expect(summary.page.updated_at).toBe('2026-11-11T20:09:00.000+08:00')
  const [first, ...others] = summary.components
  expect(first).toMatchObject({ group: true, status: 'major_outage' })
  expect(others[0]).toMatchObject({ id: orders, group: false, group_id: first!.id, status: 'major_outage' })
  expect(others.find((one) => one.id === desk)?.status).toBe('operational')
  const [shown, ...none] = summary.incidents
  expect(none).toEqual([])
  expect(shown).toMatchObject({
    name: 'Orders fail',
    impact: 'critical',
    monitoring_at: '2026-11-11T20:09:00.000+08:00',
  })
  expect(shown!.incident_updates.map(({ body }) => body)).toEqual(['It holds.', '正在排查。'])
  expect(shown!.incident_updates.map((one) => one.deliver_notifications)).toEqual([false, true])
  expect(shown!.incident_updates[1]!.affected_components).toMatchObject([
    {
      code: orders,
      name: `${first!.name} - ${others[0]!.name}`,
      old_status: 'operational',
      new_status: 'major_outage',
    },
  ])
  expect(shown!.components.map((one) => one.id)).toEqual([orders])
  expect(summary.scheduled_maintenances.map((one) => one.id)).toEqual([planned.id])
  expect((await read('scheduled-maintenances/upcoming')).scheduled_maintenances).toHaveLength(1)
  expect((await read('scheduled-maintenances/active')).scheduled_maintenances).toEqual([])

  clock.set(startsAt)
  await publishUpdate(app, lin, opened.id, { status: 'resolved', body: { en: 'Over.' } })
  expect((await read('scheduled-maintenances/upcoming')).scheduled_maintenances).toEqual([])
  expect((await read('scheduled-maintenances/active')).scheduled_maintenances).toMatchObject([
    { status: 'in_progress', incident_updates: [{ status: 'in_progress' }, { status: 'scheduled' }] },
  ])
  expect((await read('incidents/unresolved')).incidents).toEqual([])
  expect((await read('incidents')).incidents).toMatchObject([
    { id: opened.id, resolved_at: '2026-11-11T21:08:00.000+08:00' },
  ])
  expect((await read('status')).status).toEqual({ indicator: 'none', description: 'Service Under Maintenance' })
  for (const name of Object.keys(shapes) as (keyof typeof shapes)[])
    expect(JSON.stringify(await read(name))).not.toContain('secret')
})

story('a feed of one component tells of what touched it, and of nothing else', async ({ app }) => {
  const { orders, console: desk } = await openServices(app)
  const open = (title: string, id: string) =>
    openIncident(app, lin, {
      title: { en: title },
      severity: 2,
      status: 'investigating',
      components: [{ id, status: 'partial_outage' }],
      body: { en: 'Seen.' },
      nextUpdateAt: inMinutes(app, 20),
    })
  await open('Orders fail', orders)
  await open('The console is slow', desk)
  const titles = async (path: string) => {
    const { items } = JSON.parse(String(await openDocuments(app)(path)))
    return items.map(({ title }: { title: string }) => title).sort()
  }
  expect(await titles('/feed.json')).toEqual(['Orders fail (Investigating)', 'The console is slow (Investigating)'])
  expect(await titles(`/components/${orders}/feed.json`)).toEqual(['Orders fail (Investigating)'])
  expect(await titles(`/zh-CN/components/${orders}/feed.json`)).toEqual(['Orders fail（调查中）'])
  expect(await openDocuments(app)('/components/aaaaaaaaaaaa/feed.json')).toBeUndefined()
  expect(await openDocuments(app)('/history/')).toBeNull()
})
