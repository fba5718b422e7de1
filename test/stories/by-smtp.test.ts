import { afterAll, beforeEach, expect } from 'vitest'
import { openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { story } from '../support/story.ts'
import { ledger, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openSmtp, smtpEnv } from '../wire/smtp.ts'

// Mail by a mail server alone: what it can promise, and where it cannot, the ledger says so.

const smtp = await openSmtp()
afterAll(() => smtp.close())
beforeEach(async () => {
  // The story before closes its connections as it ends.
  await expect.poll(() => smtp.open()).toBe(0)
  smtp.mails.length = 0
  smtp.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, smtpEnv(smtp))
const people = (...names: string[]) => names.map((name) => ({ address: `${name}@mail.example` }))

tell('each hears once, with text and HTML, a way out, and an id that stays', async ({ app, clock }) => {
  await subscribe(app, [
    { address: 'wang@mail.example', locale: 'zh-CN' },
    { address: '用户@例子.公司' },
    ...people('smith'),
  ])
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  expect(smtp.mails).toHaveLength(3)
  const [wang] = smtp.mailTo('wang@mail.example')
  expect(wang).toMatchObject({
    subject: '【禾舟商云服务状态】调查中：多数商家无法提交订单。',
    type: 'multipart/alternative',
    envelopeFrom: 'status@hezhou.example',
    headers: {
      from: 'Hezhou status <status@hezhou.example>',
      to: 'wang@mail.example',
      'list-unsubscribe': expect.stringMatching(/^<https:\/\/status\.hezhou\.example\/unsubscribe\/[\w.-]+>$/),
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
      'auto-submitted': 'auto-generated',
    },
  })
  expect(wang!.text).toContain('工程师正在紧急排查。')
  expect(wang!.html).toContain('多数商家无法提交订单')
  expect(wang!.html).not.toMatch(/<img/i)
  const { id, providerId } = await app.db
    .selectFrom('delivery')
    .select(['id', 'providerId'])
    .where('address', '=', 'wang@mail.example')
    .executeTakeFirstOrThrow()
  expect(wang!.headers['message-id']).toBe(`<${id}@hezhou.example>`)
  expect(providerId).toBe(`<${id}@hezhou.example>`)
  expect((await ledger(app)).map(({ state, attempts }) => [state, attempts])).toEqual(Array(3).fill(['sent', 1]))
})

tell('connections are kept for the next mail, and let go when the program ends', async ({ app, clock, env }) => {
  const own = openApp(readConfig(env, 'test'), { clock })
  await subscribe(app, people('wang', 'smith', 'chen'))
  await ordersDown(app, await openServices(app))
  const before = smtp.connections()
  await workFor(own, clock, secondMs)
  expect(smtp.mails).toHaveLength(3)
  expect(smtp.connections() - before).toBe(1)
  await own.close()
  await expect.poll(() => smtp.open()).toBe(0)
})

tell('what was certainly not taken is tried again, under the same id, and arrives once', async ({ app, clock }) => {
  await subscribe(app, people('wang'))
  for (const fault of ['429', '500', 'reset'] as const) smtp.failNext(1, fault)
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, hourMs)
  expect(smtp.mailTo('wang@mail.example')).toHaveLength(1)
  expect((await ledger(app)).map(({ state, reason, attempts }) => [state, reason, attempts])).toEqual([
    ['sent', null, 4],
  ])
})

tell(
  'a line that breaks after the mail was handed over leaves a row for a person, and no second mail',
  async (stage) => {
    const { app, clock } = stage
    await subscribe(app, people('wang', 'smith'))
    smtp.failNext(1, 'reset-after')
    smtp.failNext(1, 'cut')
    await ordersDown(app, await openServices(app))
    await workFor(app, clock, 24 * hourMs)
    expect(smtp.mails).toHaveLength(2)
    const rows = (await ledger(app)).map(({ state, reason }) => [state, reason])
    expect(rows).toEqual(
      Array(2).fill(['unknown', 'The connection broke after the mail was handed over: it may have arrived.']),
    )
  },
)

tell(
  'an address that does not exist is closed, a mail that is refused is kept with its reason, and others go on',
  async (stage) => {
    const { app, clock } = stage
    await subscribe(app, people('gone', 'full', 'wang'))
    smtp.refuse('gone@mail.example', 550, '5.1.1 No such user here')
    smtp.refuse('full@mail.example', 552, '5.2.2 Mailbox full')
    await ordersDown(app, await openServices(app))
    await workFor(app, clock, minuteMs)
    expect((await ledger(app)).map(({ to, state, reason }) => [to, state, reason])).toEqual([
      ['full@mail.example', 'failed', 'smtp EENVELOPE: 552 5.2.2 Mailbox full'],
      ['gone@mail.example', 'failed', 'smtp EENVELOPE: 550 5.1.1 No such user here'],
      ['wang@mail.example', 'sent', null],
    ])
    const closed = await app.db.selectFrom('subscriber').select('address').where('closedAt', 'is not', null).execute()
    expect(closed).toEqual([{ address: 'gone@mail.example' }])
    expect(await app.db.selectFrom('suppression').select(['address', 'source']).execute()).toEqual([
      { address: 'gone@mail.example', source: 'smtp' },
    ])
  },
)

tell(
  'a wrong password or a sender that is refused stops the channel at once, and it goes on by itself',
  async (stage) => {
    const { app, clock } = stage
    await subscribe(app, people('wang', 'smith', 'chen'))
    smtp.refuseSender({ status: 553, words: '5.7.1 Sender address rejected: not owned by user' })
    await ordersDown(app, await openServices(app))
    await workFor(app, clock, minuteMs)
    const stop = async () => app.db.selectFrom('channelState').selectAll().executeTakeFirst()
    expect((await stop())?.stoppedReason).toContain('not owned')
    smtp.refuseSender(null)
    smtp.lockOut(true)
    await workFor(app, clock, 15 * minuteMs)
    await workFor(app, clock, 15 * minuteMs)
    expect((await stop())?.stoppedReason).toContain('535')
    expect(smtp.mails).toEqual([])
    smtp.heal()
    await workFor(app, clock, 15 * minuteMs)
    expect(smtp.mails).toHaveLength(3)
    expect((await stop())?.stoppedAt).toBeNull()
  },
)
