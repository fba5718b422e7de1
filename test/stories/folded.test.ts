import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { hourMs, minuteMs } from '#api/lib/time.ts'
import { capPerHour } from '#api/notices/cap.ts'
import { senderOf } from '#api/notices/composed.ts'
import { foldSms } from '#api/notices/fold-message.ts'
import { story } from '../support/story.ts'
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

/** So many incidents one after the other, a minute apart, each told of at once. */
async function manyIncidents(app: App, clock: ManualClock, count: number) {
  const services = await openServices(app)
  const incidents: Awaited<ReturnType<typeof ordersDown>>[] = []
  for (let i = 0; i < count; i++) {
    incidents.push(await ordersDown(app, services))
    await workFor(app, clock, minuteMs)
  }
  return incidents
}

tell('who has had six mails in an hour gets the rest as one, and the ledger says so', async ({ app, clock }) => {
  await subscribe(app, [{ address: 'wang@mail.example', locale: 'zh-CN' }, { address: 'smith@mail.example' }])
  const incidents = await manyIncidents(app, clock, capPerHour.email! + 1)
  const last = incidents.at(-1)!
  await publishUpdate(app, lin, last.id, { status: 'resolved', body: words('It is over.', '已恢复。') })
  await workNow(app)
  expect(resend.mailTo('smith@mail.example')).toHaveLength(6)
  await workFor(app, clock, 20 * minuteMs)
  const mails = resend.mailTo('smith@mail.example')
  expect(mails).toHaveLength(7)
  const fold = mails.at(-1)!
  expect(fold.subject).toBe('[Hezhou status] 2 updates in one mail')
  expect(fold.text).toContain('Investigating: Most merchants cannot place orders.\n  11 November 2026, 20:14')
  expect(fold.text).toContain('Resolved: Most merchants cannot place orders.')
  expect(fold.text).toContain(`https://status.hezhou.example/incidents/${last.id}/`)
  expect(fold.html).toContain(`https://status.hezhou.example/incidents/${last.id}/`)
  expect(fold.headers['List-Unsubscribe']).toMatch(/^<https:\/\/status\.hezhou\.example\/unsubscribe\/[\w.-]+>$/)
  expect(fold.text).toContain(fold.headers['List-Unsubscribe']!.slice(1, -1))
  expect(`${fold.subject}${fold.text}`).not.toMatch(/\p{Script=Han}/u)
  const chinese = resend.mailTo('wang@mail.example').at(-1)!
  expect(chinese.subject).toBe('【禾舟商云服务状态】2条进展合并为一封邮件')
  expect(chinese.text).toContain('已解决：多数商家无法提交订单。')
  expect(chinese.text).toContain(`https://status.hezhou.example/zh-CN/incidents/${last.id}/`)
  const rows = (await ledger(app)).filter(({ to }) => to === 'smith@mail.example')
  expect(
    rows
      .map(({ kind, state, reason }) => [kind, state, reason])
      .slice(6)
      .sort(),
  ).toEqual([
    ['incident.opened', 'superseded', 'told in one message with others: more than 6 within an hour'],
    ['incident.resolved', 'superseded', 'told in one message with others: more than 6 within an hour'],
    ['notices.folded', 'sent', null],
  ])
  expect(await app.db.selectFrom('notice').select('id').where('frozenAt', 'is', null).execute()).toEqual([])
})

tell('no hour has more than the cap and one, and everything is told in the end', async ({ app, clock }) => {
  await subscribe(app, [{ address: 'smith@mail.example' }])
  const services = await openServices(app)
  const opened: string[] = []
  for (let i = 0; i < 30; i++) {
    opened.push((await ordersDown(app, services)).id)
    await workFor(app, clock, 6 * minuteMs)
  }
  await workFor(app, clock, 3 * hourMs)
  const mails = resend.mailTo('smith@mail.example')
  for (const id of opened) expect(mails.filter(({ html }) => html.includes(id))).toHaveLength(1)
  const sent = await app.db
    .selectFrom('delivery')
    .select('sentAt')
    .where('state', '=', 'sent')
    .orderBy('sentAt')
    .execute()
  const times = sent.map(({ sentAt }) => Date.parse(sentAt!))
  for (const at of times)
    expect(times.filter((other) => other > at - hourMs && other <= at).length).toBeLessThanOrEqual(
      capPerHour.email! + 1,
    )
  expect(mails.length).toBeLessThan(opened.length)
})

tell('the fourth SMS of an hour is one short text with a count and the page', async ({ app, clock }) => {
  await subscribe(app, [
    { channel: 'sms', address: '+6581234567' },
    { channel: 'sms', address: '+8613900000001', locale: 'zh-CN' },
  ])
  await manyIncidents(app, clock, capPerHour.sms! + 2)
  expect(twilio.smsTo('+6581234567')).toHaveLength(3)
  await workFor(app, clock, 20 * minuteMs)
  await workFor(app, clock, minuteMs)
  expect(twilio.smsTo('+6581234567').map(({ body }) => body)).toHaveLength(4)
  expect(twilio.smsTo('+6581234567').at(-1)!.body).toBe(
    '[Hezhou] 2 more updates on our services. All of them, the newest first: status.hezhou.example/',
  )
  expect(twilio.smsTo('+8613900000001').at(-1)!.body).toBe(
    '【禾舟商云】服务状态另有2条新进展，详见：status.hezhou.example/zh-CN/',
  )
  for (const locale of ['en', 'zh-CN'] as const)
    for (const count of [1, 99]) expect(foldSms(count, locale, senderOf(app)).segments).toBe(1)
})

tell('the one message goes at its minute, although nothing else happens meanwhile', async ({ app, clock }) => {
  await subscribe(app, [{ channel: 'sms', address: '+6581234567' }])
  await manyIncidents(app, clock, capPerHour.sms! + 1)
  await workFor(app, clock, 3 * hourMs)
  const fold = await app.db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .select(['delivery.state', 'delivery.sentAt', 'notice.dueAt'])
    .where('notice.foldKey', 'is not', null)
    .executeTakeFirstOrThrow()
  expect(fold).toEqual({ state: 'sent', sentAt: fold.dueAt, dueAt: expect.any(String) })
})

tell('who leaves before the one message goes gets none of it', async ({ app, clock }) => {
  await subscribe(app, [{ address: 'smith@mail.example' }])
  await manyIncidents(app, clock, capPerHour.email! + 2)
  await app.db.updateTable('subscriber').set({ closedAt: app.now(), closedReason: 'goodbye' }).execute()
  await workFor(app, clock, hourMs)
  expect(resend.mailTo('smith@mail.example')).toHaveLength(6)
  const folds = (await ledger(app)).filter(({ kind }) => kind === 'notices.folded')
  expect(folds.map(({ state }) => state)).toEqual(['skipped'])
})
