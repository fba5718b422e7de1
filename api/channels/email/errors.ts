import { DeliveryFailed } from '../channel.ts'

// Resend's error names, read by name first and by status where the name says less: resend.com/docs/api-reference/errors.

type Meaning = 'again' | 'row' | 'rows' | 'channel' | 'unknown' | 'held'

/**
 * What each name means: try again under the same key; stop the row (`rows`: refused for what is inside, so that each
 * mail of the batch may be tried alone); stop the channel; nobody knows, so ask again under the same key; or somebody
 * must look, because asking again cannot tell.
 */
const meanings: Record<string, Meaning> = {
  rate_limit_exceeded: 'again',
  concurrent_idempotent_requests: 'again',
  resource_locked: 'again',
  application_error: 'unknown',
  internal_server_error: 'unknown',
  service_unavailable: 'unknown',
  validation_error: 'rows',
  missing_required_field: 'rows',
  invalid_parameter: 'rows',
  invalid_attachment: 'rows',
  security_error: 'row',
  not_found: 'row',
  method_not_allowed: 'row',
  invalid_idempotency_key: 'row',
  missing_api_key: 'channel',
  restricted_api_key: 'channel',
  invalid_api_key: 'channel',
  suspended_api_key: 'channel',
  invalid_permission: 'channel',
  invalid_access: 'channel',
  invalid_from_address: 'channel',
  invalid_region: 'channel',
  // Both quotas answer 429, but waiting a minute does not help: the name decides, not the status.
  daily_quota_exceeded: 'channel',
  monthly_quota_exceeded: 'channel',
  // The key was used with other bytes: something was sent under it, and nobody can say what.
  invalid_idempotent_request: 'held',
}

/** What a name that is not in the table means, by its status. */
function byStatus(status: number): Meaning {
  if (status === 401 || status === 403) return 'channel'
  if (status === 408 || status === 409 || status === 425 || status === 429) return 'again'
  if (status >= 500) return 'unknown'
  if (status === 400 || status === 413 || status === 422) return 'rows'
  // An answer that is no refusal and yet no receipt, such as half a sentence: the mails may have been taken.
  return status < 400 ? 'unknown' : 'row'
}

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
  if (statusCode === null) return new DeliveryFailed(reason, { outcomeUnknown: true, unanswered: true })
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  // The domain is not verified, or the account may write to its owner alone: no mail would pass.
  const meaning =
    name === 'validation_error' && statusCode === 403 ? 'channel' : (meanings[name] ?? byStatus(statusCode))
  // A 5xx may come after the mails were taken, whatever it is called; the key makes trying again harmless.
  if (statusCode >= 500 && meaning !== 'channel') return new DeliveryFailed(reason, { outcomeUnknown: true, ...wait })
  switch (meaning) {
    case 'again':
      return new DeliveryFailed(reason, wait)
    case 'unknown':
      return new DeliveryFailed(reason, { outcomeUnknown: true, ...wait })
    case 'channel':
      return new DeliveryFailed(reason, { stopsChannel: true })
    case 'held':
      return new DeliveryFailed(reason, { permanent: true, outcomeUnknown: true })
    case 'rows':
      return new DeliveryFailed(reason, { permanent: true, separable: true })
    case 'row':
      return new DeliveryFailed(reason, { permanent: true })
  }
}

type Headers = Record<string, string> | null

/** Retry-After in seconds; a date there is not read, and nothing over an hour is believed. */
export function retryAfterOf(headers: Headers): number | undefined {
  const seconds = numberIn(headers, 'retry-after')
  return seconds !== null && seconds >= 0 ? Math.min(seconds, 3_600) : undefined
}

/** How much of the allowed rate is used: a network that bunches two requests together then brings no 429. */
const shareUsed = 0.97

/**
 * How many requests a second the answer's rate headers allow; null when they say nothing. A window of a second gives
 * its limit; of a longer one, what remains is spread over the time that is left of it.
 */
export function allowedBy(headers: Headers): number | null {
  const limit = numberIn(headers, 'ratelimit-limit')
  const remaining = numberIn(headers, 'ratelimit-remaining')
  const resetSeconds = numberIn(headers, 'ratelimit-reset') ?? 1
  if (limit === null || limit <= 0 || resetSeconds < 0) return null
  const allowed = resetSeconds <= 1 ? limit : Math.max(remaining ?? limit, 1) / resetSeconds
  return Math.round(allowed * shareUsed * 1_000) / 1_000
}

function numberIn(headers: Headers, name: string): number | null {
  const text = headers?.[name]
  if (text === undefined || text.trim() === '') return null
  const number = Number(text)
  return Number.isFinite(number) ? number : null
}
