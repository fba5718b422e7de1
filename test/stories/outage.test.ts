import { afterAll, beforeEach, expect } from 'vitest'
import { publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { story } from '../support/story.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

// Every provider is down for hours, and then works again.

const resend = await openResend()
const twilio = await openTwilio()
afterAll(() => Promise.all([resend.close(), twilio.close()]))
beforeEach(() => {
  resend.batches.length = 0
  twilio.sent.length = 0
  resend.heal()
  twilio.heal()
})
const tell: typeof story = (promise, act) =>
  story(promise, act, { ...resendEnv(resend), ...twilioEnv(twilio), RESEND_REQUESTS_PER_SECOND: '10' })

/** Followers of one component hear every update of an incident that touches it. */
const readers = (count: number, components: string[]) =>
  Array.from({ length: count }, (_, i) => ({ address: `reader${i}@mail.example`, components }))
tell('after six hours without any provider all that is still news goes out within minutes', async (stage) => {
  const { app, clock } = stage
  const services = await openServices(app)
  await subscribe(app, [...readers(120, [services.orders]), { channel: 'sms', address: '+8613900000001' }])
  resend.failNext(1_000, 503)
  twilio.failNext(1_000, 503)
  const incident = await ordersDown(app, services)
  for (const hours of [1, 2, 3]) {
    await workFor(app, clock, hours * hourMs)
    await publishUpdate(app, lin, incident.id, {
      status: 'investigating',
      body: words(`Word ${hours}.`, `第 ${hours} 条。`),
      nextUpdateAt: inMinutes(app, 15),
    })
  }
  await workFor(app, clock, secondMs)
  expect(resend.mails()).toHaveLength(0)
  // While nothing works one batch tries, and no more.
  const tries = await app.db
    .selectFrom('attempt')
    .innerJoin('batch', 'batch.id', 'attempt.batchId')
    .select((eb) => ['channel', eb.fn.countAll<number>().as('count')])
    .groupBy('channel')
    .execute()
  const mailTries = Number(tries.find(({ channel }) => channel === 'email')?.count)
  expect(mailTries).toBeGreaterThan(70)
  expect(mailTries).toBeLessThan(100)

  resend.heal()
  twilio.heal()
  await workFor(app, clock, 6 * minuteMs)
  const rows = await ledger(app)
  const mails = rows.filter(({ channel }) => channel === 'email')
  expect(mails.filter(({ state }) => state === 'queued' || state === 'sending')).toEqual([])
  // Everybody has the first word and the newest; each address in that order, and nothing twice.
  const last = new Map<string, string[]>()
  for (const { to, text } of resend.mails()) last.set(to, [...(last.get(to) ?? []), text])
  expect(last.size).toBe(120)
  for (const texts of last.values()) {
    expect(texts.at(-1)).toContain('Word 3.')
    expect(new Set(texts).size).toBe(texts.length)
  }
  expect(mails.some(({ state }) => state === 'superseded')).toBe(true)
  // An SMS that nobody could send for half an hour says nothing new.
  expect(twilio.sent).toHaveLength(0)
})
