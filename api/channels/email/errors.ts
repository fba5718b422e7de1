import { DeliveryFailed } from '../channel.ts'

// Resend's error names, read by name first and by status where the name says less: resend.com/docs/api-reference/errors.

const stopsChannel = new Set([
  'missing_api_key',
  'restricted_api_key',
  'invalid_api_key',
  'suspended_api_key',
  'invalid_permission',
  'invalid_access',
  'invalid_from_address',
  'invalid_region',
  // Both quotas answer 429, but waiting a minute does not help: the name decides, not the status.
  'daily_quota_exceeded',
  'monthly_quota_exceeded',
])
const retries = new Set([
  'rate_limit_exceeded',
  'concurrent_idempotent_requests',
  'resource_locked',
  'application_error',
  'internal_server_error',
  'service_unavailable',
])

interface ResendError {
  name: string
  /** Null when no whole answer came: the mails may have been accepted. */
  statusCode: number | null
  message: string
}

/** What a refused or lost request means for the whole batch. */
export function judge(error: ResendError, retryAfterSeconds?: number): DeliveryFailed {
  const { name, statusCode } = error
  const reason = `${name}${statusCode === null ? '' : ` ${statusCode}`}: ${error.message}`.slice(0, 300)
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  if (statusCode === null) return new DeliveryFailed(reason, { outcomeUnknown: true, unanswered: true })
  if (stopsChannel.has(name)) return new DeliveryFailed(reason, { stopsChannel: true })
  // The key was used with other bytes: something was sent under it, and nobody can say what.
  if (name === 'invalid_idempotent_request')
    return new DeliveryFailed(reason, { permanent: true, outcomeUnknown: true })
  if (name === 'validation_error' && statusCode === 403) return new DeliveryFailed(reason, { stopsChannel: true })
  if (statusCode === 401 || statusCode === 403) return new DeliveryFailed(reason, { stopsChannel: true })
  // A 5xx may come after the mails were taken; the key makes trying again harmless.
  if (statusCode >= 500) return new DeliveryFailed(reason, { outcomeUnknown: true, ...wait })
  if (retries.has(name) || statusCode === 429 || statusCode === 408) return new DeliveryFailed(reason, wait)
  return new DeliveryFailed(reason, { permanent: true })
}

/** Retry-After in seconds; a date there is not read, and nothing over an hour is believed. */
export function retryAfterOf(headers: Record<string, string> | null): number | undefined {
  const seconds = Number(headers?.['retry-after'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3_600) : undefined
}
