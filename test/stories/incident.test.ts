import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { readComponents } from '#api/components/queries.ts'
import { changeFacts, openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { fromJson } from '#api/lib/json.ts'
import { hourMs, minuteMs } from '#api/lib/time.ts'
import { changesSince, readMonths } from '#api/status/changes.ts'
import { readHistory, readIncident, readIncidentByCode, readStatus, readUpdates } from '#api/status/read.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { story } from '../support/story.ts'

const words = (en: string, zh: string) => ({ en, 'zh-CN': zh })
const title = words('Most merchants cannot place orders', '多数商家无法下单')

const ordersDown = (app: App, services: { orders: string; payments: string }) =>
  openIncident(app, lin, {
    title,
    severity: 1,
    status: 'investigating',
    startedAt: '2026-11-11T12:02:00.000Z',
    notAffected: words('Store pages and console sign-in', '店铺浏览和商家控制台登录'),
    components: [
      { id: services.orders, status: 'major_outage' },
      { id: services.payments, status: 'partial_outage' },
    ],
    body: words('Engineers are investigating.', '工程师正在紧急排查。'),
    nextUpdateAt: inMinutes(app, 15),
  })

const intervals = (app: App) =>
  app.db
    .selectFrom('statusInterval')
    .select(['componentId', 'status', 'startedAt', 'endedAt'])
    .orderBy('startedAt')
    .orderBy('status')
    .execute()

const outbox = async (app: App) =>
  (await app.db.selectFrom('outbox').selectAll().where('incidentId', 'is not', null).orderBy('seq').execute()).map(
    ({ kind, audience }) => ({
      kind,
      audience: audience === null ? null : fromJson<Record<string, { everything: boolean }>>(audience),
    }),
  )

story(
  'an incident opens, moves and is resolved; components follow, and so does their history',
  async ({ app, clock }) => {
    const services = await openServices(app)
    clock.set('2026-11-11T12:12:00.000Z')
    const opened = await ordersDown(app, services)
    expect(opened).toMatchObject({ impact: 'critical', severity: 1, resolvedAt: null, createdBy: 'lin' })
    expect(opened.code).toMatch(/^[a-z0-9]{4,6}$/)
    expect(opened.components.map(({ id, status }) => [id, status])).toEqual([
      [services.orders, 'major_outage'],
      [services.payments, 'partial_outage'],
    ])
    expect(await intervals(app)).toEqual([
      { componentId: services.orders, status: 'major_outage', startedAt: '2026-11-11T12:02:00.000Z', endedAt: null },
      {
        componentId: services.payments,
        status: 'partial_outage',
        startedAt: '2026-11-11T12:02:00.000Z',
        endedAt: null,
      },
    ])

    clock.set('2026-11-11T13:34:00.000Z')
    const moved = await publishUpdate(
      app,
      lin,
      opened.id,
      {
        status: 'monitoring',
        body: words('The fix is in place.', '修复已生效。'),
        components: [{ id: services.orders, status: 'degraded_performance' }],
        nextUpdateAt: inMinutes(app, 31),
      },
      { effectiveAt: '2026-11-11T13:31:00.000Z' },
    )
    expect(moved.updates.map(({ number, status }) => [number, status])).toEqual([
      [2, 'monitoring'],
      [1, 'investigating'],
    ])
    expect(moved.updates[0]?.effects).toEqual([
      { componentId: services.orders, oldStatus: 'major_outage', newStatus: 'degraded_performance' },
    ])
    expect((await readStatus(app)).overall).toEqual({ status: 'partial_outage', count: 1 })

    clock.set('2026-11-11T14:12:00.000Z')
    const resolved = await publishUpdate(app, lin, opened.id, {
      status: 'resolved',
      body: words('Resolved.', '已解决。'),
    })
    expect(resolved).toMatchObject({ status: 'resolved', resolvedAt: app.now(), resolvedBy: 'lin', nextUpdateAt: null })
    expect(resolved.components.map(({ status }) => status)).toEqual(['operational', 'operational'])
    expect(await intervals(app)).toEqual([
      {
        componentId: services.orders,
        status: 'major_outage',
        startedAt: '2026-11-11T12:02:00.000Z',
        endedAt: '2026-11-11T13:31:00.000Z',
      },
      {
        componentId: services.payments,
        status: 'partial_outage',
        startedAt: '2026-11-11T12:02:00.000Z',
        endedAt: app.now(),
      },
      {
        componentId: services.orders,
        status: 'degraded_performance',
        startedAt: '2026-11-11T13:31:00.000Z',
        endedAt: app.now(),
      },
    ])

    const status = await readStatus(app)
    expect(status.open).toEqual([])
    expect(status.overall).toEqual({ status: 'operational', count: 3 })
    expect(status.past[0]).toMatchObject({
      kind: 'incident',
      date: '2026-11-11',
      incident: { id: opened.id, affected: [{ status: 'operational' }, {}] },
    })
    expect(status.past[1]).toEqual({ kind: 'quiet', from: '2026-10-29', to: '2026-11-10' })
    const [orders, payments] = status.groups[0]!.components
    expect([orders?.uptime, orders?.days.at(-1)]).toEqual(['99.931', 'major_outage'])
    expect(payments?.days.at(-1)).toBe('partial_outage')
    expect(status.groups[1]!.components[0]).toMatchObject({ uptime: '100.000', status: 'operational' })

    expect(
      (await outbox(app)).map(({ kind, audience }) => [kind, audience?.email?.everything, audience?.sms?.everything]),
    ).toEqual([
      ['incident.opened', true, true],
      ['incident.updated', false, undefined],
      ['incident.resolved', true, true],
    ])
    const audits = await app.db.selectFrom('audit').select('action').where('subjectId', '=', opened.id).execute()
    expect(audits.map(({ action }) => action).sort()).toEqual([
      'incident.opened',
      'incident.resolved',
      'incident.updated',
      'review.opened',
    ])
  },
)

story('deleting one interval changes the bar and the percentage', async ({ app, clock }) => {
  const services = await openServices(app)
  clock.set('2026-11-11T12:12:00.000Z')
  await ordersDown(app, services)
  const before = (await readStatus(app)).groups[0]!.components[0]!
  await app.db.deleteFrom('statusInterval').where('componentId', '=', services.orders).execute()
  const after = (await readStatus(app)).groups[0]!.components[0]!
  expect([before.days.at(-1), before.uptime]).toEqual(['major_outage', '99.992'])
  expect([after.days.at(-1), after.uptime]).toEqual(['operational', '100.000'])
})

story('readers are owed the time of the next word, and components must exist', async ({ app }) => {
  const { orders } = await openServices(app)
  const input = { title, severity: 2, status: 'investigating' as const, components: [], body: title }
  const fields = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error) => error.fields,
    )
  expect(await fields(openIncident(app, lin, input))).toHaveProperty('nextUpdateAt')
  expect(await fields(openIncident(app, lin, { ...input, nextUpdateAt: app.now() }))).toHaveProperty('nextUpdateAt')
  const nextUpdateAt = inMinutes(app, 10)
  const status = 'degraded_performance' as const
  const on = (...components: { id: string; status: typeof status }[]) =>
    fields(openIncident(app, lin, { ...input, nextUpdateAt, components }))
  expect(await on({ id: 'a'.repeat(12), status })).toHaveProperty(['components.0.id'])
  expect(await on({ id: orders, status }, { id: orders, status })).toHaveProperty(['components.1.id'])
  expect(
    await fields(openIncident(app, lin, { ...input, nextUpdateAt, severity: 4, components: [{ id: orders, status }] })),
  ).toHaveProperty(['components.0.status'])
  expect(await fields(openIncident(app, lin, { ...input, nextUpdateAt, startedAt: inMinutes(app, 1) }))).toHaveProperty(
    'startedAt',
  )
  expect(await app.db.selectFrom('incident').select('id').execute()).toEqual([])
  expect(await outbox(app)).toEqual([])
})

story(
  'what is private is nowhere in public, until it is raised; its old words stay private',
  async ({ app, clock }) => {
    const services = await openServices(app)
    const secret = { en: 'SECRET-WORDS' }
    const opened = await openIncident(app, lin, {
      title: secret,
      severity: 3,
      status: 'investigating',
      components: [{ id: services.orders, status: 'major_outage' }],
      body: secret,
      nextUpdateAt: inMinutes(app, 30),
    })
    await publishUpdate(app, lin, opened.id, { status: 'identified', body: secret, nextUpdateAt: inMinutes(app, 30) })
    const month = '2026-11'
    const everything = async () =>
      JSON.stringify([
        await readStatus(app),
        await readHistory(app, month),
        await readUpdates(app, { limit: 50 }),
        await readIncident(app, opened.id),
        await readIncidentByCode(app, opened.code),
        await changesSince(app, 0),
      ])
    const hidden = await everything()
    for (const trace of ['SECRET', opened.id, opened.code, 'major_outage']) expect(hidden).not.toContain(trace)
    expect(await outbox(app)).toEqual([])
    expect((await readStatus(app)).firstMonth).toBeNull()
    expect((await readComponents(app.db, app.now())).find(({ id }) => id === services.orders)?.status).toBe(
      'major_outage',
    )

    clock.move(minuteMs)
    await changeFacts(app, lin, opened.id, { severity: 2, title })
    const raised = await readIncident(app, opened.id)
    expect(raised).toMatchObject({ title, impact: 'major', updates: [], affected: [{ status: 'major_outage' }] })
    expect((await readStatus(app)).open).toHaveLength(1)
    expect(await everything()).not.toContain('SECRET')
    expect((await outbox(app)).map(({ kind }) => kind)).toEqual(['incident.changed'])

    await publishUpdate(app, lin, opened.id, { status: 'identified', body: title, nextUpdateAt: inMinutes(app, 30) })
    const first = (await outbox(app)).at(-1)
    expect(first).toMatchObject({
      kind: 'incident.opened',
      audience: { email: { everything: true }, sms: { everything: true } },
    })
    expect((await readIncident(app, opened.id))?.updates.map(({ number }) => number)).toEqual([3])
    await expect(changeFacts(app, lin, opened.id, { severity: 3 })).rejects.toMatchObject({
      fields: { severity: expect.stringContaining('stays public') },
    })
  },
)

story('a known issue stands apart: it touches no component and mails nobody', async ({ app }) => {
  await openServices(app)
  const opened = await openIncident(app, lin, {
    title,
    severity: 4,
    status: 'identified',
    components: [],
    body: title,
    nextUpdateAt: inMinutes(app, 600),
  })
  const status = await readStatus(app)
  expect(status.knownIssues).toMatchObject([{ id: opened.id, kind: 'known_issue', impact: 'none' }])
  expect(status.open).toEqual([])
  expect(status.overall.status).toBe('operational')
  expect(await outbox(app)).toEqual([{ kind: 'incident.opened', audience: null }])
})

story('an advisory stands apart as well, by its own name, and becomes an incident when it is one', async ({ app }) => {
  const { orders } = await openServices(app)
  const word = { title, status: 'monitoring' as const, components: [], body: title, nextUpdateAt: inMinutes(app, 600) }
  await expect(openIncident(app, lin, { ...word, severity: 2, advisory: true })).rejects.toMatchObject({
    fields: { advisory: expect.stringContaining('severity 4') },
  })
  const held = [{ id: orders, status: 'partial_outage' }] as const
  await expect(
    openIncident(app, lin, { ...word, severity: 4, advisory: true, components: [...held] }),
  ).rejects.toMatchObject({ fields: { 'components.0.status': expect.stringContaining('changes no component') } })
  const { id } = await openIncident(app, lin, { ...word, severity: 4, advisory: true })
  const status = await readStatus(app)
  expect(status.knownIssues).toMatchObject([{ id, kind: 'advisory', impact: 'none' }])
  expect([status.open, status.overall.status]).toEqual([[], 'operational'])
  expect(await outbox(app)).toEqual([{ kind: 'incident.opened', audience: null }])
  expect(await changeFacts(app, lin, id, { severity: 2 })).toMatchObject({ severity: 2, advisory: false })
  expect((await readStatus(app)).open).toMatchObject([{ id, kind: 'incident', impact: 'major' }])
})

story('a corrected start moves the history of its components, and the audit keeps both', async ({ app, clock }) => {
  const services = await openServices(app)
  clock.set('2026-11-11T12:12:00.000Z')
  const opened = await ordersDown(app, services)
  clock.set('2026-11-11T12:40:00.000Z')
  await publishUpdate(app, lin, opened.id, {
    status: 'identified',
    body: title,
    components: [{ id: services.payments, status: 'operational' }],
    nextUpdateAt: inMinutes(app, 20),
  })
  await changeFacts(app, lin, opened.id, {
    startedAt: '2026-11-11T11:50:00.000Z',
    occurredAt: '2026-11-11T11:49:00.000Z',
  })
  expect((await intervals(app)).map(({ startedAt }) => startedAt)).toEqual([
    '2026-11-11T11:50:00.000Z',
    '2026-11-11T11:50:00.000Z',
  ])
  const audit = await app.db
    .selectFrom('audit')
    .selectAll()
    .where('action', '=', 'incident.changed')
    .executeTakeFirstOrThrow()
  expect([audit.before, audit.after].map((row) => fromJson<{ startedAt: string }>(row!).startedAt)).toEqual([
    '2026-11-11T12:02:00.000Z',
    '2026-11-11T11:50:00.000Z',
  ])
  await expect(changeFacts(app, lin, opened.id, { startedAt: '2026-11-11T12:41:00.000Z' })).rejects.toMatchObject({
    fields: { startedAt: expect.any(String) },
  })

  const { revision } = await readStatus(app)
  await changeFacts(app, lin, opened.id, { startedAt: '2026-11-11T11:50:00.000Z' })
  expect((await readStatus(app)).revision).toBe(revision)

  clock.set('2026-11-11T13:00:00.000Z')
  await publishUpdate(app, lin, opened.id, { status: 'resolved', body: title })
  const uptimes = async () => (await readStatus(app)).groups[0]!.components.map(({ uptime }) => uptime)
  const whole = await uptimes()
  await changeFacts(app, lin, opened.id, { endedAt: '2026-11-11T12:00:00.000Z' })
  const short = await uptimes()
  expect(Number(short[0])).toBeGreaterThan(Number(whole[0]))
  await changeFacts(app, lin, opened.id, { endedAt: '2026-11-11T13:00:00.000Z' })
  expect(await uptimes()).toEqual(whole)
  await expect(changeFacts(app, lin, opened.id, { endedAt: '2026-11-11T11:00:00.000Z' })).rejects.toMatchObject({
    fields: { endedAt: expect.any(String) },
  })
})

story('a correction names what it corrects, and both stay in sight', async ({ app }) => {
  const services = await openServices(app)
  const opened = await ordersDown(app, services)
  const other = await ordersDown(app, services)
  const input = { status: 'investigating' as const, body: title, nextUpdateAt: inMinutes(app, 10) }
  await expect(publishUpdate(app, lin, opened.id, { ...input, corrects: other.updates[0]!.id })).rejects.toMatchObject({
    fields: { corrects: expect.any(String) },
  })
  await publishUpdate(app, lin, opened.id, { ...input, corrects: opened.updates[0]!.id })
  const [correction, corrected] = (await readIncident(app, opened.id))!.updates
  expect(correction?.correctsId).toBe(corrected?.id)
  expect(corrected?.correctedById).toBe(correction?.id)
  expect(corrected?.body).toEqual(opened.updates[0]?.body)
})

story('a resolved incident goes on as the same one for a day, and its report follows it', async ({ app, clock }) => {
  const services = await openServices(app)
  const opened = await ordersDown(app, services)
  const again = { status: 'investigating' as const, body: title }
  await expect(publishUpdate(app, lin, opened.id, { ...again, status: 'postmortem' })).rejects.toMatchObject({
    code: 'conflict',
  })
  await publishUpdate(app, lin, opened.id, { status: 'resolved', body: title })
  await changeFacts(app, lin, opened.id, { endedAt: '2026-11-11T12:05:00.000Z' })
  clock.move(23 * hourMs)
  const reopened = await publishUpdate(app, lin, opened.id, {
    ...again,
    components: [{ id: services.orders, status: 'partial_outage' }],
    nextUpdateAt: inMinutes(app, 10),
  })
  expect(reopened).toMatchObject({ status: 'investigating', resolvedAt: null, resolvedBy: null, id: opened.id })
  expect(reopened.endedAt).toBeNull()
  expect((await intervals(app)).map(({ endedAt }) => endedAt)).toEqual([
    '2026-11-11T12:05:00.000Z',
    '2026-11-11T12:05:00.000Z',
    null,
  ])
  expect((await readStatus(app)).open).toHaveLength(1)
  await publishUpdate(app, lin, opened.id, { status: 'resolved', body: title })
  clock.move(24 * hourMs + 1)
  await expect(
    publishUpdate(app, lin, opened.id, { ...again, nextUpdateAt: inMinutes(app, 10) }),
  ).rejects.toMatchObject({ code: 'conflict' })
  // A report comes from the review, where it is approved; a further word does not.
  await expect(publishUpdate(app, lin, opened.id, { status: 'postmortem', body: title })).rejects.toThrow(
    'A report goes out from the incident’s review, once legal and the lead have approved it.',
  )
  const noted = await publishUpdate(app, lin, opened.id, { status: 'resolved', body: title })
  expect(noted.resolvedAt).not.toBeNull()
  expect((await outbox(app)).map(({ kind }) => kind)).toEqual([
    'incident.opened',
    'incident.resolved',
    'incident.changed',
    'incident.updated',
    'incident.resolved',
    'incident.updated',
  ])
})

story('resolved leaves a component as the update says', async ({ app }) => {
  const services = await openServices(app)
  const opened = await ordersDown(app, services)
  const resolved = await publishUpdate(app, lin, opened.id, {
    status: 'resolved',
    body: title,
    components: [{ id: services.payments, status: 'degraded_performance' }],
  })
  expect(resolved.components.map(({ status }) => status)).toEqual(['operational', 'degraded_performance'])
  expect((await readStatus(app)).overall).toEqual({ status: 'degraded_performance', count: 1 })
})

story('a word on an incident that is over makes no component worse', async ({ app }) => {
  const services = await openServices(app)
  const { id } = await ordersDown(app, services)
  const body = words('Over.', '已恢复。')
  const payments = (status: 'operational' | 'degraded_performance' | 'partial_outage') => [
    { id: services.payments, status },
  ]
  await publishUpdate(app, lin, id, { status: 'resolved', body, components: payments('degraded_performance') })
  const over = { status: 'resolved' as const, body }
  await expect(
    publishUpdate(app, lin, id, { ...over, components: [{ id: services.orders, status: 'major_outage' }] }),
  ).rejects.toMatchObject({ code: 'invalid', fields: { 'components.0.status': expect.stringContaining('is over') } })
  await expect(publishUpdate(app, lin, id, { ...over, components: payments('partial_outage') })).rejects.toMatchObject({
    code: 'invalid',
  })
  const { overall, open } = await readStatus(app)
  expect({ overall, open }).toEqual({ overall: { status: 'degraded_performance', count: 1 }, open: [] })
  const same = await publishUpdate(app, lin, id, {
    status: 'resolved',
    body,
    components: payments('degraded_performance'),
  })
  expect(same.updates).toHaveLength(3)
  await publishUpdate(app, lin, id, { ...over, components: payments('operational') })
  expect((await readStatus(app)).overall).toEqual({ status: 'operational', count: 3 })
  const components = [{ id: services.orders, status: 'major_outage' as const }]
  const nextUpdateAt = inMinutes(app, 10)
  await publishUpdate(app, lin, id, { status: 'investigating', body, components, nextUpdateAt })
  expect((await readStatus(app)).open).toHaveLength(1)
})

story('two incidents on one component: the gravest shows, and each lets go of its own', async ({ app }) => {
  const services = await openServices(app)
  const first = await ordersDown(app, services)
  const second = await openIncident(app, lin, {
    title: words('Search is slow', '搜索变慢'),
    severity: 2,
    status: 'investigating',
    components: [{ id: services.orders, status: 'degraded_performance' }],
    body: title,
    nextUpdateAt: inMinutes(app, 10),
  })
  const orders = async () => (await readStatus(app)).groups[0]!.components[0]!.status
  expect(await orders()).toBe('major_outage')
  expect((await readStatus(app)).open.map(({ id }) => id)).toEqual([first.id, second.id])
  const resolved = await publishUpdate(app, lin, first.id, { status: 'resolved', body: title })
  expect(resolved.updates[0]?.effects).toContainEqual({
    componentId: services.orders,
    oldStatus: 'major_outage',
    newStatus: 'operational',
  })
  expect(await orders()).toBe('degraded_performance')
  await publishUpdate(app, lin, second.id, { status: 'resolved', body: title })
  expect(await orders()).toBe('operational')
})

story('updates at once get numbers of their own, and one of two that resolve resolves', async ({ app }) => {
  const services = await openServices(app)
  const opened = await ordersDown(app, services)
  const say = (i: number) =>
    publishUpdate(app, lin, opened.id, {
      status: i % 2 ? 'identified' : 'monitoring',
      body: { en: `Word ${i}` },
      components: [{ id: services.orders, status: i % 2 ? 'major_outage' : 'partial_outage' }],
      nextUpdateAt: inMinutes(app, 10),
    })
  await Promise.all(Array.from({ length: 12 }, (_, i) => say(i)))
  await Promise.all([1, 2].map(() => publishUpdate(app, lin, opened.id, { status: 'resolved', body: title })))
  const { updates } = (await readIncident(app, opened.id))!
  expect(updates.map(({ number }) => number)).toEqual(Array.from({ length: 15 }, (_, i) => 15 - i))
  expect((await intervals(app)).filter(({ endedAt }) => endedAt === null)).toEqual([])
  expect((await outbox(app)).filter(({ kind }) => kind === 'incident.resolved')).toHaveLength(1)
})

story('a broken promise is late, and what a publisher must draw again is known', async ({ app, clock }) => {
  const services = await openServices(app)
  const opened = await ordersDown(app, services)
  const { revision } = await changesSince(app, 0)
  expect(await changesSince(app, revision)).toMatchObject({ revision, incidents: [], months: [], naming: [] })
  expect((await readStatus(app)).open[0]?.late).toBe(false)
  expect(await readMonths(app)).toEqual(['2026-11'])
  clock.move(15 * minuteMs + 1)
  expect((await readStatus(app)).open[0]?.late).toBe(true)
  await changeFacts(app, lin, opened.id, { startedAt: '2026-10-31T15:59:00.000Z' })
  expect(await changesSince(app, revision)).toMatchObject({
    revision: revision + 1,
    incidents: [{ id: opened.id, code: opened.code }],
    months: ['2026-10', '2026-11'],
  })
  expect((await readHistory(app, '2026-10')).incidents).toHaveLength(1)
  expect((await readHistory(app, '2026-11')).incidents).toHaveLength(0)
  expect(await readMonths(app), 'one month is empty again, another is not').toEqual(['2026-10'])
  await changeFacts(app, lin, opened.id, { startedAt: '2026-08-31T15:59:00.000Z' })
  await ordersDown(app, services)
  expect(await readMonths(app)).toEqual(['2026-11', '2026-08'])
})
