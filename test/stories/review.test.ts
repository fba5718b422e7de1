import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { readWhole } from '#api/incidents/queries.ts'
import { dayMs, hourMs } from '#api/lib/time.ts'
import { openSummary } from '#api/notices/summary.ts'
import { addFactor, changeReview, dropFactor, saveSection } from '#api/reviews/actions.ts'
import { readOpenActions, readReview, readReviews } from '#api/reviews/read.ts'
import { type ReportParts, reportParts } from '#api/reviews/report.ts'
import { judgeReport, publishReport, writeReport } from '#api/reviews/report-actions.ts'
import { addAction, changeAction } from '#api/reviews/task-actions.ts'
import { recordMention } from '#api/statements/actions.ts'
import { readStatus, readUpdates } from '#api/status/read.ts'
import { addCustomers, addList, coupon, liveOffer } from '../support/customers.ts'
import { playEvening } from '../support/evening.ts'
import { openPages } from '../support/site.ts'
import { spoken } from '../support/statements.ts'
import { story } from '../support/story.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workNow } from '../support/work.ts'

const zhou = { id: 'zhou', roles: ['lead'] }
const wu = { id: 'wu', roles: ['legal'] }
const refused = (code: string, message = '') => ({ code, message: expect.stringContaining(message) })
const review = (app: App, id: string) => readReview(app, id, openSummary(app))
const whole = (text: string): ReportParts =>
  Object.fromEntries(reportParts.map((part) => [part, words(`${part}: ${text}`, `${part}：${text}`)])) as ReportParts

story('the evening is reviewed with its own figures, and closes when everybody owns what they do', async (stage) => {
  const { app, clock } = stage
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'orders@mail.example', components: [services.orders] },
    { address: 'everything@mail.example', locale: 'zh-CN' },
  ])
  const id = await playEvening(app, clock, services)
  await workNow(app)
  // What was said and given beside the updates stands in the figures and where the review begins.
  const ends = app.now()
  clock.set('2026-11-11T12:45:00.000Z')
  await recordMention(app, lin, id, {
    mentionedAt: '2026-11-11T12:09:00.000Z',
    source: 'Weibo',
    declaredAt: '2026-11-11T12:08:00.000Z',
  })
  await spoken(app, id)
  clock.set(ends)
  await liveOffer(app, id, coupon(await addList(app, id, await addCustomers(app, [{}]))))
  const opened = await review(app, id)
  expect(opened).toMatchObject({
    state: 'open',
    due: { meetingOn: '2026-11-14', reportOn: '2026-11-18', preliminaryAt: '2026-11-12T14:12:00.000Z' },
    figures: {
      firstNotice: { fromOccurrence: 10, fromDiscovery: 8 },
      firstStatement: { fromMention: 36, fromDeclaration: 37 },
      handling: { fromOccurrence: 128, fromDiscovery: 126 },
      cadence: { due: 8, kept: 8 },
      longestSilence: 29,
      updates: 9,
      corrections: 0,
    },
    deliveries: { email: { total: 11 } },
  })
  expect(opened.figures.components.map(({ name, minutes, states }) => [name.en, minutes, states])).toEqual([
    [
      'Order placement',
      128,
      [
        { status: 'major_outage', minutes: 89 },
        { status: 'degraded_performance', minutes: 39 },
      ],
    ],
    [
      'Payments',
      128,
      [
        { status: 'partial_outage', minutes: 89 },
        { status: 'degraded_performance', minutes: 39 },
      ],
    ],
  ])
  expect(opened.prefill.communication.en).toContain('8 of 8 promised updates came on time')
  expect(opened.prefill.communication['zh-CN']).toContain('最长沉默时间为 29 分钟。')
  expect(opened.prefill.communication.en).toContain('36 minutes after the first public mention and 37 after')
  expect(opened.prefill.compensation.en).toMatch(/^Offers: 1\.\n- .+\nStatements: 1\.\n- This was not an attack: /)
  expect(opened.prefill.compensation['zh-CN']).toContain('并非遭受攻击')
  expect(opened.prefill.timeline.en).toMatch(
    /^- 20:02 It begins\.\n- 20:04 It is discovered\.\n- 20:12 Investigating: Since 20:02/,
  )
  expect(opened.report.prefill.cause.en).toMatch(/^We have found the cause: a promotion configuration change/)
  expect(opened.report.prefill.times['zh-CN']).toContain('下单：128 分钟（严重中断 89 分钟、性能下降 39 分钟）')

  // It is taken up, and contributing factors come before the category of the cause.
  clock.set('2026-11-13T02:00:00.000Z')
  await changeReview(app, zhou, id, { state: 'in_review', meetingAt: '2026-11-13T02:00:00.000Z' })
  await expect(changeReview(app, zhou, id, { causeCategory: 'human_error' })).rejects.toMatchObject(refused('conflict'))
  await addFactor(app, zhou, id, { text: 'A change was entered by hand.', kind: 'human' })
  await expect(changeReview(app, zhou, id, { causeCategory: 'human_error' })).rejects.toMatchObject(
    refused('conflict', 'besides'),
  )
  const limit = await addFactor(app, zhou, id, { text: 'Promotions have no limit of connections.', kind: 'technical' })
  await changeReview(app, zhou, id, { causeCategory: 'human_error' })
  await expect(dropFactor(app, zhou, id, limit.id)).rejects.toMatchObject(refused('conflict', 'besides'))
  await expect(changeReview(app, zhou, id, { state: 'approved' })).rejects.toMatchObject(refused('conflict', 'summary'))
  await saveSection(app, lin, id, 'summary', { body: 'If only orders had been fine.', follows: 0 })
  await expect(saveSection(app, zhou, id, 'summary', { body: 'Mine.', follows: 0 })).rejects.toMatchObject(
    refused('conflict', 'Version 1'),
  )
  await saveSection(app, zhou, id, 'summary', { body: 'Orders failed for 89 minutes.', follows: 1 })
  const { sections } = await review(app, id)
  expect(sections[0]!.versions.map(({ number, createdBy }) => [number, createdBy])).toEqual([
    [1, 'lin'],
    [2, 'zhou'],
  ])

  const task = { text: 'Limit connections per promotion.', type: 'prevent' as const, due: '2026-11-20' }
  const { id: action } = await addAction(app, zhou, id, task)
  await changeReview(app, zhou, id, { state: 'approved' })
  await writeReport(app, lin, id, { parts: whole('done'), follows: 0 })
  const { hash } = (await review(app, id)).report.versions[0]!
  for (const [actor, role] of [
    [wu, 'legal'],
    [zhou, 'lead'],
  ] as const)
    await judgeReport(app, actor, id, { hash, role, verdict: 'approved' })
  await publishReport(app, lin, id, { hash })
  await expect(changeReview(app, zhou, id, { state: 'closed' })).rejects.toMatchObject(refused('conflict', 'no owner'))
  clock.set('2026-11-20T16:00:00.000Z')
  expect((await readOpenActions(app, 10)).map(({ overdue, owner }) => [overdue, owner])).toEqual([[true, null]])
  await changeAction(app, zhou, id, action, { owner: 'Operations' })
  await changeReview(app, zhou, id, { state: 'closed' })
  await expect(saveSection(app, lin, id, 'plan', { body: 'Late.', follows: 0 })).rejects.toMatchObject(
    refused('conflict'),
  )
  await changeAction(app, zhou, id, action, { state: 'done', evidence: 'Merged and tried.' })
  expect([await readOpenActions(app, 10), await readReviews(app, { closed: false, limit: 10 })]).toEqual([[], []])
  const audit = await app.db.selectFrom('audit').select('action').where('action', 'like', 're%').execute()
  expect(new Set(audit.map(({ action }) => action))).toEqual(
    new Set([
      'review.opened',
      'review.takenUp',
      'review.factorAdded',
      'review.changed',
      'review.written',
      'review.actionAdded',
      'review.approved',
      'report.written',
      'report.approved',
      'report.published',
      'review.actionChanged',
      'review.closed',
    ]),
  )
})

story(
  'the public report goes out once legal and the lead have approved these very words in both languages',
  async (stage) => {
    const { app, clock } = stage
    const services = await openServices(app)
    await subscribe(app, [
      { address: 'orders@mail.example', components: [services.orders] },
      { address: 'console@mail.example', components: [services.console] },
      { address: 'everything@mail.example' },
      { address: '+8613800000001', channel: 'sms' },
    ])
    const { id } = await ordersDown(app, services)
    clock.move(hourMs)
    await publishUpdate(app, lin, id, { status: 'resolved', body: words('It is over.', '已恢复。') })
    await workNow(app)
    const before = await ledger(app)
    clock.move(hourMs)
    // Who subscribes now hears of it, too: they ask for what comes.
    await subscribe(app, [{ address: 'since@mail.example', components: [services.orders, services.payments] }])
    await writeReport(app, lin, id, { parts: whole('first'), follows: 0 })
    const first = (await review(app, id)).report.versions[0]!
    const approve = (actor: typeof wu, role: 'legal' | 'lead', hash: string) =>
      judgeReport(app, actor, id, { hash, role, verdict: 'approved' })
    await expect(approve(wu, 'lead', first.hash)).rejects.toMatchObject(refused('forbidden'))
    await expect(
      judgeReport(app, wu, id, { hash: first.hash, role: 'legal', verdict: 'changes_requested' }),
    ).rejects.toMatchObject(refused('invalid'))
    const note = 'Say how long payments failed.'
    await judgeReport(app, wu, id, { hash: first.hash, role: 'legal', verdict: 'changes_requested', note })
    await approve(zhou, 'lead', first.hash)
    await expect(publishReport(app, lin, id, { hash: first.hash })).rejects.toMatchObject(
      refused('conflict', 'by legal'),
    )

    // One word in one language: what was approved is approved no more, and whoever read the old words is told what changed.
    const changed = { ...whole('first'), times: words('times: first', 'times：两小时') }
    await writeReport(app, lin, id, { parts: changed, follows: 1 })
    await expect(approve(wu, 'legal', first.hash)).rejects.toMatchObject(refused('conflict', 'times.zh-CN'))
    await expect(publishReport(app, lin, id, { hash: first.hash })).rejects.toMatchObject(refused('conflict'))
    const second = (await review(app, id)).report.versions[1]!
    await expect(publishReport(app, lin, id, { hash: second.hash })).rejects.toMatchObject(
      refused('conflict', 'legal and lead'),
    )
    const race = await Promise.allSettled([approve(wu, 'legal', second.hash), approve(wu, 'legal', second.hash)])
    expect(race.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await approve(zhou, 'lead', second.hash)
    const outboxOf = () => app.db.selectFrom('outbox').select(['kind', 'audience']).orderBy('seq', 'desc').execute()
    const rows = (await outboxOf()).length
    await publishReport(app, lin, id, { hash: second.hash })
    const [row, ...others] = await outboxOf()
    expect([row?.kind, others.length]).toEqual(['incident.reported', rows])
    await workNow(app)
    // Everybody who read that it is over was promised the report, and nobody hears of it twice.
    const promised = ['everything@mail.example', 'orders@mail.example', 'since@mail.example']
    expect((await ledger(app)).slice(before.length).map(({ to, state }) => [to, state])).toEqual(
      promised.map((to) => [to, 'sent']),
    )
    const byHand = { status: 'postmortem' as const, body: words('By hand.', '手写。') }
    await expect(publishUpdate(app, lin, id, byHand)).rejects.toMatchObject(
      refused('conflict', 'from the incident’s review'),
    )
    const [{ id: reportId } = { id: '' }] = (await readWhole(app.db, id))!.updates
    await expect(
      publishUpdate(app, lin, id, { ...byHand, status: 'resolved', corrects: reportId }),
    ).rejects.toMatchObject(refused('conflict', 'put right in the incident’s review'))
    await expect(publishReport(app, lin, id, { hash: second.hash })).rejects.toMatchObject(
      refused('conflict', 'already'),
    )
    const [entry] = await readUpdates(app, { limit: 1 })
    expect(entry).toMatchObject({ incident: { status: 'postmortem' }, update: { status: 'postmortem' } })
    expect(entry!.update.body['zh-CN']).toContain('**影响时间**\n\ntimes：两小时')
    expect((await readStatus(app)).open).toEqual([])
    const pages = await openPages(app)
    const { incidents } = JSON.parse(await pages.read('/api/v2/incidents.json'))
    expect(incidents[0]).toMatchObject({
      status: 'postmortem',
      postmortem_body: expect.stringContaining('**What happened**\n\ncause: first'),
      postmortem_notified_subscribers: true,
    })
    expect(await pages.read(`/zh-CN/incidents/${id}/`)).toContain('<p><strong>问题影响范围</strong></p>')
    expect(await pages.read('/history.rss')).toContain('What we change')
    // The press finds it among the statements, and in their feed.
    const press = [await pages.read('/zh-CN/statements/'), await pages.read('/statements/history.atom')]
    expect(press[0]).toContain(`href="/zh-CN/incidents/${id}/#u3"`)
    expect(press[1]).toContain('What we change')

    // A correction after publishing stays in sight.
    await writeReport(app, lin, id, { parts: whole('corrected'), follows: 2 })
    const third = (await review(app, id)).report.versions[2]!
    await approve(wu, 'legal', third.hash)
    await approve(zhou, 'lead', third.hash)
    await publishReport(app, lin, id, { hash: third.hash })
    const [newest, corrected] = await readUpdates(app, { limit: 2 })
    expect([newest?.update.correctsId, corrected?.update.correctedById]).toEqual([
      corrected?.update.id,
      newest?.update.id,
    ])
  },
)

story('severity 1 and 2 have a review from the moment they are over, and one alone', async ({ app, clock }) => {
  const services = await openServices(app)
  const over = { status: 'resolved' as const, body: words('It is over.', '已恢复。') }
  const { id } = await ordersDown(app, services)
  expect(await readReviews(app, { closed: false, limit: 10 })).toEqual([])
  await publishUpdate(app, lin, id, over)
  await publishUpdate(app, lin, id, {
    status: 'investigating',
    body: words('Again.', '再次出现。'),
    nextUpdateAt: inMinutes(app, 15),
  })
  expect((await review(app, id)).due).toBeNull()
  clock.move(dayMs)
  await publishUpdate(app, lin, id, over)
  expect((await review(app, id)).due).toMatchObject({ meetingOn: '2026-11-15' })
  for (const severity of [2, 3, 4])
    await openIncident(app, lin, {
      title: words(`Severity ${severity}`, `${severity} 级`),
      severity,
      components: [],
      ...over,
    })
  const open = await readReviews(app, { closed: false, limit: 10 })
  expect(open.map(({ severity }) => severity).sort()).toEqual([1, 2])
  const lesser = open.find(({ severity }) => severity === 2)!.incidentId
  await changeReview(app, zhou, lesser, { state: 'closed', reason: 'Held in the weekly meeting.' })
  expect((await readReviews(app, { closed: true, limit: 10 })).map(({ incidentId }) => incidentId)).toEqual([lesser])
})
