import { expect, it } from 'vitest'
import type { DeliveryFailed } from '../channel.ts'
import { judge, retryAfterOf } from './errors.ts'
import { eventsOf, receiptsOf } from './resend.ts'

const kind = ({ permanent, stopsChannel, outcomeUnknown }: DeliveryFailed) =>
  [permanent && 'permanent', stopsChannel && 'stops', outcomeUnknown && 'unknown'].filter(Boolean).join(' ') || 'again'
const of = (name: string, statusCode: number | null) => kind(judge({ name, statusCode, message: '' }))

it('tries again what passes by itself', () => {
  expect(of('rate_limit_exceeded', 429)).toBe('again')
  expect(of('concurrent_idempotent_requests', 409)).toBe('again')
  expect(of('resource_locked', 409)).toBe('again')
  expect(judge({ name: 'rate_limit_exceeded', statusCode: 429, message: '' }, 7).retryAfterSeconds).toBe(7)
})

it('does not know what became of a request without a whole answer', () => {
  expect(of('application_error', null)).toBe('unknown')
  expect(of('internal_server_error', 500)).toBe('unknown')
  expect(of('something_new', 503)).toBe('unknown')
})

it('stops the channel when no request would pass', () => {
  for (const [name, status] of [
    ['missing_api_key', 401],
    ['restricted_api_key', 401],
    ['invalid_api_key', 403],
    ['suspended_api_key', 403],
    ['invalid_permission', 403],
    ['invalid_from_address', 422],
    ['validation_error', 403],
    ['daily_quota_exceeded', 429],
    ['monthly_quota_exceeded', 429],
  ] as const)
    expect([name, of(name, status)]).toEqual([name, 'stops'])
})

it('gives up on what will never be taken', () => {
  for (const [name, status] of [
    ['validation_error', 400],
    ['validation_error', 422],
    ['missing_required_field', 422],
    ['invalid_parameter', 422],
    ['invalid_attachment', 422],
    ['security_error', 451],
    ['not_found', 404],
    ['method_not_allowed', 405],
  ] as const)
    expect([name, of(name, status)]).toEqual([name, 'permanent'])
})

it('never sends again under a key that was used with other bytes', () => {
  expect(of('invalid_idempotent_request', 409)).toBe('permanent unknown')
})

it('reads Retry-After in seconds and believes no more than an hour', () => {
  expect(retryAfterOf({ 'retry-after': '12' })).toBe(12)
  expect(retryAfterOf({ 'retry-after': '999999' })).toBe(3_600)
  expect(retryAfterOf({ 'retry-after': 'Wed, 11 Nov 2026 12:00:00 GMT' })).toBeUndefined()
  expect(retryAfterOf(null)).toBeUndefined()
})

it('gives each mail of a permissive batch its own receipt', () => {
  const batch = { deliveryIds: ['a', 'b', 'c'] }
  expect(receiptsOf(batch, { data: [{ id: '1' }, { id: '3' }], errors: [{ index: 1, message: 'no' }] })).toEqual([
    { deliveryId: 'a', state: 'sent', providerId: '1' },
    { deliveryId: 'b', state: 'failed', reason: 'no' },
    { deliveryId: 'c', state: 'sent', providerId: '3' },
  ])
  expect(() => receiptsOf(batch, { data: [{ id: '1' }] })).toThrow('does not fit')
})

it('closes an address after a hard bounce, a complaint or a suppression, and not after a soft one', () => {
  const read = (type: string, data: object) => eventsOf('e', { type, data: { tags: { delivery: 'd' }, ...data } })[0]
  expect(read('email.bounced', { bounce: { type: 'Permanent' } })).toMatchObject({
    state: 'bounced',
    closesAddress: true,
  })
  expect(read('email.bounced', { bounce: { type: 'Transient' } })).toMatchObject({ closesAddress: false })
  expect(read('email.complained', {})).toMatchObject({ state: 'complained', closesAddress: true, deliveryId: 'd' })
  expect(read('email.delivery_delayed', {})).toMatchObject({ state: 'delayed' })
  expect(read('email.opened', {})).toBeUndefined()
})
