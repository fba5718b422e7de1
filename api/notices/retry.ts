import { hourMs, type Instant, minuteMs, plusMs, secondMs, toMs } from '#api/lib/time.ts'

/**
 * Waits after the 1st, 2nd, … failed attempt by a provider, the last one again and again until the message is too old or
 * its key may be forgotten. Never long, so that what waits goes out within minutes when the provider works again.
 */
const waitsMs: readonly number[] = [5 * secondMs, 30 * secondMs, 2 * minuteMs, 4 * minuteMs]
/** The same where each address is a server of its own: its trouble may last for hours, and concerns nobody else. */
export const addressWaitsMs: readonly number[] = [
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
/** While a provider gives nothing but trouble, one batch tries it so often at the least. It is not shorter than the waits of a batch, so that the oldest is the one that tries. */
const troubleProbeMs = 5 * minuteMs
/** Trouble that lasted so long was an outage: what waits after it need not wait on. */
export const outageMs = 30 * secondMs
/** How often a channel that was stopped is tried with one batch: a quota is new tomorrow, a key is put right. */
const stoppedProbeMs = 15 * minuteMs
/** Each wait is shorter or longer by up to this share, so that many batches do not come back at once. */
const jitter = 0.15

/** How long to wait after this many attempts, in milliseconds; null when it was the last of `waits`. `chance` is 0 to 1. A provider's Retry-After is never undercut. */
export function waitAfter(
  attempts: number,
  chance: number,
  retryAfterSeconds?: number,
  waits?: readonly number[],
): number | null {
  const wait = waits ? waits[attempts - 1] : (waitsMs[attempts - 1] ?? waitsMs.at(-1))
  if (wait === undefined) return null
  const spread = Math.round(wait * (1 + jitter * (2 * chance - 1)))
  return Math.max(spread, (retryAfterSeconds ?? 0) * secondMs)
}

/** Why a row says that it is not tried any more although its news is news still. */
export const keyForgotten = 'tried for so long that the provider may have forgotten its key and would send it twice'

/** The instant from which a batch first tried at `firstTriedAt` is not tried any more, because its key may be forgotten; null when no key is, or none was used. */
export const keyEndsAt = ({ keyKeptMs }: { keyKeptMs?: number }, firstTriedAt: Instant | null): Instant | null =>
  keyKeptMs === undefined || firstTriedAt === null ? null : plusMs(firstTriedAt, keyKeptMs)

/** What the record says of a provider that has answered nothing, or only that it is in trouble. */
interface Trouble {
  silentSince: Instant | null
  nextSendAt: Instant | null
}

/** Since when a provider gives nothing but trouble; null when it does not, or when nobody has tried it for so long that it says nothing any more. */
export const troubleSince = ({ silentSince, nextSendAt }: Trouble, now: Instant): Instant | null =>
  silentSince && nextSendAt && plusMs(nextSendAt, 2 * troubleProbeMs) >= now ? silentSince : null

/** How long everything waits for the one batch that tries a provider in trouble, in milliseconds: as long as the trouble has lasted, and no longer than five minutes. */
export const waitInTrouble = (since: Instant | null, now: Instant): number =>
  since === null ? 0 : Math.min(Math.max(toMs(now) - toMs(since), 0), troubleProbeMs)

/** How long a stopped provider waits for its next try, in milliseconds: trouble passes sooner than a used-up quota. */
export const probeAfterMs = ({ silentSince }: Pick<Trouble, 'silentSince'>): number =>
  silentSince ? troubleProbeMs : stoppedProbeMs
