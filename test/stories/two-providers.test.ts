import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { sendDirect } from '#api/notices/direct.ts'
import { stoppedChannels } from '#api/notices/ledger-queries.ts'
import { stoppedProviders } from '#api/notices/provider.ts'
import { planOnce } from '#api/notices/work.ts'
import { story } from '../support/story.ts'
import { ledger, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { restart, workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openSmtp, smtpEnv } from '../wire/smtp.ts'

// Two providers of mail: while the first takes nothing, the other carries on, and nobody is told twice without a word.

const resend = await openResend()
const smtp = await openSmtp()
afterAll(() => Promise.all([resend.close(), smtp.close()]))
beforeEach(() => {
  resend.batches.length = 0
  resend.heal()
  smtp.mails.length = 0
  smtp.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, { ...smtpEnv(smtp), ...resendEnv(resend) })

const readers = (count: number, name = 'reader') =>
  Array.from({ length: count }, (_, i) => ({ address: `${name}${i}@mail.example` }))
const toldOf = () => [...resend.mails().map(({ to }) => to), ...smtp.mails.map(({ to }) => to)]
const stateOf = (app: App, account: string) =>
  app.db.selectFrom('channelState').selectAll().where('channel', '=', account).executeTakeFirst()
const stoppedNow = async (app: App) => stoppedProviders(app.channels, await stoppedChannels(app.db))
const quota = { status: 429, body: { statusCode: 429, name: 'daily_quota_exceeded', message: 'Enough for today.' } }
const ask = (app: App, address: string) =>
  app.db.transaction().execute((trx) =>
    sendDirect(app, trx, {
      kind: 'confirmation',
      channel: 'email',
      subscriberId: 'somebody0000',
      address,
      locale: 'en',
      message: { subject: 'Is it you?', html: '<p>Is it you?</p>', text: 'Is it you?' },
    }),
  )

tell(
  'a used-up quota sends everybody’s mail the other way, once, and the first is used again when it works',
  async (stage) => {
    const { app, clock } = stage
    await subscribe(app, readers(12))
    resend.failNext(2, quota)
    await ordersDown(app, await openServices(app))
    await workFor(app, clock, minuteMs)
    expect(resend.mails()).toHaveLength(0)
    expect(new Set(smtp.mails.map(({ to }) => to)).size).toBe(12)
    expect(smtp.mails).toHaveLength(12)
    const lines = await ledger(app)
    expect(new Set(lines.map(({ state, reason }) => `${state} ${reason}`))).toEqual(new Set(['sent null']))
    expect((await stateOf(app, 'email'))?.stoppedReason).toContain('daily_quota_exceeded')
    expect(await stoppedNow(app)).toMatchObject([{ account: 'email', provider: 'resend', meanwhile: 'smtp' }])
    // What one person waits for does not wait for the first provider either.
    await ask(app, 'new@mail.example')
    await workFor(app, clock, secondMs)
    expect(smtp.mailTo('new@mail.example')).toHaveLength(1)

    // The next try meets the quota again, the one after it does not: then the mails go there.
    await workFor(app, clock, 15 * minuteMs)
    await ask(app, 'second@mail.example')
    await workFor(app, clock, secondMs)
    expect(smtp.mailTo('second@mail.example')).toHaveLength(1)
    expect((await stateOf(app, 'email'))?.stoppedAt).not.toBeNull()
    await workFor(app, clock, 15 * minuteMs)
    await ask(app, 'third@mail.example')
    await workFor(app, clock, secondMs)
    expect(resend.mailTo('third@mail.example')).toHaveLength(1)
    expect((await stateOf(app, 'email'))?.stoppedAt).toBeNull()
    await ask(app, 'fourth@mail.example')
    await workFor(app, clock, secondMs)
    expect(resend.mailTo('fourth@mail.example')).toHaveLength(1)
    expect(toldOf()).toHaveLength(16)
  },
)

tell('what the stopped provider may have taken waits for it, and then goes with a note', async ({ app, clock }) => {
  await subscribe(app, readers(2))
  resend.failNext(1, 'reset-after-accept')
  resend.failNext(100, quota)
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, 25 * minuteMs)
  expect(smtp.mails).toHaveLength(0)
  await workFor(app, clock, 20 * minuteMs)
  expect(smtp.mails.map(({ to }) => to).sort()).toEqual(['reader0@mail.example', 'reader1@mail.example'])
  const rows = await app.db.selectFrom('delivery').select(['state', 'reason', 'possibleDuplicate']).execute()
  expect(rows).toEqual(
    Array(2).fill({
      state: 'sent',
      reason: 'Resend may have taken this too: it may arrive twice',
      possibleDuplicate: 1,
    }),
  )
})

tell('when the first works again in time, the same key tells that nothing is missing', async ({ app, clock }) => {
  await subscribe(app, readers(2))
  resend.failNext(1, 'reset-after-accept')
  resend.failNext(1, quota)
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, hourMs)
  expect(resend.batches.map(({ replay }) => replay)).toEqual([false, true])
  expect(smtp.mails).toHaveLength(0)
  const rows = await app.db.selectFrom('delivery').select(['state', 'possibleDuplicate']).execute()
  expect(rows).toEqual(Array(2).fill({ state: 'sent', possibleDuplicate: 0 }))
})

tell(
  'a provider that answers nothing for minutes counts as stopped, and what it never saw goes the other way',
  async (stage) => {
    const { app, clock } = stage
    await subscribe(app, readers(1))
    resend.failNext(1_000, 503)
    const services = await openServices(app)
    await ordersDown(app, services)
    await workFor(app, clock, 3 * minuteMs)
    expect((await stateOf(app, 'email'))?.stoppedReason).toContain('internal_server_error')
    await ask(app, 'new@mail.example')
    await workFor(app, clock, secondMs)
    expect(smtp.mailTo('new@mail.example')).toHaveLength(1)
    expect(smtp.mailTo('reader0@mail.example')).toHaveLength(0)
    resend.heal()
    await workFor(app, clock, 15 * minuteMs)
    expect(resend.mailTo('reader0@mail.example')).toHaveLength(1)
    expect((await stateOf(app, 'email'))?.stoppedAt).toBeNull()
    expect((await stateOf(app, 'email'))?.silentSince).toBeNull()
  },
)

tell('with both stopped nothing is lost: each is tried, and the first that works takes it', async ({ app, clock }) => {
  await subscribe(app, readers(3))
  resend.failNext(5, quota)
  smtp.lockOut(true)
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, 40 * minuteMs)
  expect(toldOf()).toEqual([])
  expect((await stateOf(app, 'email/smtp'))?.stoppedReason).toContain('535')
  expect((await stoppedNow(app)).map(({ account, meanwhile }) => [account, meanwhile])).toEqual([
    ['email', null],
    ['email/smtp', null],
  ])
  smtp.heal()
  await workFor(app, clock, 40 * minuteMs)
  expect(toldOf().sort()).toEqual(readers(3).map(({ address }) => address))
})

tell('a stored batch that is torn ends by itself, and all others go the other way', async ({ app, clock }) => {
  await subscribe(app, readers(101))
  await ordersDown(app, await openServices(app))
  while (await planOnce(app));
  const [torn] = await app.db.selectFrom('batch').select('id').orderBy('size', 'desc').execute()
  await app.db.updateTable('batch').set({ bytes: 'torn' }).where('id', '=', torn!.id).execute()
  const now = app.now()
  const stopped = {
    stoppedAt: now,
    stoppedReason: 'a quota',
    nextSendAt: new Date(Date.parse(now) + hourMs).toISOString(),
  }
  await app.db
    .insertInto('channelState')
    .values({ channel: 'email', ...stopped })
    .execute()
  await workFor(app, clock, minuteMs)
  expect(smtp.mails).toHaveLength(1)
  const rows = await app.db.selectFrom('delivery').select(['state', 'reason', 'batchId']).execute()
  expect(new Set(rows.map(({ state, reason, batchId }) => `${batchId === torn!.id} ${state} ${reason}`))).toEqual(
    new Set(['true failed the stored message cannot be read', 'false sent null']),
  )
})

tell('a provider that is not set up any more leaves nothing behind', async ({ app, clock, env }) => {
  await subscribe(app, readers(3))
  resend.failNext(1, quota)
  smtp.lockOut(true)
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, minuteMs)
  expect(toldOf()).toEqual([])
  const { SMTP_URL: _, ...resendAlone } = env
  const again = openApp(readConfig(resendAlone, 'test'), { clock })
  try {
    await restart(again)
    await workFor(again, clock, 16 * minuteMs)
    expect(
      resend
        .mails()
        .map(({ to }) => to)
        .sort(),
    ).toEqual(readers(3).map(({ address }) => address))
  } finally {
    await again.close()
  }
})
