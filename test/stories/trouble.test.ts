import { sql } from 'kysely'
import { afterAll, beforeEach, expect, vi } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import type { Log } from '#api/lib/log.ts'
import { pack } from '#api/lib/pack.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { sendDirect } from '#api/notices/direct.ts'
import { expandNext, takeAnnounced } from '#api/notices/expand.ts'
import { freezeNext } from '#api/notices/freeze.ts'
import { closeNotice, endDeliveries } from '#api/notices/queries.ts'
import { runWorker } from '#api/notices/run-worker.ts'
import { claimNext } from '#api/notices/send.ts'
import { planOnce } from '#api/notices/work.ts'
import { localEnv } from '../support/endpoints.ts'
import { type Stage, story } from '../support/story.ts'
import { ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openSlack } from '../wire/slack.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

const resend = await openResend()
const twilio = await openTwilio()
const slack = await openSlack()
const wired = { ...resendEnv(resend), ...twilioEnv(twilio), ...localEnv }
afterAll(() => Promise.all([resend.close(), twilio.close(), slack.close()]))
beforeEach(() => {
  resend.batches.length = 0
  twilio.sent.length = 0
  resend.heal()
  twilio.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, wired)

const readers = (count: number) => Array.from({ length: count }, (_, i) => ({ address: `reader${i}@mail.example` }))
const confirmation = (app: App) =>
  app.db.transaction().execute((trx) =>
    sendDirect(app, trx, {
      kind: 'confirmation',
      channel: 'email',
      subscriberId: 'somebody0000',
      address: 'new@mail.example',
      locale: 'en',
      message: { subject: 'Is it you?', html: '<p>Is it you?</p>', text: 'Is it you?' },
    }),
  )

/** A second program on the same record, with these settings changed. */
function again({ env, clock, app }: Stage, change: { mode?: 'production'; without?: string; log?: Log }): App {
  const kept = Object.entries(env).filter(([name]) => !change.without || !name.startsWith(change.without))
  const config = { ...readConfig(Object.fromEntries(kept), 'test'), ...(change.mode ? { mode: change.mode } : {}) }
  return openApp(config, { clock, site: app.site, ...(change.log ? { log: change.log } : {}) })
}

tell('a notice that cannot be read holds up no other, and no confirmation', async ({ app, clock, engine }) => {
  const services = await openServices(app)
  const robot = app.channels.find(({ name }) => name === 'slack')!
  await subscribe(app, [...readers(1), { channel: 'slack', address: robot.parse(slack.hook(engine)) }])
  const broken = await ordersDown(app, services)
  await app.db.updateTable('incidentUpdate').set({ body: '{"en": oops' }).execute()
  clock.move(secondMs)
  const incident = await ordersDown(app, services)
  await app.db.updateTable('outbox').set({ audience: '[' }).where('incidentId', '=', incident.id).execute()
  clock.move(secondMs)
  const fine = await ordersDown(app, services)
  await confirmation(app)
  await workFor(app, clock, secondMs)
  expect(resend.mails().map(({ subject }) => subject)).toEqual([
    'Is it you?',
    '[Hezhou status] Investigating: Most merchants cannot place orders.',
  ])
  expect(resend.mails()[1]!.html).toContain(fine.id)
  expect(slack.posts(engine)).toHaveLength(1)
  // Put right within the day, it goes out after all.
  await app.db
    .updateTable('incidentUpdate')
    .set({ body: JSON.stringify(words('Now it can be read.', '现在可读。')) })
    .where('incidentId', '=', broken.id)
    .execute()
  await workFor(app, clock, 2 * minuteMs)
  expect(resend.mails()).toHaveLength(3)
  expect(resend.mails()[2]!.html).toContain('Now it can be read.')
  expect(slack.posts(engine)).toHaveLength(2)
})

tell('a notice that is never readable again ends after a day instead of waiting for ever', async ({ app, clock }) => {
  await subscribe(app, readers(2))
  await ordersDown(app, await openServices(app))
  await app.db.updateTable('incidentUpdate').set({ body: '{"en": oops' }).execute()
  await workFor(app, clock, 24 * hourMs)
  await workFor(app, clock, minuteMs)
  expect((await ledger(app)).map(({ state, reason }) => [state, reason])).toEqual([
    ['expired', 'too old to be sent'],
    ['expired', 'too old to be sent'],
  ])
})

tell('a stored message that cannot be read fails alone', async (stage) => {
  const { app, clock } = stage
  await subscribe(app, [{ channel: 'sms', address: '+6581234567' }, ...readers(150)])
  await ordersDown(app, await openServices(app))
  while (await planOnce(app));
  const [first] = await app.db.selectFrom('batch').select('id').where('channel', '=', 'email').execute()
  await app.db.updateTable('batch').set({ bytes: 'torn' }).where('id', '=', first!.id).execute()
  await app.db
    .updateTable('batch')
    .set({ bytes: pack('{"to":') })
    .where('channel', '=', 'sms')
    .execute()
  await confirmation(app)
  // Whoever froze it may know the words still; a program that starts reads what is stored.
  const later = again(stage, {})
  await workFor(later, clock, minuteMs)
  await later.close()
  const rows = await app.db.selectFrom('delivery').select(['batchId', 'channel', 'state', 'reason']).execute()
  const torn = rows.filter(({ batchId, channel }) => batchId === first!.id || channel === 'sms')
  expect(new Set(torn.map(({ state, reason }) => `${state}: ${reason}`))).toEqual(
    new Set(['failed: the stored message cannot be read']),
  )
  expect(rows.filter((row) => !torn.includes(row)).every(({ state }) => state === 'sent')).toBe(true)
  expect(resend.mails().length).toBe(rows.length - torn.length)
})

tell('what waits when a channel is switched off ends when its time is over, with the reason', async (stage) => {
  const { app, clock } = stage
  await subscribe(app, [
    ...readers(2),
    ...Array.from({ length: 9 }, (_, i) => ({ channel: 'sms' as const, address: `+861390000000${i}` })),
  ])
  await ordersDown(app, await openServices(app))
  while ((await takeAnnounced(app)) || (await expandNext(app)));
  // Some lie in batches, one waits for one.
  await freezeNext(app, 8)
  const off = again(stage, { mode: 'production', without: 'TWILIO' })
  await workFor(off, clock, 29 * minuteMs)
  const sms = async () => (await ledger(app)).filter(({ channel }) => channel === 'sms')
  expect((await sms()).map(({ state }) => state)).toEqual(Array(9).fill('queued'))
  await workFor(off, clock, 2 * minuteMs)
  expect(new Set((await sms()).map(({ state, reason }) => `${state}: ${reason}`))).toEqual(
    new Set(['expired: too old to be sent: No SMS provider is set up: TWILIO_ACCOUNT_SID is missing.']),
  )
  expect(resend.mails()).toHaveLength(2)
  expect(twilio.sent).toHaveLength(0)
  expect(await app.db.selectFrom('notice').select('id').where('frozenAt', 'is', null).execute()).toEqual([])
  await off.close()
})

tell('a channel that is switched off while recipients are found holds up no other', async (stage) => {
  const { app, clock } = stage
  await subscribe(app, [...readers(600), { channel: 'sms', address: '+6581234567' }])
  await ordersDown(app, await openServices(app))
  await takeAnnounced(app)
  await expandNext(app)
  const off = again(stage, { mode: 'production', without: 'RESEND' })
  await workFor(off, clock, minuteMs)
  expect(twilio.smsTo('+6581234567')).toHaveLength(1)
  await off.close()
})

tell('only what still waits for a batch is ended as not sent', async ({ app }) => {
  await subscribe(app, readers(3))
  await ordersDown(app, await openServices(app))
  while ((await takeAnnounced(app)) || (await expandNext(app)));
  await freezeNext(app, 1)
  const [inBatch, sent, waiting] = (await app.db.selectFrom('delivery').select('id').orderBy('id').execute()).map(
    ({ id }) => id,
  )
  await app.db.updateTable('delivery').set({ batchId: null }).where('id', '<>', inBatch!).execute()
  await app.db.updateTable('delivery').set({ state: 'sent' }).where('id', '=', sent!).execute()
  const end = { state: 'expired', reason: 'too old to be sent' } as const
  await app.db.transaction().execute((trx) => endDeliveries(trx, [inBatch!, sent!, waiting!], app.now(), end))
  const states = await app.db.selectFrom('delivery').select(['id', 'state']).orderBy('id').execute()
  expect(states.map(({ state }) => state)).toEqual(['queued', 'sent', 'expired'])
})

/** From now on the record refuses that a batch is settled, as a full disk would; `heal` ends it. */
async function refuseSettling({ app, engine }: Stage): Promise<{ heal(): Promise<void> }> {
  if (engine === 'sqlite')
    await sql`create trigger refuse before update on batch when new.state = 'final'
      begin select raise(abort, 'the disk is full'); end`.execute(app.db)
  else {
    await sql`create function refuse() returns trigger language plpgsql
      as 'begin raise exception ''the disk is full''; end'`.execute(app.db)
    await sql`create trigger refuse before update on batch for each row when (new.state = 'final')
      execute function refuse()`.execute(app.db)
  }
  return {
    heal: async () => {
      await (engine === 'sqlite' ? sql`drop trigger refuse` : sql`drop trigger refuse on batch`).execute(app.db)
    },
  }
}

tell('an SMS that was accepted is written down as sent, however long the record refuses it', async (stage) => {
  const { app, clock } = stage
  await subscribe(app, [{ channel: 'sms', address: '+6581234567' }])
  const incident = await ordersDown(app, await openServices(app))
  const events: string[] = []
  const working = again(stage, { log: (_level, event) => events.push(event) })
  const { heal } = await refuseSettling(stage)
  const worker = runWorker(working, async () => {})
  const within = { timeout: 20_000 }
  await vi.waitFor(() => expect(events.filter((event) => event === 'settle.failed').length).toBeGreaterThan(2), within)
  // Its lease runs out, and something new is to be sent: neither comes first.
  clock.move(minuteMs)
  await publishUpdate(app, lin, incident.id, { status: 'resolved', body: words('It is over.', '已恢复。') })
  await heal()
  worker.wake()
  const states = async () => (await ledger(app)).map(({ state }) => state)
  await vi.waitFor(async () => expect(await states()).toEqual(['sent', 'sent']), within)
  await worker.stop()
  expect(twilio.sent).toHaveLength(2)
  expect(await app.db.selectFrom('attempt').select('outcome').execute()).toEqual([
    { outcome: 'sent' },
    { outcome: 'sent' },
  ])
  await working.close()
})

tell(
  'a notice is not closed while a message of it waits, as when somebody asks for one more attempt just then',
  async ({ app }) => {
    await subscribe(app, readers(1))
    await ordersDown(app, await openServices(app))
    await takeAnnounced(app)
    while (await expandNext(app));
    const { id } = await app.db.selectFrom('notice').select('id').executeTakeFirstOrThrow()
    const close = () => app.db.transaction().execute((trx) => closeNotice(trx, id, app.now(), ['sms', 'email']))
    expect(await close()).toBe(false)
    const open = await app.db.selectFrom('notice').select('frozenAt').executeTakeFirstOrThrow()
    expect(open.frozenAt).toBeNull()
    await app.db.updateTable('delivery').set({ state: 'skipped' }).execute()
    expect(await close()).toBe(true)
  },
)

tell('what a provider says is kept as text that every record takes', async ({ app, clock }) => {
  await subscribe(app, readers(1))
  await ordersDown(app, await openServices(app))
  resend.failNext(1, { status: 451, body: { statusCode: 451, name: 'security_error', message: 'no \u0000\n this' } })
  await workFor(app, clock, secondMs)
  expect(await ledger(app)).toMatchObject([{ state: 'failed', reason: 'security_error 451: no   this' }])
})

tell('a claim that was committed without the worker’s knowing is not left lying', async ({ app, clock }) => {
  await subscribe(app, [{ channel: 'sms', address: '+8613900000001' }])
  await ordersDown(app, await openServices(app))
  while (await planOnce(app));
  const begin = app.db.transaction.bind(app.db)
  vi.spyOn(app.db, 'transaction').mockImplementationOnce(() => {
    const builder = begin()
    const execute = builder.execute.bind(builder)
    return Object.assign(builder, {
      async execute<T>(work: Parameters<typeof execute<T>>[0]): Promise<T> {
        await execute(work)
        throw new Error('The answer to the commit was lost.')
      },
    })
  })
  await expect(claimNext(app)).rejects.toThrow('lost')
  await workFor(app, clock, secondMs)
  expect((await ledger(app)).map(({ state, attempts }) => [state, attempts])).toEqual([['sent', 2]])
  expect(twilio.sent).toHaveLength(1)
})
