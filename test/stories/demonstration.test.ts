import { join } from 'node:path'
import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { listLetters, readLetter } from '#api/channels/letterbox/read.ts'
import { readOffersOf } from '#api/compensation/read.ts'
import { countsByPlan } from '#api/customers/affected-queries.ts'
import { commitImport } from '#api/customers/import-actions.ts'
import { committedTwin, listImportRows } from '#api/customers/import-queries.ts'
import { readCompany, readEvening, readMerchants } from '#api/demo/company.ts'
import { affectedCsv } from '#api/demo/customers.ts'
import { nextOfferStep, playOfferStep } from '#api/demo/offers.ts'
import { nextUpdate, playUpdate } from '#api/demo/player.ts'
import { isDemonstration } from '#api/demo/queries.ts'
import { seedDemonstration } from '#api/demo/seed.ts'
import { findCast, saidAt } from '#api/demo/told.ts'
import { isSealed } from '#api/lib/seal.ts'
import { dayMs, plusMs, toMs } from '#api/lib/time.ts'
import { expandNext, takeAnnounced } from '#api/notices/expand.ts'
import { workOnce } from '#api/notices/work.ts'
import { readIncident, readStatus } from '#api/status/read.ts'
import { countAudience } from '#api/subscribers/queries.ts'
import type { Locale, Words } from '#content/locales.ts'
import { handIn, importer, readIn } from '../support/importing.ts'
import { storiesAfter, story } from '../support/story.ts'

const password = 'four-quiet-paper-cranes'
const inBoth = (words: Words) => (['en', 'zh-CN'] as Locale[]).every((locale) => words[locale]?.trim())

const seeded = storiesAfter(({ app }) => seedDemonstration(app, { password, evening: 'U2' }))
/** One minute after U2, when the demonstration opens. */
const opens = '2026-11-11T12:23:00.000Z'

seeded('a newcomer sees a company with a past, in the middle of its worst evening', async ({ app, clock }) => {
  clock.set(opens)
  expect(await isDemonstration(app.db)).toBe(true)
  const page = await readStatus(app)
  const components = page.groups.flatMap((group) => group.components)
  expect(page.groups.map(({ name }) => name.en)).toEqual(['Storefront', 'Transactions', 'Fulfilment', 'Merchant'])
  expect(components).toHaveLength(14)
  expect(components.filter(({ core }) => core).map(({ name }) => name.en)).toEqual([
    'Order placement',
    'Payments',
    'Login and SSO',
  ])
  expect(components.every(({ name, description }) => inBoth(name) && inBoth(description))).toBe(true)
  expect(page.overall).toEqual({ status: 'major_outage', count: 1 })

  const [open] = page.open
  expect(open?.code).toBe('1107')
  expect(open?.impact).toBe('critical')
  expect(open?.title['zh-CN']).toBe('多数商家和买家无法提交订单，支付也可能失败。')
  expect(open?.updates.map(({ number }) => number)).toEqual([2, 1])
  expect(open?.nextUpdateAt).toBe('2026-11-11T12:37:00.000Z')
  expect(open?.scope.en).toContain('CN-South')

  expect(page.knownIssues).toHaveLength(1)
  const young = components.find(({ name }) => name.en === 'Webhooks')!
  expect(young.days[0]).toBe('none')
  expect(young.days.at(-1)).toBe('operational')
  const login = components.find(({ name }) => name.en === 'Login and SSO')!
  expect(login.days).toContain('partial_outage')
  const upcoming = page.maintenances.filter(({ status }) => status === 'scheduled')
  expect(upcoming.map(({ title }) => title.en)).toEqual(['Scheduled maintenance: Search'])
})

seeded('90 days hold eight or more incidents, each told in both languages to its end', async ({ app, clock }) => {
  clock.set(opens)
  const rows = await app.db.selectFrom('incident').selectAll().where('severity', '=', 2).execute()
  const recent = rows.filter(({ startedAt }) => toMs(startedAt) > toMs(app.now()) - 90 * dayMs)
  expect(recent.length).toBeGreaterThanOrEqual(8)
  expect(rows.length).toBeGreaterThan(recent.length)
  expect(rows.every(({ resolvedAt }) => resolvedAt)).toBe(true)
  const updates = await app.db.selectFrom('incidentUpdate').selectAll().execute()
  for (const { id, title } of rows) {
    const told = updates.filter(({ incidentId }) => incidentId === id)
    expect(told.length, title).toBeGreaterThanOrEqual(3)
    expect(told.every(({ body }) => inBoth(JSON.parse(body)))).toBe(true)
  }
  const reports = rows.find(({ title }) => title.includes('Reports were up to 40 minutes late'))!
  expect(toMs(reports.endedAt!) - toMs(reports.startedAt)).toBe(112 * 60_000)
  const payments = await app.db.selectFrom('maintenance').selectAll().where('title', 'like', '%Payments%').execute()
  expect(payments).toMatchObject([{ startsAt: '2026-10-26T18:00:00.000Z', completedAt: '2026-10-26T19:10:00.000Z' }])
  // Nobody was written to about the past: only the evening's two updates wait for the worker.
  const announced = await app.db.selectFrom('outbox').select('kind').where('audience', 'is not', null).execute()
  expect(announced.map(({ kind }) => kind)).toEqual(['incident.opened', 'incident.updated'])
})

seeded('3,420 merchants are its customers, and billing’s list of 3,110 rows names 3,102 of them', async ({ app }) => {
  const plans = await app.db
    .selectFrom('customer')
    .select(['plan', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('plan')
    .orderBy('count', 'desc')
    .execute()
  expect(plans.map(({ plan, count }) => [plan, Number(count)])).toEqual([
    ['Basic', 2_610],
    ['Pro', 690],
    ['Enterprise', 120],
  ])
  const keys = await app.db.selectFrom('customer').selectAll().where('keyFlag', '=', 1).execute()
  expect(keys).toHaveLength(38)
  expect(keys.every(({ plan, accountManager }) => plan === 'Enterprise' && accountManager)).toBe(true)
  const contacts = await app.db
    .selectFrom('customerContact')
    .select('id')
    .where(
      'customerId',
      'in',
      keys.map(({ id }) => id),
    )
    .execute()
  expect(contacts).toHaveLength(112)

  const incident = await app.db.selectFrom('incident').select('id').where('code', '=', '1107').executeTakeFirstOrThrow()
  const csv = affectedCsv(readMerchants())
  const lines = csv.trimEnd().split('\r\n')
  expect(lines).toHaveLength(3_111)
  const read = await readIn(app, csv, incident.id)
  expect(read).toMatchObject({ rows: 3_110, accepted: 3_102, duplicates: 3, unknown: 5, rejected: 0, reason: null })
  // Each of the eight is named with its line, and the three with the line that counts, too.
  const named = await listImportRows(app.db, read.id, ['rejected', 'duplicate', 'unknown'], 0, 100)
  expect(named.map(({ fate }) => fate).sort()).toEqual([...Array(3).fill('duplicate'), ...Array(5).fill('unknown')])
  for (const { line, fate, firstLine } of named) {
    if (fate === 'unknown') expect(lines[line - 1]).toMatch(/^"HZ-9/)
    else expect(lines[line - 1]).toBe(lines[(firstLine ?? 0) - 1])
  }
  await commitImport(app, importer, read.id)
  expect(await countsByPlan(app.db, read.listId!)).toEqual([
    { plan: 'Basic', count: 2_331 },
    { plan: 'Pro', count: 655 },
    { plan: 'Enterprise', count: 116 },
  ])
  const twin = await handIn(app, csv, incident.id)
  expect(await committedTwin(app.db, twin)).toMatchObject({ id: read.id, accepted: 3_102 })
})

seeded(
  '10,930 follow by mail, 1,550 by SMS, 96 programs and 212 chats, as the company has counted them',
  async ({ app, clock }) => {
    clock.set(opens)
    const cast = await findCast(app)
    const buying = ['orders', 'payments'].map(cast.component)
    const all = await countAudience(app.db, { email: { componentIds: buying, everything: true } })
    expect(all.email).toMatchObject({ people: 10_869, suppressed: 61 })
    const affected = await countAudience(app.db, {
      email: { componentIds: buying, everything: false },
      sms: { componentIds: buying, everything: true },
      webhook: { componentIds: buying, everything: true },
      slack: { componentIds: buying, everything: true },
      feishu: { componentIds: buying, everything: true },
    })
    expect(affected.email!.people + affected.email!.suppressed).toBe(8_905)
    expect(affected.sms).toMatchObject({ people: 1_322, suppressed: 0 })
    expect(affected.webhook!.people).toBe(90)
    expect(affected.slack!.people + affected.feishu!.people).toBe(194)
    const browsing = ['search', 'store-pages'].map(cast.component)
    const others = await countAudience(app.db, {
      email: { componentIds: browsing, everything: false },
      sms: { componentIds: browsing, everything: false },
      webhook: { componentIds: browsing, everything: false },
      slack: { componentIds: browsing, everything: false },
      feishu: { componentIds: browsing, everything: false },
    })
    expect(others.email!.people + others.email!.suppressed).toBe(1_870)
    expect(others.sms!.people).toBe(133)
    expect(others.webhook!.people).toBe(15)
    expect(others.slack!.people + others.feishu!.people).toBe(36)
    const { subscribers } = readCompany()
    const rows = await app.db.selectFrom('subscriber').select(['channel', 'locale', 'address', 'everything']).execute()
    for (const channel of ['email', 'sms', 'webhook', 'slack', 'feishu'] as const)
      for (const locale of ['zh-CN', 'en'] as const)
        expect(rows.filter((row) => row.channel === channel && row.locale === locale)).toHaveLength(
          subscribers[channel].locales[locale],
        )
    expect(rows.filter((row) => row.everything)).toHaveLength(2_025)
    for (const { channel, address } of rows.filter(({ address }) => !isSealed(address)))
      expect(app.channels.find(({ name }) => name === channel)?.parse(address)).toBe(address)
    const domains = new Set(rows.filter((row) => row.channel === 'email').map(({ address }) => address.split('@')[1]!))
    expect([...domains].every((domain) => domain.endsWith('.example'))).toBe(true)
  },
)

seeded('played to its end, the evening leaves 99.931 % and 99.979 % behind', async ({ app, clock }) => {
  clock.set(opens)
  const evening = readEvening()
  const said: string[] = []
  for (let next = await nextUpdate(app); typeof next !== 'string'; next = await nextUpdate(app)) {
    clock.set(saidAt(app, evening, next))
    await playUpdate(app, next)
    said.push(next.key!)
  }
  expect(said).toEqual(['U3', 'U4', 'U5', 'U6', 'U7', 'U8', 'U9'])
  expect(await nextUpdate(app)).toBe('told')
  const page = await readStatus(app)
  expect(page.open).toEqual([])
  expect(page.overall.status).toBe('operational')
  const uptime = (name: string) =>
    page.groups.flatMap((group) => group.components).find((component) => component.name.en === name)?.uptime
  expect(uptime('Order placement')).toBe('99.931')
  expect(uptime('Payments')).toBe('99.979')
  const incident = await app.db.selectFrom('incident').selectAll().where('code', '=', '1107').executeTakeFirstOrThrow()
  expect(incident).toMatchObject({ startedAt: '2026-11-11T12:02:00.000Z', endedAt: '2026-11-11T14:10:00.000Z' })
})

seeded('a week after the evening its three offers go live, 622,286.60 yuan in all', async ({ app, clock }) => {
  clock.set(opens)
  const evening = readEvening()
  expect(await nextOfferStep(app)).toBeNull()
  for (let next = await nextUpdate(app); typeof next !== 'string'; next = await nextUpdate(app)) {
    clock.set(saidAt(app, evening, next))
    await playUpdate(app, next)
  }
  const { id } = await app.db.selectFrom('incident').select('id').where('code', '=', '1107').executeTakeFirstOrThrow()
  const played: string[] = []
  for (let step = await nextOfferStep(app); step && step.kind !== 'claim'; step = await nextOfferStep(app)) {
    clock.set(plusMs(step.at, played.length))
    if (step.kind === 'live' && !played.includes('live')) expect((await readIncident(app, id))?.offers).toEqual([])
    await playOfferStep(app, await findCast(app), step)
    played.push(step.kind)
  }
  const thrice = (kind: string) => [kind, kind, kind]
  expect(played).toEqual(['list', ...['write', 'request', 'approve', 'live'].flatMap(thrice)])
  expect((await readIncident(app, id))?.offers.map(({ title }) => title.en)).toEqual([
    'Credit of 10 % of November’s fee',
    '7 extra days of service',
    'A 30-yuan SMS package coupon',
  ])
  const { sums, affected } = await readOffersOf(app, id)
  expect([affected, sums.map(({ committedMinor }) => committedMinor)]).toEqual([3_102, [62_228_660]])
})

// The letterbox takes them on the demonstration's own engine; on the other, as far as the ledger is the matter.
story(
  '10,869 are told by mail, 1,322 by SMS, 90 programs and 194 chats of U1; U2 asks for 8,905 by mail',
  async ({ app, clock, engine }) => {
    await seedDemonstration(app, { password, evening: 'U1' })
    clock.set('2026-11-11T12:12:00.000Z')
    if (engine === 'sqlite') {
      while (await workOnce(app)) clock.move(1)
      await readLetters(app)
    } else await expandAll(app)
    const state = engine === 'sqlite' ? 'sent' : 'queued'
    expect(await rowsOf(app, 'incident.opened')).toEqual({
      [`email ${state}`]: 10_869,
      'email suppressed': 61,
      [`sms ${state}`]: 1_322,
      [`webhook ${state}`]: 90,
      [`slack ${state}`]: 36,
      [`feishu ${state}`]: 158,
    })

    clock.set('2026-11-11T12:22:00.000Z')
    const next = await nextUpdate(app)
    if (typeof next === 'string') throw new Error(next)
    await playUpdate(app, next)
    await expandAll(app)
    const asked = Object.entries(await rowsOf(app, 'incident.updated'))
    expect(asked.some(([kind]) => kind.startsWith('sms'))).toBe(false)
    const byMail = asked.filter(([kind]) => kind.startsWith('email'))
    expect(byMail.reduce((sum, [, rows]) => sum + rows, 0)).toBe(8_905)
  },
)

async function expandAll(app: App): Promise<void> {
  await takeAnnounced(app)
  while (await expandNext(app));
}

/** Both languages' first SMS lie in the letterbox, to the letter; what programs and chats are told lies beside them, and nothing of where. */
async function readLetters(app: App): Promise<void> {
  const letterbox = join(app.config.dataDir, 'letterbox')
  const { data } = await listLetters(letterbox, { channel: 'sms', limit: 200 })
  const text = async (locale: string) =>
    (await readLetter(letterbox, data.find((letter) => letter.locale === locale)!.id))?.text
  expect(await text('zh-CN')).toBe(
    '【禾舟商云】下单、支付自20:02起异常，正紧急处理。20:27前更新：status.hezhou.example/i/1107',
  )
  expect(await text('en')).toBe(
    '[Hezhou] Order placement and payments failing since 20:02 (UTC+8). Fix under way. Next update by 20:27: status.hezhou.example/i/1107',
  )
  const oneOf = async (channel: string) => {
    const { data: letters } = await listLetters(letterbox, { channel, limit: 1 })
    return (await readLetter(letterbox, letters[0]!.id))!
  }
  const hook = await oneOf('webhook')
  expect(hook.address).toMatch(/^[a-z-]+\.example\/…[a-z0-9]{4}$/)
  expect(hook.subject).toMatch(/^incident\.updated: /)
  expect(JSON.parse(hook.text)).toMatchObject({
    type: 'incident.updated',
    data: { incident: { status: 'investigating' } },
  })
  const chat = await oneOf('feishu')
  expect(chat.address).toMatch(/^open\.feishu\.example\/…[a-z0-9]{4}$/)
  expect(chat.subject).toContain('多数商家和买家无法提交订单')
  expect((await oneOf('slack')).text).toContain(`/incidents/`)
}

/** Ledger rows of the notices of a kind, by channel and state. */
async function rowsOf(app: App, kind: string): Promise<Record<string, number>> {
  const rows = await app.db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .select(({ fn }) => ['channel', 'state', fn.countAll().as('rows')])
    .where('notice.kind', '=', kind)
    .groupBy(['channel', 'state'])
    .execute()
  return Object.fromEntries(rows.map(({ channel, state, rows }) => [`${channel} ${state}`, Number(rows)]))
}
