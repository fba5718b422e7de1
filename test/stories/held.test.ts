import { afterAll, beforeEach, expect } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { sendDirect } from '#api/notices/direct.ts'
import { holdEverything, keepHeartbeat } from '#api/notices/heartbeat.ts'
import { endNotice, releaseNotice } from '#api/notices/held.ts'
import { heldNotices } from '#api/notices/held-queries.ts'
import { planOnce, workOnce } from '#api/notices/work.ts'
import { type Stage, story } from '../support/story.ts'
import { ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor, workNow } from '../support/work.ts'
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

const operator: Actor = { id: 'command line', roles: [] }
const readers = (count: number) => Array.from({ length: count }, (_, i) => ({ address: `reader${i}@mail.example` }))
const states = async (app: App) => {
  const counts: Record<string, number> = {}
  for (const { state } of await ledger(app)) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
const audited = async (app: App) =>
  (
    await app.db
      .selectFrom('audit')
      .select(['action', 'actorId'])
      .where('action', 'like', 'notice.%')
      .orderBy('at')
      .orderBy('action')
      .execute()
  ).map(({ action, actorId }) => [action, actorId])
/** The same program started again on the same record. */
const restarted = ({ env, clock }: Stage) => openApp(readConfig(env, 'test'), { clock })

/** 900 readers of whom the first 600 were written to; so many of those bounced, the others have it. */
async function halfWay({ app, clock }: Stage, bounced: number): Promise<string> {
  await subscribe(app, readers(900))
  await ordersDown(app, await openServices(app))
  while (resend.mails().length < 600) if (!(await workOnce(app))) clock.move(100)
  const sent = await app.db.selectFrom('delivery').select('id').where('state', '=', 'sent').execute()
  const ids = sent.map(({ id }) => id)
  const mark = (some: string[], state: 'bounced' | 'delivered') =>
    app.db.updateTable('delivery').set({ state }).where('id', 'in', some).execute()
  await mark(ids.slice(0, bounced), 'bounced')
  await mark(ids.slice(bounced), 'delivered')
  return (await app.db.selectFrom('notice').select('id').executeTakeFirstOrThrow()).id
}

tell('a fan-out that loses more than 5 % of its mails stops until a person lets it go on', async (stage) => {
  const { app, clock } = stage
  const id = await halfWay(stage, 31)
  clock.move(5 * secondMs)
  await workFor(app, clock, hourMs)
  expect(await states(app)).toMatchObject({ bounced: 31, delivered: 569, queued: 300 })
  const [held] = await heldNotices(app.db)
  expect(held).toMatchObject({ id, kind: 'incident.opened' })
  expect(held!.heldReason).toMatch(/^31 of 600 mails bounced \(5\.2 %\)/)
  expect(held!.counts).toContainEqual({ channel: 'email', state: 'queued', count: 300 })
  await releaseNotice(app, lin, id)
  await expect(releaseNotice(app, lin, id)).rejects.toMatchObject({ code: 'conflict' })
  await workFor(app, clock, hourMs)
  // The bounces that were known then do not stop it again.
  expect(await states(app)).toEqual({ bounced: 31, delivered: 569, sent: 300 })
  expect(await audited(app)).toEqual([
    ['notice.held', 'system'],
    ['notice.released', 'lin'],
  ])
})

tell('a person may end what is held: the rows of those who were not told say so', async (stage) => {
  const { app, clock } = stage
  const id = await halfWay(stage, 31)
  clock.move(5 * secondMs)
  await workNow(app)
  await endNotice(app, lin, id)
  await expect(endNotice(app, lin, id)).rejects.toMatchObject({ code: 'conflict' })
  await expect(endNotice(app, lin, 'nothing00000')).rejects.toMatchObject({ code: 'not_found' })
  await workFor(app, clock, hourMs)
  expect(await states(app)).toEqual({ bounced: 31, delivered: 569, skipped: 300 })
  const ended = (await ledger(app)).filter(({ state }) => state === 'skipped')
  expect(new Set(ended.map(({ reason }) => reason?.split(':')[0]))).toEqual(
    new Set(['ended by a person while it was held']),
  )
  expect(resend.mails()).toHaveLength(600)
  expect(await heldNotices(app.db)).toEqual([])
  expect(await app.db.selectFrom('batch').select('id').where('state', '<>', 'final').execute()).toEqual([])
})

tell('5 % and no more, or fewer than 500 known, stop nothing', async (stage) => {
  const { app, clock } = stage
  await halfWay(stage, 30)
  clock.move(5 * secondMs)
  await workFor(app, clock, hourMs)
  expect(resend.mails()).toHaveLength(900)
  expect(await heldNotices(app.db)).toEqual([])
})

tell('after a long stop nothing old is announced by itself, and what is new goes', async (stage) => {
  const { app, clock } = stage
  const services = await openServices(app)
  await subscribe(app, readers(3))
  await keepHeartbeat(app)
  await ordersDown(app, services)
  while (await planOnce(app));
  await ordersDown(app, services)
  await app.db.transaction().execute((trx) =>
    sendDirect(app, trx, {
      kind: 'subscription.question',
      channel: 'email',
      subscriberId: 'somebody0000',
      address: 'new@mail.example',
      locale: 'en',
      message: { subject: 'Is it you?', html: '<p>Is it you?</p>', text: 'Is it you?' },
    }),
  )
  clock.move(2 * hourMs)
  const fresh = await ordersDown(app, services)
  const again = restarted(stage)
  try {
    await keepHeartbeat(again)
    await workFor(again, clock, 5 * minuteMs)
    expect(
      resend
        .mails()
        .map(({ to }) => to)
        .sort(),
    ).toEqual(readers(3).map(({ address }) => address))
    expect(resend.mails().every(({ html }) => html.includes(fresh.id))).toBe(true)
    const held = await heldNotices(again.db)
    expect(held).toHaveLength(2)
    expect(held[0]!.heldReason).toMatch(/^the program stood still from 2026-11-11T12:08:00.000Z to 2026-11-11T14:08/)
    expect(held[1]!.counts).toEqual([{ channel: 'email', state: 'queued', count: 3 }])
    expect(await states(again)).toEqual({ sent: 3, queued: 6, expired: 1 })
    await releaseNotice(again, lin, held[0]!.id)
    await workFor(again, clock, minuteMs)
    expect(resend.mails()).toHaveLength(6)
  } finally {
    await again.close()
  }
})

tell('a short stop, and an outage of the providers however long, hold nothing', async (stage) => {
  const { app, clock } = stage
  await subscribe(app, readers(3))
  await keepHeartbeat(app)
  await ordersDown(app, await openServices(app))
  clock.move(50 * minuteMs)
  const again = restarted(stage)
  try {
    await keepHeartbeat(again)
    resend.failNext(1_000, 503)
    for (let i = 0; i < 12; i++) {
      await keepHeartbeat(again)
      await workFor(again, clock, 30 * minuteMs)
    }
    resend.heal()
    await keepHeartbeat(again)
    await workFor(again, clock, 5 * hourMs)
    expect(resend.mails()).toHaveLength(3)
    expect(await heldNotices(again.db)).toEqual([])
  } finally {
    await again.close()
  }
})

tell('a record of an earlier version announces nothing old by itself', async ({ app, clock }) => {
  await subscribe(app, readers(2))
  await ordersDown(app, await openServices(app))
  clock.move(2 * hourMs)
  await keepHeartbeat(app)
  await workFor(app, clock, minuteMs)
  expect(resend.mails()).toEqual([])
  expect(await heldNotices(app.db)).toHaveLength(1)
})

tell('by hand everything open is held before a restored record is used', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, readers(2))
  await ordersDown(app, services)
  expect(await holdEverything(app, operator)).toEqual({ held: 1, ended: 0 })
  clock.move(secondMs)
  await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
  expect(resend.mails()).toHaveLength(2)
  expect(await heldNotices(app.db)).toHaveLength(1)
  expect(await audited(app)).toEqual([['notice.held', 'command line']])
})

tell('what is too old ends as expired wherever it waits, and is not sent', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [...readers(150), { channel: 'sms', address: '+6581234567' }])
  const unauthorised = { status: 401, body: { statusCode: 401, name: 'missing_api_key', message: 'No.' } }
  resend.failNext(1_000, unauthorised)
  twilio.failNext(1_000, 429)
  const incident = await ordersDown(app, services)
  await workFor(app, clock, hourMs)
  expect((await ledger(app)).at(-1)).toMatchObject({ to: '+6581234567', state: 'expired' })
  await publishUpdate(app, lin, incident.id, {
    status: 'resolved',
    body: words('Over.', '已恢复。'),
    nextUpdateAt: null,
  })
  await workFor(app, clock, 13 * hourMs)
  resend.heal()
  twilio.heal()
  await workFor(app, clock, hourMs)
  expect(resend.mails()).toEqual([])
  const mails = (await ledger(app)).filter(({ to }) => to.includes('@'))
  expect(new Set(mails.map(({ state }) => state))).toEqual(new Set(['expired']))
  expect(mails.every(({ reason }) => reason?.startsWith('too old to be sent'))).toBe(true)
})

tell('a code is never sent dead: not after its ten minutes, and not after a newer one', async ({ app, clock }) => {
  const { requestSubscription } = await import('#api/subscribers/actions.ts')
  const wish = { channel: 'sms', address: '+6581234567', components: [], locale: 'en' as const }
  await requestSubscription(app, wish, '203.0.113.7')
  clock.move(minuteMs)
  await requestSubscription(app, wish, '203.0.113.7')
  await workFor(app, clock, minuteMs)
  expect(twilio.smsTo('+6581234567')).toHaveLength(1)
  expect(await states(app)).toEqual({ sent: 1, expired: 1 })
  await requestSubscription(app, { ...wish, address: '+6581234568' }, '203.0.113.7')
  clock.move(10 * minuteMs)
  await workFor(app, clock, minuteMs)
  expect(twilio.smsTo('+6581234568')).toEqual([])
  expect(await states(app)).toEqual({ sent: 1, expired: 2 })
})
