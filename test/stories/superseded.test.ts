import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { sendDirect } from '#api/notices/direct.ts'
import { planOnce } from '#api/notices/work.ts'
import { story } from '../support/story.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
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

/** Everything that can be planned without anything being sent. */
const plan = async (app: App) => {
  while (await planOnce(app));
}

const say = (app: App, incidentId: string, en: string, more: Partial<Parameters<typeof publishUpdate>[3]> = {}) =>
  publishUpdate(app, lin, incidentId, {
    status: 'identified',
    body: words(en, '新的进展。'),
    nextUpdateAt: inMinutes(app, 30),
    ...more,
  })

const rows = async (app: App) => (await ledger(app)).map(({ to, state, reason }) => [to, state, reason])
const heard = (address: string) => resend.mailTo(address).map(({ subject }) => subject.split(': ')[0]!.slice(16))

tell('what still waits when a newer update comes is not sent, and its row says by what', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'orders@mail.example', components: [services.orders] },
    { address: 'everything@mail.example' },
  ])
  const incident = await ordersDown(app, services)
  await workNow(app)
  clock.move(minuteMs)
  await say(app, incident.id, 'We found the cause.')
  await plan(app)
  // Written into a batch that was never tried: that is taken apart.
  expect(await app.db.selectFrom('batch').select('id').where('state', '=', 'ready').execute()).toHaveLength(1)
  clock.move(minuteMs)
  await say(app, incident.id, 'A repair is out.', { status: 'monitoring' })
  clock.move(minuteMs)
  await say(app, incident.id, 'It is over.', { status: 'resolved', nextUpdateAt: null })
  await workFor(app, clock, minuteMs)
  expect(heard('orders@mail.example')).toEqual(['Investigating', 'Resolved'])
  expect(heard('everything@mail.example')).toEqual(['Investigating', 'Resolved'])
  expect(await rows(app)).toEqual([
    ['everything@mail.example', 'sent', null],
    ['orders@mail.example', 'sent', null],
    ['orders@mail.example', 'superseded', 'superseded by update 4 of the same incident'],
    ['orders@mail.example', 'superseded', 'superseded by update 4 of the same incident'],
    ['everything@mail.example', 'sent', null],
    ['orders@mail.example', 'sent', null],
  ])
  const batches = await app.db.selectFrom('batch').select(['state', 'attempts']).execute()
  expect(batches).toEqual(batches.map(() => ({ state: 'final', attempts: 1 })))
  expect(await app.db.selectFrom('notice').select('id').where('frozenAt', 'is', null).execute()).toEqual([])
})

tell('the first word and the last go whatever was said since', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'orders@mail.example', components: [services.orders] },
    { channel: 'sms', address: '+6581234567' },
  ])
  const incident = await ordersDown(app, services)
  clock.move(minuteMs)
  await say(app, incident.id, 'We found the cause.')
  clock.move(minuteMs)
  await say(app, incident.id, 'It is over.', { status: 'resolved', nextUpdateAt: null })
  clock.move(minuteMs)
  await say(app, incident.id, 'It began again.', { status: 'investigating' })
  await workFor(app, clock, minuteMs)
  expect(heard('orders@mail.example').sort()).toEqual(['Investigating', 'Investigating', 'Resolved'])
  expect(twilio.smsTo('+6581234567')).toHaveLength(2)
  expect((await rows(app)).filter(([, state]) => state === 'superseded')).toEqual([
    ['orders@mail.example', 'superseded', 'superseded by update 4 of the same incident'],
  ])
})

tell(
  'a correction takes the place of what it corrects, and of nothing that is owed besides',
  async ({ app, clock }) => {
    const services = await openServices(app)
    await subscribe(app, [{ address: 'orders@mail.example', components: [services.orders] }])
    const incident = await ordersDown(app, services)
    clock.move(minuteMs)
    const corrected = await say(app, incident.id, 'Payments are well.', { corrects: incident.updates.at(-1)!.id })
    clock.move(minuteMs)
    await say(app, incident.id, 'We found the cause.')
    await workFor(app, clock, minuteMs)
    // The correction stands for the first word now, so it goes although there is a newer update.
    expect(heard('orders@mail.example').sort()).toEqual(['Correction', 'Identified'])
    expect(corrected.updates).toHaveLength(2)
    expect((await rows(app)).map(([, state]) => state)).toEqual(['superseded', 'sent', 'sent'])
  },
)

tell('whoever the newer update is not for still gets the older one', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [
    { address: 'stays@mail.example', components: [services.orders] },
    { address: 'changes@mail.example', components: [services.orders] },
    ...Array.from({ length: 3 }, (_, i) => ({ address: `orders${i}@mail.example`, components: [services.orders] })),
  ])
  const incident = await ordersDown(app, services)
  await workNow(app)
  clock.move(minuteMs)
  await say(app, incident.id, 'We found the cause.')
  await plan(app)
  const { id: subscriberId } = await app.db
    .selectFrom('subscriber')
    .select('id')
    .where('address', '=', 'changes@mail.example')
    .executeTakeFirstOrThrow()
  await app.db
    .updateTable('subscriberComponent')
    .set({ componentId: services.console })
    .where('subscriberId', '=', subscriberId)
    .execute()
  clock.move(minuteMs)
  await say(app, incident.id, 'A repair is out.', { status: 'monitoring' })
  await workFor(app, clock, minuteMs)
  expect(heard('changes@mail.example')).toEqual(['Investigating', 'Identified'])
  expect(heard('stays@mail.example')).toEqual(['Investigating', 'Monitoring'])
  const sent = await app.db.selectFrom('batch').select(['state', 'attempts', 'size']).execute()
  expect(sent.every(({ state, attempts }) => state === 'final' && attempts === 1)).toBe(true)
})

tell('a batch that was tried once keeps its bytes and its key', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [{ address: 'orders@mail.example', components: [services.orders] }])
  const incident = await ordersDown(app, services)
  await workNow(app)
  clock.move(minuteMs)
  resend.failNext(1, 'reset-after-accept')
  await say(app, incident.id, 'We found the cause.')
  await workNow(app)
  const [tried] = await app.db.selectFrom('batch').selectAll().where('state', '=', 'ready').execute()
  expect(tried).toMatchObject({ attempts: 1 })
  await say(app, incident.id, 'A repair is out.', { status: 'monitoring' })
  await workFor(app, clock, hourMs)
  expect(heard('orders@mail.example')).toEqual(['Investigating', 'Identified', 'Monitoring'])
  const after = await app.db.selectFrom('batch').selectAll().where('id', '=', tried!.id).executeTakeFirstOrThrow()
  expect(after).toMatchObject({ state: 'final', attempts: 2, bytesHash: tried!.bytesHash })
})

tell('a message to one person is never superseded', async ({ app, clock }) => {
  const direct = (en: string) =>
    app.db.transaction().execute((trx) =>
      sendDirect(app, trx, {
        kind: 'subscription.question',
        channel: 'email',
        subscriberId: 'somebody0000',
        address: 'new@mail.example',
        locale: 'en',
        message: { subject: en, html: `<p>${en}</p>`, text: en },
      }),
    )
  await direct('Is it you?')
  await direct('Is it you, again?')
  await workFor(app, clock, secondMs)
  expect(resend.mailTo('new@mail.example')).toHaveLength(2)
})

tell('hundreds that wait are ended in pieces, and the newest word does not wait for that', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(
    app,
    Array.from({ length: 400 }, (_, i) => ({ address: `orders${i}@mail.example`, components: [services.orders] })),
  )
  const incident = await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
  await say(app, incident.id, 'We found the cause.')
  clock.move(secondMs)
  await say(app, incident.id, 'A repair is out.', { status: 'monitoring' })
  await workFor(app, clock, minuteMs)
  const states = await app.db
    .selectFrom('delivery')
    .innerJoin('incidentUpdate', (join) => join.on('incidentUpdate.number', '>', 1))
    .innerJoin('notice', (join) =>
      join.onRef('notice.id', '=', 'delivery.noticeId').onRef('notice.updateId', '=', 'incidentUpdate.id'),
    )
    .select((eb) => ['number', 'state', eb.fn.countAll<number>().as('count')])
    .groupBy(['number', 'state'])
    .orderBy('number')
    .execute()
  expect(states.map(({ number, state, count }) => [number, state, Number(count)])).toEqual([
    [2, 'superseded', 400],
    [3, 'sent', 400],
  ])
})
