import { expect, it } from 'vitest'
import type { DeliveryFailed } from '../channel.ts'
import { allowedBy, judge, retryAfterOf } from './errors.ts'
import { eventsOf, receiptsOf } from './resend.ts'

/** What the fan-out makes of a failure, in one word. */
function fate({ permanent, separable, stopsChannel, outcomeUnknown, unanswered }: DeliveryFailed): string {
  if (stopsChannel) return 'stops the channel'
  if (permanent && outcomeUnknown) return 'needs a person'
  if (permanent) return separable ? 'is taken apart' : 'stops the row'
  if (outcomeUnknown) return unanswered ? 'unknown, unanswered' : 'unknown'
  return 'again'
}

/** Every name of resend.com/docs/api-reference/errors with every status it comes with, and names nobody knows yet. */
const table: Record<string, [name: string, status: number | null][]> = {
  again: [
    ['rate_limit_exceeded', 429],
    ['concurrent_idempotent_requests', 409],
    ['resource_locked', 409],
    ['something_new', 408],
    ['something_new', 409],
    ['something_new', 429],
  ],
  'unknown, unanswered': [
    ['application_error', null],
    ['internal_server_error', null],
    ['validation_error', null],
    ['daily_quota_exceeded', null],
  ],
  unknown: [
    ['application_error', 500],
    ['internal_server_error', 500],
    ['service_unavailable', 500],
    ['service_unavailable', 503],
    ['validation_error', 500],
    ['rate_limit_exceeded', 503],
    ['something_new', 502],
    ['something_new', 599],
    ['application_error', 200],
  ],
  'is taken apart': [
    ['validation_error', 400],
    ['validation_error', 422],
    ['missing_required_field', 422],
    ['invalid_parameter', 422],
    ['invalid_attachment', 422],
    ['something_new', 400],
    ['something_new', 413],
    ['something_new', 422],
  ],
  'stops the row': [
    ['security_error', 451],
    ['not_found', 404],
    ['method_not_allowed', 405],
    ['invalid_idempotency_key', 400],
    ['something_new', 418],
  ],
  'stops the channel': [
    ['missing_api_key', 401],
    ['restricted_api_key', 401],
    ['invalid_api_key', 403],
    ['invalid_api_key', 400],
    ['suspended_api_key', 403],
    ['invalid_permission', 403],
    ['invalid_access', 422],
    ['invalid_from_address', 422],
    ['invalid_from_address', 403],
    ['invalid_region', 422],
    ['validation_error', 403],
    ['daily_quota_exceeded', 429],
    ['monthly_quota_exceeded', 429],
    ['something_new', 401],
    ['something_new', 403],
  ],
  'needs a person': [['invalid_idempotent_request', 409]],
}

for (const [what, answers] of Object.entries(table))
  it.each(answers)(`%s %s: ${what}`, (name, statusCode) => {
    expect(fate(judge({ name, statusCode, message: '' }))).toBe(what)
  })

it('waits for as long as the answer says, unless it is the channel that is stopped', () => {
  expect(judge({ name: 'rate_limit_exceeded', statusCode: 429, message: '' }, 7).retryAfterSeconds).toBe(7)
  expect(judge({ name: 'service_unavailable', statusCode: 503, message: '' }, 7).retryAfterSeconds).toBe(7)
  expect(judge({ name: 'daily_quota_exceeded', statusCode: 429, message: '' }, 7).retryAfterSeconds).toBeUndefined()
})

it('keeps to a little less than the headers allow, and spreads what remains of a longer window', () => {
  const headers = (limit: string, remaining: string, reset: string) => ({
    'ratelimit-limit': limit,
    'ratelimit-remaining': remaining,
    'ratelimit-reset': reset,
  })
  expect(allowedBy(headers('5', '0', '1'))).toBe(4.85)
  expect(allowedBy({ 'ratelimit-limit': '5' })).toBe(4.85)
  expect(allowedBy(headers('600', '300', '60'))).toBe(4.85)
  expect(allowedBy(headers('600', '0', '10'))).toBe(0.097)
  for (const nothing of [null, {}, headers('', '', ''), headers('many', '1', '1'), headers('0', '0', '1')])
    expect(allowedBy(nothing)).toBeNull()
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
