import { afterAll, beforeEach, expect } from 'vitest'
import { publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { previewNotices } from '#api/notices/preview.ts'
import { closeAddress } from '#api/subscribers/closing-queries.ts'
import { suppress } from '#api/subscribers/queries.ts'
import { story } from '../support/story.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openTwilio, twilioEnv, wireNumbers } from '../wire/twilio.ts'

const resend = await openResend()
const twilio = await openTwilio()
const wired = { ...resendEnv(resend), ...twilioEnv(twilio) }
afterAll(() => Promise.all([resend.close(), twilio.close()]))
beforeEach(() => {
  resend.batches.length = 0
  twilio.sent.length = 0
  resend.heal()
  twilio.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, wired)

tell('each hears in their own language, once, and the ledger says so', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'wang@mail.example', locale: 'zh-CN' },
    { address: 'smith@mail.example', components: [services.orders] },
    { address: 'console@mail.example', components: [services.console] },
    { channel: 'sms', address: '+8613900000001', locale: 'zh-CN', components: [services.payments] },
    { channel: 'sms', address: '+6581234567' },
  ])
  const incident = await ordersDown(app, services, { code: '1107' })
  await workFor(app, clock, secondMs)
  expect(resend.batches).toHaveLength(1)
  const [wang] = resend.mailTo('wang@mail.example')
  const [smith] = resend.mailTo('smith@mail.example')
  expect(resend.mails()).toHaveLength(2)
  expect(wang!.subject).toBe('【禾舟商云服务状态】调查中：多数商家无法提交订单。')
  expect(wang!.html).toContain(`https://status.hezhou.example/zh-CN/incidents/${incident.id}/`)
  expect(smith!.subject).toBe('[Hezhou status] Investigating: Most merchants cannot place orders.')
  expect(`${smith!.subject}${smith!.text}`).not.toMatch(/\p{Script=Han}/u)
  expect(smith!.headers['List-Unsubscribe']).toMatch(/^<https:\/\/status\.hezhou\.example\/unsubscribe\/[\w.-]+>$/)
  expect(smith!.text).toContain(smith!.headers['List-Unsubscribe']!.slice(1, -1))
  expect(twilio.smsTo('+8613900000001').map(({ body }) => body)).toEqual([
    '【禾舟商云】下单、支付自20:02起异常，正紧急处理。20:23前更新：status.hezhou.example/i/1107',
  ])
  expect(twilio.smsTo('+6581234567').map(({ body }) => body)).toEqual([
    '[Hezhou] Order placement and payments failing since 20:02 (UTC+8). Fix under way. Next update by 20:23: status.hezhou.example/i/1107',
  ])
  expect(twilio.sent[0]).toMatchObject({ validityPeriod: '1800' })
  expect((await ledger(app)).map(({ to, state, attempts }) => [to, state, attempts])).toEqual([
    ['smith@mail.example', 'sent', 1],
    ['wang@mail.example', 'sent', 1],
    ['+6581234567', 'sent', 1],
    ['+8613900000001', 'sent', 1],
  ])
})

tell(
  'between the first word and the last only those who chose the affected services are written to',
  async ({ app, clock }) => {
    const services = await openServices(app)
    await subscribe(app, [
      { address: 'everything@mail.example' },
      { address: 'orders@mail.example', components: [services.orders] },
      { channel: 'sms', address: '+6581234567' },
    ])
    const incident = await ordersDown(app, services)
    await workFor(app, clock, secondMs)
    await publishUpdate(app, lin, incident.id, {
      status: 'identified',
      body: words('We have found the cause.', '原因已定位。'),
      nextUpdateAt: inMinutes(app, 20),
    })
    await workFor(app, clock, secondMs)
    await publishUpdate(app, lin, incident.id, { status: 'resolved', body: words('It is over.', '已恢复。') })
    await workFor(app, clock, secondMs)
    const subjects = (address: string) => resend.mailTo(address).map(({ subject }) => subject.split(': ')[0])
    expect(subjects('everything@mail.example')).toEqual(['[Hezhou status] Investigating', '[Hezhou status] Resolved'])
    expect(subjects('orders@mail.example')).toEqual([
      '[Hezhou status] Investigating',
      '[Hezhou status] Identified',
      '[Hezhou status] Resolved',
    ])
    expect(twilio.smsTo('+6581234567').map(({ body }) => body.slice(0, 60))).toEqual([
      '[Hezhou] Order placement and payments failing since 20:02 (U',
      '[Hezhou] Order placement and payments recovered at 20:08 (UT',
    ])
  },
)

tell('an update that is published without a notice writes to nobody', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [{ address: 'everything@mail.example' }])
  const incident = await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  await publishUpdate(app, lin, incident.id, {
    status: 'resolved',
    body: words('Over.', '已恢复。'),
    notify: false,
  })
  await workFor(app, clock, secondMs)
  expect(resend.mails()).toHaveLength(1)
})

tell('a provider that is down and comes back is told everything exactly once', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(
    app,
    Array.from({ length: 250 }, (_, i) => ({ address: `reader${i}@mail.example` })),
  )
  resend.failNext(2, 503)
  resend.failNext(1, 'reset')
  resend.failNext(1, 'reset-after-accept')
  resend.failNext(1, 429)
  await ordersDown(app, services)
  await workFor(app, clock, hourMs)
  const counts = new Map<string, number>()
  for (const { to } of resend.mails()) counts.set(to, (counts.get(to) ?? 0) + 1)
  expect(counts.size).toBe(250)
  expect([...counts.values()].every((count) => count === 1)).toBe(true)
  const rows = await ledger(app)
  expect(rows).toHaveLength(250)
  expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['sent']))
  expect(Math.max(...rows.map(({ attempts }) => attempts))).toBeGreaterThan(1)
  const batches = await app.db.selectFrom('batch').selectAll().execute()
  expect(batches.map(({ state, bytes, bytesHash }) => [state, bytes, bytesHash.length])).toEqual(
    batches.map(() => ['final', null, 64]),
  )
})

tell('what will never be taken is kept with its reason, and does not hold up the others', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'good@mail.example' },
    { address: 'refused@example.com' },
    { channel: 'sms', address: wireNumbers.landline },
    { channel: 'sms', address: wireNumbers.optedOut },
    { channel: 'sms', address: '+8613900000001' },
  ])
  await ordersDown(app, services)
  await workFor(app, clock, hourMs)
  expect((await ledger(app)).map(({ to, state, reason }) => [to, state, reason])).toEqual([
    ['good@mail.example', 'sent', null],
    ['refused@example.com', 'failed', 'Invalid `to` field. The domain of refused@example.com cannot receive mail.'],
    ['+8613900000001', 'sent', null],
    [wireNumbers.optedOut, 'suppressed', 'twilio 21610: whoever has this number answered STOP'],
    [wireNumbers.landline, 'failed', 'twilio 21614: this is no mobile number'],
  ])
  const suppressed = await app.db.selectFrom('suppression').select(['address', 'source']).orderBy('address').execute()
  expect(suppressed).toEqual([
    { address: wireNumbers.optedOut, source: 'twilio' },
    { address: wireNumbers.landline, source: 'twilio' },
  ])
  const closed = await app.db.selectFrom('subscriber').select('address').where('closedAt', 'is not', null).execute()
  expect(closed).toHaveLength(2)
})

tell('a wrong key or a used-up quota stops the channel at once, and it goes on by itself', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(
    app,
    Array.from({ length: 150 }, (_, i) => ({ address: `reader${i}@mail.example` })),
  )
  const before = resend.requests()
  resend.failNext(1, { status: 429, body: { statusCode: 429, name: 'daily_quota_exceeded', message: 'Quota.' } })
  await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
  expect(resend.requests() - before).toBe(1)
  const stopped = await app.db.selectFrom('channelState').selectAll().where('channel', '=', 'email').executeTakeFirst()
  expect(stopped?.stoppedReason).toContain('daily_quota_exceeded')
  expect((await ledger(app)).every(({ state }) => state === 'queued')).toBe(true)
  await workFor(app, clock, hourMs)
  expect(resend.mails()).toHaveLength(150)
  const after = await app.db.selectFrom('channelState').selectAll().where('channel', '=', 'email').executeTakeFirst()
  expect(after?.stoppedAt).toBeNull()
})

tell('whoever leaves before the send is skipped, and the row says so', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'stays@mail.example' },
    { address: 'leaves@mail.example' },
    { address: 'bounced@mail.example' },
  ])
  await app.db.transaction().execute((trx) =>
    suppress(trx, app.now(), {
      channel: 'email',
      address: 'bounced@mail.example',
      reason: 'bounced',
      source: 'test',
    }),
  )
  clock.move(1_000)
  await ordersDown(app, services)
  clock.move(1_000)
  const leaves = { channel: 'email', address: 'leaves@mail.example', reason: 'goodbye' }
  await app.db.transaction().execute((trx) => closeAddress(trx, app.now(), leaves))
  await workFor(app, clock, secondMs)
  expect((await ledger(app)).map(({ to, state, reason }) => [to, state, reason])).toEqual([
    ['bounced@mail.example', 'suppressed', 'bounced'],
    ['leaves@mail.example', 'skipped', 'unsubscribed before it was sent'],
    ['stays@mail.example', 'sent', null],
  ])
  expect(resend.mails().map(({ to }) => to)).toEqual(['stays@mail.example'])
})

tell(
  'an SMS whose answer was lost is not sent again: the provider is asked what became of it',
  async ({ app, clock }) => {
    const services = await openServices(app)
    await subscribe(app, [{ channel: 'sms', address: '+8613900000001' }])
    twilio.failNext(1, 'reset-after-accept')
    await ordersDown(app, services)
    await workFor(app, clock, 2 * hourMs)
    expect(twilio.sent).toHaveLength(1)
    expect((await ledger(app)).map(({ state, attempts }) => [state, attempts])).toEqual([['sent', 1]])
  },
)

tell('an SMS that is half an hour late is not sent any more', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [{ channel: 'sms', address: '+8613900000001' }])
  twilio.failNext(20, 429)
  await ordersDown(app, services)
  await workFor(app, clock, 2 * hourMs)
  expect(twilio.sent).toHaveLength(0)
  const [row] = await ledger(app)
  expect(row).toMatchObject({ state: 'expired' })
})

tell('a preview is what is sent, byte for byte, tokens and the new code apart', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'wang@mail.example', locale: 'zh-CN' },
    { address: 'smith@mail.example' },
    { channel: 'sms', address: '+8613900000001', locale: 'zh-CN' },
    { channel: 'sms', address: '+6581234567' },
  ])
  const draft = {
    title: words('Most merchants cannot place orders.', '多数商家无法提交订单。'),
    severity: 1,
    status: 'investigating',
    startedAt: '2026-11-11T12:02:00.000Z',
    notAffected: words('Browsing stores', '店铺浏览'),
    components: [
      { id: services.payments, status: 'partial_outage' },
      { id: services.orders, status: 'major_outage' },
    ],
    body: words('Our engineers are investigating.', '工程师正在紧急排查。'),
    nextUpdateAt: inMinutes(app, 15),
  } as const
  const preview = await previewNotices(app, { ...draft, components: [...draft.components] })
  expect(preview.reach).toMatchObject({
    email: { people: 2 },
    sms: { people: 2, cost: { amountMinor: 16, currency: 'CNY' } },
  })
  const incident = await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  const plain = (text: string) =>
    text
      .replaceAll(incident.id, '000000000000')
      .replaceAll(`/i/${incident.code}`, '/i/0000')
      .replace(/(preferences|unsubscribe)\/[\w.-]+/g, '$1/…')
  for (const [locale, address, number] of [
    ['zh-CN', 'wang@mail.example', '+8613900000001'],
    ['en', 'smith@mail.example', '+6581234567'],
  ] as const) {
    const [mail] = resend.mailTo(address)
    expect({ subject: mail!.subject, html: plain(mail!.html), text: plain(mail!.text) }).toEqual(preview.email[locale])
    expect(plain(twilio.smsTo(number)[0]!.body)).toBe(preview.sms[locale].text)
  }
  const next = {
    status: 'identified',
    body: words('We found the cause.', '原因已定位。'),
    nextUpdateAt: inMinutes(app, 20),
    components: [{ id: services.orders, status: 'degraded_performance' }],
  } as const
  const second = await previewNotices(app, { ...next, components: [...next.components], incidentId: incident.id })
  expect(second.reach.sms).toBeUndefined()
  resend.batches.length = 0
  await subscribe(app, [{ address: 'buyer@mail.example', components: [services.orders] }])
  await publishUpdate(app, lin, incident.id, { ...next, components: [...next.components] })
  await workFor(app, clock, secondMs)
  const [mail] = resend.mailTo('buyer@mail.example')
  expect(plain(mail!.html)).toBe(plain(second.email.en.html))
  expect(resend.mails()).toHaveLength(1)
})
