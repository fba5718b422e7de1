import { hourMs, type Instant, minuteMs, toInstant, toMs } from '#api/lib/time.ts'

/** Notices to one address within an hour, over all incidents; what comes on top is folded into one message. */
export const capPerHour: Readonly<Record<string, number>> = { email: 6, sms: 3 }
/** The hour of the cap. */
export const capWindowMs = hourMs
/** What is over the cap is gathered until the next of these steps of the clock, and at least for half of one. */
export const gatherMs = 10 * minuteMs

/**
 * When the message goes out into which is folded what is over the cap: soon, for something may be resolved in it, but no
 * sooner than an hour after the one before it.
 */
export function foldDueAt(now: Instant, lastDueAt: Instant | null): Instant {
  const from = Math.max(toMs(now) + gatherMs / 2, lastDueAt ? toMs(lastDueAt) + capWindowMs : 0)
  return toInstant(Math.ceil(from / gatherMs) * gatherMs)
}

/** The same for everybody on a channel whose message is due then, so that there is one notice of it. */
export const foldKey = (channel: string, dueAt: Instant): string => `${channel} ${dueAt}`

/** Why a row says superseded that is told in another message. */
export const foldedReason = (cap: number): string => `told in one message with others: more than ${cap} within an hour`
