import { DeliveryFailed, type Receipt } from '../channel.ts'

// Twilio's error codes: twilio.com/docs/api/errors. Never its messages, which may change.

/** This number will never take an SMS. */
const numberIsDead = new Set([21211, 21610, 21614, 21635, 30005, 30006])
/** The account or its sender is not fit to send. */
const accountTrouble = new Set([
  20003, 20404, 20005, 21212, 21606, 21608, 21408, 21603, 21703, 30002, 30032, 30034, 63038,
])
/** Never processed, or a queue that empties. */
const retries = new Set([20429, 21611, 30001])

interface TwilioError {
  status: number
  code: number | null
  retryAfterSeconds?: number
}

/** What an answer that is no 201 means: a receipt that ends this message, or a failure of the attempt. */
export function judge(deliveryId: string, error: TwilioError): Receipt | DeliveryFailed {
  const { status, code } = error
  const reason = `twilio ${code ?? status}`
  const wait = error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }
  if (code !== null && numberIsDead.has(code))
    return { deliveryId, state: code === 21610 ? 'suppressed' : 'failed', reason, closesAddress: true }
  if (code !== null && accountTrouble.has(code)) return new DeliveryFailed(reason, { stopsChannel: true })
  if (status === 429 || (code !== null && retries.has(code))) return new DeliveryFailed(reason, wait)
  // Twilio on 20500: sending is not idempotent, and a message may have gone out although the answer is an error.
  if (status >= 500) return new DeliveryFailed(reason, { outcomeUnknown: true })
  if (status === 401 || status === 403) return new DeliveryFailed(reason, { stopsChannel: true })
  return { deliveryId, state: 'failed', reason }
}

/** Whether an error in a status callback says that this number will never take an SMS. */
export const closesAddress = (code: number): boolean => numberIsDead.has(code)
