import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import type { DeliveryState } from '#api/db/schema.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { tryAlikeAgain, tryDeliveryAgain } from '#api/notices/again-actions.ts'
import { foldReceipts } from '#api/notices/receipts.ts'
import { closeAddress } from '#api/subscribers/closing-queries.ts'
import { story } from '../support/story.ts'
import { ledger, lin, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
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

const rowOf = (app: App, address: string) =>
  app.db.selectFrom('delivery').selectAll().where('address', '=', address).executeTakeFirstOrThrow()
const end = (app: App, state: DeliveryState, reason: string, addresses: string[]) =>
  app.db.updateTable('delivery').set({ state, reason }).where('address', 'in', addresses).execute()
const audits = async (app: App, action: string) =>
  (await app.db.selectFrom('audit').selectAll().where('action', '=', action).execute()).map(({ actorId, after }) => ({
    actorId,
    after: JSON.parse(after ?? 'null'),
  }))

tell('what failed is sent once more under a new key, once however often somebody asks', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [{ address: 'wang@mail.example' }, { address: 'smith@mail.example' }])
  await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
  expect(resend.batches).toHaveLength(1)
  await end(app, 'failed', 'failed: over quota at wang@mail.example', ['wang@mail.example'])
  const before = await rowOf(app, 'wang@mail.example')
  // Long after the notice's own time is over: what a person asks for counts its age from then.
  clock.move(2 * dayMs)
  await Promise.all([1, 2, 3].map(() => tryDeliveryAgain(app, lin, before.id)))
  await workFor(app, clock, minuteMs)
  expect(resend.mailTo('wang@mail.example')).toHaveLength(2)
  expect(resend.mailTo('smith@mail.example')).toHaveLength(1)
  const after = await rowOf(app, 'wang@mail.example')
  expect(after).toMatchObject({ id: before.id, state: 'sent', reason: null, possibleDuplicate: 0 })
  expect(after.batchId).not.toBe(before.batchId)
  expect(after.providerId).not.toBe(before.providerId)
  expect(await app.db.selectFrom('earlierTry').selectAll().execute()).toMatchObject([
    { deliveryId: before.id, batchId: before.batchId, state: 'failed', providerId: before.providerId },
  ])
  expect(await audits(app, 'delivery.triedAgain')).toEqual([
    { actorId: lin.id, after: { channel: 'email', possibleDuplicate: false } },
  ])
  await expect(tryDeliveryAgain(app, lin, before.id)).rejects.toMatchObject({ code: 'conflict' })
  const [notice] = await app.db.selectFrom('notice').select('frozenAt').execute()
  expect(notice?.frozenAt).not.toBeNull()

  // A late word about the first attempt takes nothing back; that the first got through after all is news.
  const channel = app.channels.find(({ name }) => name === 'email')!
  const event = { eventId: 'late', deliveryId: null, providerId: before.providerId, reason: 'failed: late' }
  expect(await foldReceipts(app, channel, [{ ...event, state: 'failed' }])).toBe(0)
  expect((await rowOf(app, 'wang@mail.example')).state).toBe('sent')
  expect(await foldReceipts(app, channel, [{ ...event, eventId: 'later', state: 'delivered' }])).toBe(1)
  expect((await rowOf(app, 'wang@mail.example')).state).toBe('delivered')
})

tell('an SMS whose fate is unknown may be sent again by a person, and then says so', async ({ app, clock }) => {
  const services = await openServices(app)
  await subscribe(app, [{ channel: 'sms', address: '+6581234567' }])
  await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  const { id } = await rowOf(app, '+6581234567')
  await app.db.updateTable('batch').set({ state: 'unknown' }).execute()
  await end(app, 'unknown', 'the answer was lost', ['+6581234567'])
  await tryDeliveryAgain(app, lin, id)
  expect(await app.db.selectFrom('batch').select(['state', 'bytes']).execute()).toEqual([
    { state: 'final', bytes: null },
  ])
  await workFor(app, clock, minuteMs)
  expect(await rowOf(app, '+6581234567')).toMatchObject({ state: 'sent', possibleDuplicate: 1 })
})

tell('all that ended alike are tried once more; who left or is suppressed stays as it is', async ({ app, clock }) => {
  const services = await openServices(app)
  const addresses = Array.from({ length: 230 }, (_, i) => `reader${i}@mail.example`)
  await subscribe(
    app,
    addresses.map((address) => ({ address })),
  )
  const incident = await ordersDown(app, services)
  await workFor(app, clock, hourMs)
  const update = incident.updates[0]!.id
  await app.db
    .updateTable('delivery')
    .set(({ fn, val, ref }) => ({
      state: 'failed',
      reason: fn<string>('replace', [val('The domain of X cannot be found.'), val('X'), ref('address')]),
    }))
    .where('address', 'in', addresses.slice(0, 220))
    .execute()
  const [left] = addresses
  await app.db
    .transaction()
    .execute((trx) => closeAddress(trx, app.now(), { channel: 'email', address: left!, reason: 'goodbye' }))
  await app.db
    .insertInto('suppression')
    .values({ channel: 'email', address: addresses[1]!, reason: 'bounced', source: 'test', createdAt: app.now() })
    .execute()
  const alike = { update, channel: 'email', state: 'failed', reason: 'The domain of … cannot be found.' } as const
  expect(await tryAlikeAgain(app, lin, incident.id, { ...alike, reason: 'another' })).toBe(0)
  const asked = await Promise.all([1, 2].map(() => tryAlikeAgain(app, lin, incident.id, alike)))
  expect(asked[0]! + asked[1]!).toBe(218)
  await workFor(app, clock, hourMs)
  expect(resend.mails()).toHaveLength(230 + 218)
  const states = (await ledger(app)).map(({ state }) => state)
  expect(states.filter((state) => state === 'sent')).toHaveLength(228)
  expect(states.filter((state) => state === 'failed')).toHaveLength(2)
  expect((await audits(app, 'deliveries.triedAgain'))[0]?.after).toMatchObject({ deliveries: 218, state: 'failed' })
  await expect(tryDeliveryAgain(app, lin, (await rowOf(app, left!)).id)).rejects.toThrow('has left')
  await expect(tryDeliveryAgain(app, lin, (await rowOf(app, addresses[1]!)).id)).rejects.toThrow('bounced')
})
