import { expect, it } from 'vitest'
import { DeliveryFailed } from '../channel.ts'
import { judge } from './errors.ts'
import { eventsOf } from './twilio.ts'

const of = (status: number, code: number | null) => {
  const judged = judge('d', { status, code })
  if (judged instanceof DeliveryFailed)
    return judged.stopsChannel ? 'stops' : judged.outcomeUnknown ? 'unknown' : 'again'
  return `${judged.state}${'closesAddress' in judged && judged.closesAddress ? ' closes' : ''}`
}

it('closes numbers that never take an SMS', () => {
  for (const code of [21211, 21614, 21635]) expect([code, of(400, code)]).toEqual([code, 'failed closes'])
  expect(of(400, 21610)).toBe('suppressed closes')
})

it('fails one message that will never pass', () => {
  for (const code of [21617, 30007, 30450, 99999]) expect([code, of(400, code)]).toEqual([code, 'failed'])
})

it('stops the channel when the account or its sender is the trouble', () => {
  for (const [status, code] of [
    [401, 20003],
    [404, 20404],
    [400, 21606],
    [400, 21212],
    [400, 21608],
    [400, 21408],
    [403, null],
  ] as const)
    expect([code, of(status, code)]).toEqual([code, 'stops'])
})

it('tries again what was never processed, and only that', () => {
  expect(of(429, 20429)).toBe('again')
  expect(of(429, null)).toBe('again')
  expect(of(400, 21611)).toBe('again')
  expect(of(500, 20500)).toBe('unknown')
  expect(of(503, null)).toBe('unknown')
})

it('reads status callbacks, and closes the number on a code that condemns it', () => {
  const read = (form: Record<string, string>) => eventsOf({ MessageSid: 'SM1', ...form }, 'd')[0]
  expect(read({ MessageStatus: 'queued' })).toMatchObject({ state: 'sent', providerId: 'SM1', eventId: 'SM1:queued' })
  expect(read({ MessageStatus: 'delivered' })).toMatchObject({ state: 'delivered' })
  expect(read({ MessageStatus: 'undelivered', ErrorCode: '30005' })).toMatchObject({
    state: 'failed',
    reason: 'twilio 30005',
    closesAddress: true,
  })
  expect(read({ MessageStatus: 'failed', ErrorCode: '30003' })).not.toHaveProperty('closesAddress')
  expect(read({ MessageStatus: 'invented' })).toBeUndefined()
})
