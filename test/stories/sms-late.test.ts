import { afterAll, beforeEach, expect } from 'vitest'
import { publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, minuteMs } from '#api/lib/time.ts'
import { story } from '../support/story.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

// An SMS that would come too late, or after a newer one, is not sent once more.

const twilio = await openTwilio()
afterAll(() => twilio.close())
beforeEach(() => {
  twilio.sent.length = 0
  twilio.heal()
  twilio.shows = () => true
})
const tell: typeof story = (promise, act) =>
  story(
    promise,
    async (stage) => {
      twilio.now = () => new Date(stage.clock.now())
      await subscribe(stage.app, [{ channel: 'sms', address: '+8613900000001' }])
      await act(stage)
    },
    twilioEnv(twilio),
  )

tell('what a correction replaced is not sent once more when its answer was lost', async ({ app, clock }) => {
  twilio.failNext(1, 'reset')
  const incident = await ordersDown(app, await openServices(app))
  await workFor(app, clock, minuteMs)
  await publishUpdate(app, lin, incident.id, {
    status: 'investigating',
    corrects: incident.updates[0]!.id,
    body: words('Payments work.', '支付正常。'),
    nextUpdateAt: inMinutes(app, 15),
  })
  await workFor(app, clock, hourMs)
  expect(twilio.sent).toHaveLength(1)
  expect((await ledger(app)).map(({ state, reason }) => [state, reason])).toEqual([
    ['unknown', 'nobody knows whether it arrived: not sent once more: superseded by update 2 of the same incident'],
    ['sent', null],
  ])
})

tell('an SMS that is refused until it is old is expired', async ({ app, clock }) => {
  twilio.failNext(100, 429)
  await ordersDown(app, await openServices(app))
  await workFor(app, clock, hourMs)
  const [row] = await ledger(app)
  expect(row?.state).toBe('expired')
  // Whether the last try or its turn to be tried comes first is chance: how long a try waits is.
  expect(row?.reason).toMatch(/^too old to be sent(: gave up after \d+ attempts: twilio.*)?$/)
})
