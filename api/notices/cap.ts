import { hourMs, type Instant, minuteMs, plusMs, toInstant, toMs } from '#api/lib/time.ts'

/**
 * Notices to one address within an hour, over all incidents; what comes on top is folded into one message. In a chat,
 * where everything that waits becomes one message anyway, it only waits. A webhook has no cap: a program wants each
 * update, and the newest takes the place of those that it has not heard yet.
 */
export const capPerHour: Readonly<Record<string, number>> = { email: 6, sms: 3, slack: 12, feishu: 12 }
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

/** When the next message to an address may go that had its last ones at these instants, the newest first; null at once. */
export const afterCap = (cap: number, sentAts: readonly Instant[]): Instant | null => {
  const oldest = sentAts[cap - 1]
  return oldest === undefined ? null : plusMs(oldest, capWindowMs)
}

/** The same for everybody on a channel whose message is due then, so that there is one notice of it. */
export const foldKey = (channel: string, dueAt: Instant): string => `${channel} ${dueAt}`

/** Why a row says superseded that is told in another message. */
export const foldedReason = (cap: number): string => `told in one message with others: more than ${cap} within an hour`
