import { afterAll, beforeEach, expect } from 'vitest'
import { openIncident } from '#api/incidents/actions.ts'
import { dayMs, hourMs, minuteMs } from '#api/lib/time.ts'
import { workOnce } from '#api/notices/work.ts'
import { story } from '../support/story.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

const resend = await openResend()
const twilio = await openTwilio()
afterAll(() => Promise.all([resend.close(), twilio.close()]))
beforeEach(() => {
  resend.batches.length = 0
  resend.heal()
})

for (const [how, byMs] of [
  ['forward', dayMs],
  ['back', -dayMs],
] as const)
  story(
    `a clock that is set a day ${how} in mid fan-out misses nobody, tells nobody twice, and holds up nothing new`,
    async ({ app, clock }) => {
      await subscribe(
        app,
        Array.from({ length: 350 }, (_, i) => ({ address: `reader${i}@mail.example` })),
      )
      const services = await openServices(app)
      await ordersDown(app, services)
      while (resend.batches.length < 1) if (!(await workOnce(app))) clock.move(100)
      // Nobody can tell of a first try whether it was before or after a clock was set back, so only forward it is tried again.
      if (byMs > 0) resend.failNext(1, 500)
      clock.jump(byMs)
      await workFor(app, clock, hourMs)
      expect((await ledger(app)).filter(({ state }) => state !== 'sent')).toEqual([])
      expect(new Set(resend.mails().map(({ to }) => String(to))).size).toBe(350)
      expect(resend.mails()).toHaveLength(350)
      await openIncident(app, lin, {
        title: words('Another one.', '又一起。'),
        severity: 1,
        status: 'investigating',
        components: [{ id: services.orders, status: 'major_outage' }],
        body: words('We are looking.', '正在排查。'),
        nextUpdateAt: inMinutes(app, 15),
      })
      await workFor(app, clock, minuteMs)
      expect(resend.mails()).toHaveLength(700)
    },
    resendEnv(resend),
  )

story(
  'a clock that is set forward by more than an SMS may be old ends none that waits: it goes with what is left of its half hour',
  async ({ app, clock }) => {
    twilio.sent.length = 0
    await subscribe(app, [{ channel: 'sms', address: '+8613900000001' }])
    twilio.failNext(1, 429)
    await ordersDown(app, await openServices(app))
    while (await workOnce(app));
    clock.jump(hourMs)
    await workFor(app, clock, 10 * minuteMs)
    expect((await ledger(app)).map(({ state, reason }) => [state, reason])).toEqual([['sent', null]])
    expect(twilio.sent).toHaveLength(1)
    expect(Number(twilio.sent[0]!.validityPeriod)).toBeGreaterThan(20 * 60)
  },
  twilioEnv(twilio),
)

story(
  'a clock that is set back by ten minutes lets no SMS go that is older than its half hour',
  async ({ app, clock }) => {
    twilio.sent.length = 0
    await subscribe(app, [{ channel: 'sms', address: '+8613900000001' }])
    twilio.failNext(100, 429)
    await ordersDown(app, await openServices(app))
    while (await workOnce(app));
    clock.jump(-10 * minuteMs)
    await workFor(app, clock, 29 * minuteMs)
    twilio.heal()
    clock.move(minuteMs)
    await workFor(app, clock, 10 * minuteMs)
    expect((await ledger(app)).map(({ state }) => state)).toEqual(['expired'])
    expect(twilio.sent).toEqual([])
  },
  twilioEnv(twilio),
)
