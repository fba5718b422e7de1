import type { DeliveryState, Row } from '#api/db/schema.ts'
import { AppError, conflict } from '#api/errors.ts'
import type { Instant } from '#api/lib/time.ts'

/** States after which a person may ask for one more attempt: it did not arrive, or nobody knows. */
export const againStates = ['failed', 'unknown', 'expired', 'bounced', 'suppressed'] as const satisfies DeliveryState[]
export type AgainState = (typeof againStates)[number]

/** States in which the program itself is still at work on a delivery. */
export const waitingStates = ['queued', 'sending'] as const satisfies DeliveryState[]

/** What decides whether a delivery may be tried once more. */
export interface Ended {
  state: DeliveryState
  /** How its batch stands; null when it never was in one. */
  batchState: Row<'batch'>['state'] | null
  possibleDuplicate: boolean
  /** Whether the program itself will look into it or try it once more. */
  automatic: boolean
  /** Whether its subscriber has left. */
  left: boolean
  /** Why nothing may be sent to its address now. */
  suppressed: string | null
}

/**
 * Whether a delivery may be tried once more, and whether it may then arrive twice: so it is when nobody knows what
 * became of it. Null when an attempt is under way already. Throws conflict with the reason when it is out for certain,
 * or nothing may be sent.
 */
export function tryAgain(ended: Ended): { possibleDuplicate: boolean } | null {
  const { state, batchState, automatic, left, suppressed } = ended
  if (isOneOf(waitingStates, state)) return null
  if (!isOneOf(againStates, state)) throw conflict(`This message is "${state}": it is not sent once more.`)
  if (batchState === 'ready' || batchState === 'sending' || automatic)
    throw conflict('The program is still at work on this message. Wait until it has ended.')
  if (suppressed !== null) throw conflict(`Nothing may be sent to this address: ${suppressed}.`)
  if (left) throw conflict('Whoever has this address has left, so nothing is sent to it.')
  return { possibleDuplicate: ended.possibleDuplicate || state === 'unknown' }
}

/** Throws unavailable when the channel does not send, so that nothing is asked for that would only run out of time. */
export function mustSend(channel: { offReason: string | null } | undefined): void {
  if (!channel) throw new AppError('unavailable', 'There is no such channel any more.')
  if (channel.offReason) throw new AppError('unavailable', channel.offReason)
}

/** From when the age of a batch counts: from when a person asked for it, else from when its notice was announced or due. */
export const bornAt = (
  batch: Pick<Row<'batch'>, 'askedAt' | 'createdAt'>,
  notice: Pick<Row<'notice'>, 'createdAt' | 'dueAt'> | undefined,
): Instant => batch.askedAt ?? notice?.dueAt ?? notice?.createdAt ?? batch.createdAt

const isOneOf = <T extends string>(list: readonly T[], one: string): one is T =>
  (list as readonly string[]).includes(one)
