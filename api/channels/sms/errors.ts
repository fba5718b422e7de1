import { DeliveryFailed, type Receipt, type ReceiptEvent } from '../channel.ts'

// Twilio's error codes: twilio.com/docs/api/errors. Never its messages, which may change.

/**
 * What a code means for us. "number": this number never takes an SMS. "optedOut": whoever has it said STOP. "message":
 * this text to this number never passes. "late": it waited at Twilio until it was too old. "account": nothing goes out
 * until the account or its sender is put right. "queue": a queue is full and empties, or we ask too fast. "off": the
 * phone was off or out of reach. "unclear": the network does not say why.
 */
type Meaning = 'number' | 'optedOut' | 'message' | 'late' | 'account' | 'queue' | 'off' | 'unclear'

const meanings = new Map<number, [Meaning, string]>([
  [21211, ['number', 'this is no valid number']],
  [21614, ['number', 'this is no mobile number']],
  [21635, ['number', 'this is a landline']],
  [30005, ['number', 'nobody has this number']],
  [30006, ['number', 'a landline, or its network takes no SMS']],
  [21610, ['optedOut', 'whoever has this number answered STOP']],
  [21617, ['message', 'the text is too long']],
  [30007, ['message', 'the network filtered this text']],
  [30450, ['message', 'blocked as suspected fraud']],
  [30036, ['late', 'it waited until it was too old']],
  [20003, ['account', 'the account or its token is wrong']],
  [20005, ['account', 'the account is not active']],
  [20404, ['account', 'the account, the sender or the template does not exist']],
  [21212, ['account', 'the sender is not valid']],
  [21408, ['account', 'this country is not enabled for the account']],
  [21603, ['account', 'there is no sender']],
  [21606, ['account', 'the sender cannot send SMS to this number']],
  [21608, ['account', 'a trial account sends to verified numbers only']],
  [21703, ['account', 'the Messaging Service has no sender']],
  [30002, ['account', 'the account is suspended']],
  [30032, ['account', 'the toll-free number is not verified']],
  [30034, ['account', 'the sender is not registered (A2P 10DLC)']],
  [63038, ['account', 'the daily limit of the account is reached']],
  [20429, ['queue', 'too many requests']],
  [21611, ['queue', "the sender's queue is full"]],
  [30001, ['queue', 'the queue is full']],
  [30003, ['off', 'the phone was off or out of reach']],
  [30008, ['unclear', 'the network does not say why']],
])

/** What a network did not deliver is tried again: how many seconds later, and how many times at the most. */
const again: Partial<Record<Meaning, { afterSeconds: number; times: number }>> = {
  queue: { afterSeconds: 60, times: 3 },
  off: { afterSeconds: 300, times: 1 },
  unclear: { afterSeconds: 120, times: 1 },
}

const meaningOf = (code: number | null): Meaning | undefined => (code === null ? undefined : meanings.get(code)?.[0])

/** "twilio 30005: nobody has this number"; a code that is not in the table stands alone. */
function reasonOf(code: number | string): string {
  const said = typeof code === 'number' ? meanings.get(code)?.[1] : undefined
  return said ? `twilio ${code}: ${said}` : `twilio ${code}`
}

interface TwilioError {
  status: number
  code: number | null
  retryAfterSeconds?: number
}

/** What an answer that is no 201 means: a receipt that ends this message, or a failure of the attempt. */
export function judge(deliveryId: string, error: TwilioError): Receipt | DeliveryFailed {
  const { status, code } = error
  const meaning = meaningOf(code)
  const reason = reasonOf(code ?? status)
  const wait = error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }
  if (meaning === 'optedOut') return { deliveryId, state: 'suppressed', reason, closesAddress: true }
  if (meaning === 'number') return { deliveryId, state: 'failed', reason, closesAddress: true }
  if (meaning === 'message') return { deliveryId, state: 'failed', reason }
  if (meaning === 'late') return { deliveryId, state: 'expired', reason }
  if (meaning === 'account') return new DeliveryFailed(reason, { stopsChannel: true })
  // Twilio on 429: never processed, always safe to try again. A full queue took nothing either.
  if (status === 429 || meaning !== undefined) return new DeliveryFailed(reason, wait)
  // Twilio on 20500: sending is not idempotent, and a message may have gone out although the answer is an error.
  if (status >= 500 || status === 408) return new DeliveryFailed(reason, { outcomeUnknown: true })
  if (status === 401 || status === 403) return new DeliveryFailed(reason, { stopsChannel: true })
  return { deliveryId, state: 'failed', reason }
}

/** What the error code of a message that was accepted and did not arrive means; `status` stands for a missing code. */
export function readFailure(
  code: number | null,
  status: string,
): Pick<ReceiptEvent, 'state' | 'reason' | 'closesAddress' | 'again' | 'unreachable' | 'stopsChannel'> {
  const meaning = meaningOf(code)
  const reason = reasonOf(code ?? status)
  if (meaning === 'optedOut') return { state: 'suppressed', reason, closesAddress: true }
  if (meaning === 'number') return { state: 'failed', reason, closesAddress: true }
  if (meaning === 'late') return { state: 'expired', reason }
  if (meaning === 'account') return { state: 'failed', reason, stopsChannel: true }
  const retry = meaning && again[meaning]
  return {
    state: 'failed',
    reason,
    ...(retry ? { again: retry } : {}),
    ...(meaning === 'off' ? { unreachable: true } : {}),
  }
}
