import { hourMs, type Instant, minuteMs, plusMs, secondMs } from '#api/lib/time.ts'

/** Waits after the 1st, 2nd, … failed attempt. They end inside 23 hours: after 24 Resend forgets a key and would send again. */
const waitsMs: readonly number[] = [
  5 * secondMs,
  30 * secondMs,
  2 * minuteMs,
  10 * minuteMs,
  30 * minuteMs,
  hourMs,
  2 * hourMs,
  4 * hourMs,
  4 * hourMs,
  4 * hourMs,
  3 * hourMs,
]
/** How often a channel that was stopped is tried with one batch: a quota is new tomorrow, a key is put right. */
export const probeEveryMs = 15 * minuteMs
/** Each wait is shorter or longer by up to this share, so that many batches do not come back at once. */
const jitter = 0.15

/** How long to wait after this many attempts, in milliseconds; null when it was the last. `chance` is 0 to 1. A provider's Retry-After is never undercut. */
export function waitAfter(
  attempts: number,
  chance: number,
  retryAfterSeconds?: number,
  waits: readonly number[] = waitsMs,
): number | null {
  const wait = waits[attempts - 1]
  if (wait === undefined) return null
  const spread = Math.round(wait * (1 + jitter * (2 * chance - 1)))
  return Math.max(spread, (retryAfterSeconds ?? 0) * secondMs)
}

/** Why a row says that it is not tried any more although its news is news still. */
export const keyForgotten = 'tried for so long that the provider may have forgotten its key and would send it twice'

/** The instant from which a batch first tried at `firstTriedAt` is not tried any more, because its key may be forgotten; null when no key is, or none was used. */
export const keyEndsAt = ({ keyKeptMs }: { keyKeptMs?: number }, firstTriedAt: Instant | null): Instant | null =>
  keyKeptMs === undefined || firstTriedAt === null ? null : plusMs(firstTriedAt, keyKeptMs)
