import { expect, it } from 'vitest'
import { DeliveryFailed } from '../channel.ts'
import { judge } from './errors.ts'
import { eventsOf } from './status.ts'

/** What the answer to an order means, in one word. */
const answered = (status: number, code: number | null, retryAfterSeconds?: number) => {
  const judged = judge('d', { status, code, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) })
  if (judged instanceof DeliveryFailed)
    return judged.stopsChannel
      ? 'stops'
      : judged.outcomeUnknown
        ? 'unknown'
        : `again${judged.retryAfterSeconds === undefined ? '' : ` in ${judged.retryAfterSeconds}`}`
  return `${judged.state}${'closesAddress' in judged && judged.closesAddress ? ' closes' : ''}`
}

/** What a status callback with an error code means. */
const calledBack = (code: number | null, status = 'undelivered') => {
  const form = { MessageSid: 'SM1', MessageStatus: status, ...(code === null ? {} : { ErrorCode: String(code) }) }
  const [event] = eventsOf(form, 'd')
  if (!event) return 'nothing'
  const { state, again, closesAddress, stopsChannel, unreachable } = event
  const more = [
    closesAddress && 'closes',
    stopsChannel && 'stops',
    again && `again in ${again.afterSeconds} s, ${again.times} at the most`,
    unreachable && 'counts',
  ]
  return [state, ...more.filter(Boolean)].join(' ')
}

it.each([
  // This number never takes an SMS.
  [21211, 400, 'failed closes', 'failed closes'],
  [21614, 400, 'failed closes', 'failed closes'],
  [21635, 400, 'failed closes', 'failed closes'],
  [30005, 400, 'failed closes', 'failed closes'],
  [30006, 400, 'failed closes', 'failed closes'],
  [21610, 400, 'suppressed closes', 'suppressed closes'],
  // This message never passes.
  [21617, 400, 'failed', 'failed'],
  [30007, 400, 'failed', 'failed'],
  [30450, 400, 'failed', 'failed'],
  [30036, 400, 'expired', 'expired'],
  // The account or its sender is the trouble.
  [20003, 401, 'stops', 'failed stops'],
  [20404, 404, 'stops', 'failed stops'],
  [21606, 400, 'stops', 'failed stops'],
  [21212, 400, 'stops', 'failed stops'],
  [21608, 400, 'stops', 'failed stops'],
  [21408, 400, 'stops', 'failed stops'],
  [30002, 400, 'stops', 'failed stops'],
  [30034, 400, 'stops', 'failed stops'],
  [30032, 400, 'stops', 'failed stops'],
  [63038, 400, 'stops', 'failed stops'],
  // Later.
  [20429, 429, 'again', 'failed again in 60 s, 3 at the most'],
  [21611, 400, 'again', 'failed again in 60 s, 3 at the most'],
  [30001, 400, 'again', 'failed again in 60 s, 3 at the most'],
  [30003, 400, 'again', 'failed again in 300 s, 1 at the most counts'],
  [30008, 400, 'again', 'failed again in 120 s, 1 at the most'],
  // Nobody knows.
  [20500, 500, 'unknown', 'failed'],
  // A code that is not in the table ends this message and nothing else.
  [99999, 400, 'failed', 'failed'],
])('code %i', (code, status, answer, callback) => {
  expect(answered(status, code)).toBe(answer)
  expect(calledBack(code)).toBe(callback)
})

it('reads a status without a code: too fast, broken, or not let in', () => {
  expect(answered(429, null)).toBe('again')
  expect(answered(429, null, 30)).toBe('again in 30')
  expect(answered(500, null)).toBe('unknown')
  expect(answered(503, null)).toBe('unknown')
  expect(answered(408, null)).toBe('unknown')
  expect(answered(401, null)).toBe('stops')
  expect(answered(403, null)).toBe('stops')
  expect(answered(400, null)).toBe('failed')
})

it('says what a code means, for whoever reads the row', () => {
  const judged = judge('d', { status: 400, code: 30005 })
  expect(judged).toMatchObject({ reason: 'twilio 30005: nobody has this number' })
})

it('reads how far a message has come, and no word it does not know', () => {
  for (const status of ['accepted', 'queued', 'scheduled', 'sending', 'sent'])
    expect(calledBack(null, status)).toBe('sent')
  for (const status of ['delivered', 'partially_delivered', 'read']) expect(calledBack(null, status)).toBe('delivered')
  for (const status of ['failed', 'canceled']) expect(calledBack(null, status)).toBe('failed')
  expect(calledBack(null, 'invented')).toBe('nothing')
  expect(eventsOf({ MessageStatus: 'sent' }, 'd')).toEqual([])
  expect(eventsOf({ MessageSid: 'SM1', SmsStatus: 'sent' }, 'd')).toEqual([
    { eventId: 'SM1:sent', deliveryId: 'd', providerId: 'SM1', state: 'sent', reason: null },
  ])
})
