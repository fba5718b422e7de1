import type { DeliveryState } from '#api/db/schema.ts'
import { type Instant, minuteMs, plusMs } from '#api/lib/time.ts'

// What is done about a message of which nobody knows whether the provider took it, where sending it again may tell
// somebody twice: the callback is waited for, then the provider is asked, and only then it is sent once more, once.

/** A provider lists a message a little after it took it. */
export const firstLookAfterMs = 2 * minuteMs
const lookEveryMs = 2 * minuteMs
/** Neither a callback nor the list named it for so long: well inside the half hour in which an SMS is worth sending. */
export const retryAfterMs = 8 * minuteMs
/** How long a provider that cannot be asked is asked again. */
const askForMs = 120 * minuteMs

/** When a provider is asked again that is being asked now, should nothing come of it. */
export const lookAgainAt = (now: Instant): Instant => plusMs(now, lookEveryMs)

interface Doubt {
  now: Instant
  /** When the last attempt began of which nobody knows how it ended. */
  attemptAt: Instant
  /** When it gets too old to be sent. */
  deadline: Instant
  /** Whether the provider answered: it has no such message. */
  answered: boolean
  /** Whether it was sent once more already without knowing. */
  retried: boolean
  /** Why nothing may be sent to this address or of this notice now; null when nothing stands against it. */
  barred: string | null
}

export type NextStep = { step: 'look'; at: Instant } | { step: 'retry' } | { step: 'end'; reason: string }

/** What comes next when the provider was asked and named no message. */
export function afterLook({ now, attemptAt, deadline, answered, retried, barred }: Doubt): NextStep {
  const retryAt = plusMs(attemptAt, retryAfterMs)
  if (!answered) {
    if (now < plusMs(attemptAt, askForMs)) return { step: 'look', at: lookAgainAt(now) }
    return end('the provider could not be asked')
  }
  if (now < retryAt) {
    return { step: 'look', at: [lookAgainAt(now), retryAt].sort()[0]! }
  }
  if (retried) return end('it was sent once more already, and the provider lists no message')
  if (barred !== null) return { step: 'end', reason: notSentAgain(barred) }
  if (now >= deadline) return end('too old to be sent once more')
  return { step: 'retry' }
}

const end = (why: string): NextStep => ({ step: 'end', reason: `nobody knows whether it arrived: ${why}` })

/** Why a row stays unknown whose message is not sent once more. */
export const notSentAgain = (barred: string): string => `nobody knows whether it arrived: not sent once more: ${barred}`

/** Why a row says sent although its answer was lost. */
export const foundReason = 'its answer was lost, and the provider lists it'
/** Why a row may be of a message that somebody got twice; `lost` is how the first answer was lost. */
export const retryReason = (lost: string | null): string =>
  `may be told twice: sent once more because nobody knew whether the first was taken (${lost ?? 'the answer was lost'})`
/** Why a row says that somebody was told twice. */
export const twiceReason = 'told twice: the first message and the one sent once more were both taken'

/** How a row stands whose second message was refused for certain, while the first may have been taken. */
export const firstIsUnknown = (refusal: string): { state: DeliveryState; reason: string } => ({
  state: 'unknown',
  reason: `nobody knows whether it arrived: sent once more, it was refused (${refusal})`,
})

/** States of a message that did not arrive, or not yet. */
const lacking = new Set<DeliveryState>(['failed', 'bounced', 'suppressed', 'expired', 'delayed'])

interface SecondMessage {
  found: { state: DeliveryState; providerId: string | null }
  event: { state: DeliveryState; providerId: string | null }
}

/**
 * What the ledger does with word of a message that is not the one a delivery was last known by: both were taken.
 * "same": it is that one. "ignore": the other did not arrive, and the row speaks of the one that may. "instead": this
 * one arrives where the known one failed. "twice": both got through.
 */
export function secondMessage({ found, event }: SecondMessage): 'same' | 'ignore' | 'instead' | 'twice' {
  if (!found.providerId || !event.providerId || found.providerId === event.providerId) return 'same'
  if (lacking.has(event.state)) return 'ignore'
  return lacking.has(found.state) ? 'instead' : 'twice'
}
