import { afterAll, beforeEach, expect } from 'vitest'
import type { App } from '#api/app.ts'
import type { Receipt, ReceiptEvent } from '#api/channels/channel.ts'
import { dayMs, secondMs } from '#api/lib/time.ts'
import { foldReceipts, forgetReceipts } from '#api/notices/receipts.ts'
import { claimNext, sendClaimed, settleClaimed } from '#api/notices/send.ts'
import { planOnce } from '#api/notices/work.ts'
import { story } from '../support/story.ts'
import { ledger, openServices, ordersDown, subscribe } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

// Callbacks come early, late, twice and out of order: the ledger says what happened all the same.

const resend = await openResend()
afterAll(() => resend.close())
beforeEach(() => {
  resend.batches.length = 0
  resend.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, resendEnv(resend))

let events = 0
const fold = (app: App, state: ReceiptEvent['state'], more: Partial<ReceiptEvent> = {}) => {
  const mail = resend.mails().at(-1)!
  const deliveryId = mail.tags.find(({ name }) => name === 'delivery')!.value
  const event = { eventId: `msg_${events++}`, deliveryId, providerId: mail.id, state, reason: null, ...more }
  return foldReceipts(app, app.channels.find(({ name }) => name === 'email')!, [event])
}
const one = (app: App) => app.db.selectFrom('delivery').selectAll().executeTakeFirstOrThrow()

tell('a callback that is faster than our own bookkeeping is not lost', async ({ app }) => {
  await subscribe(app, [{ address: 'wang@mail.example' }])
  await ordersDown(app, await openServices(app))
  while (await planOnce(app));
  const claim = (await claimNext(app))!
  const answer = (await sendClaimed(app, claim)) as Receipt[]
  expect(await fold(app, 'delivered')).toBe(1)
  await settleClaimed(app, claim, answer)
  expect(await one(app)).toMatchObject({ state: 'delivered', providerId: resend.mails()[0]!.id })
  expect((await one(app)).sentAt).not.toBeNull()
  expect(await fold(app, 'sent')).toBe(0)
  expect(await one(app)).toMatchObject({ state: 'delivered' })
})

tell('a callback tells what a lost answer did not, and asking once more changes nothing', async ({ app, clock }) => {
  await subscribe(app, [{ address: 'wang@mail.example' }])
  await ordersDown(app, await openServices(app))
  while (await planOnce(app));
  const claim = (await claimNext(app))!
  resend.failNext(1, 'cut')
  const answer = await sendClaimed(app, claim)
  expect(answer).toMatchObject({ outcomeUnknown: true, unanswered: true })
  await settleClaimed(app, claim, answer)
  expect(await fold(app, 'bounced', { reason: 'bounced: Permanent/General', closesAddress: true })).toBe(1)
  await workFor(app, clock, 60 * secondMs)
  expect(resend.batches.map(({ replay }) => replay)).toEqual([false, true])
  expect((await ledger(app)).map(({ state, reason }) => [state, reason])).toEqual([
    ['bounced', 'bounced: Permanent/General'],
  ])
  expect((await app.db.selectFrom('batch').select('state').executeTakeFirst())?.state).toBe('final')
})

tell('callbacks that nobody repeats any more are forgotten, and the row stays as it was', async ({ app, clock }) => {
  await subscribe(app, [{ address: 'wang@mail.example' }])
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, secondMs)
  await fold(app, 'delivered', { eventId: 'msg_known' })
  clock.move(2 * dayMs)
  await fold(app, 'complained', { closesAddress: true })
  expect(await forgetReceipts(app)).toBe(0)
  expect(await fold(app, 'delivered', { eventId: 'msg_known' })).toBe(0)
  clock.move(29 * dayMs)
  expect(await forgetReceipts(app)).toBe(1)
  expect(await fold(app, 'delivered', { eventId: 'msg_known' })).toBe(0)
  expect(await one(app)).toMatchObject({ state: 'complained' })
})
