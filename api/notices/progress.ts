import type { DeliveryState } from '#api/db/schema.ts'
import { type Instant, minuteMs, plusMs, toMs } from '#api/lib/time.ts'
import { waitingStates } from './again.ts'

/** How many deliveries stand where, per channel. */
export type Counts = Record<string, { total: number } & Partial<Record<DeliveryState, number>>>

/** How far the telling on one channel is. */
export interface Progress {
  total: number
  /** Those that are not handed over yet and will be. */
  waiting: number
  /** Messages a minute, lately; null while nothing was seen to move. */
  perMinute: number | null
  /** When all are handed over, at that rate. */
  endsAt: Instant | null
}

interface Sight {
  at: Instant
  done: number
}

/** How far back a rate looks. */
const windowMs = minuteMs
/** Notices whose rates are remembered. */
const keptMax = 100

const waitingOf = (counts: Counts[string]) => waitingStates.reduce((sum, state) => sum + (counts[state] ?? 0), 0)

/** Messages a minute between the oldest sight within the last minute and the newest; null when that says nothing. */
export function rateOf(sights: readonly Sight[]): number | null {
  const last = sights.at(-1)
  const first = last && sights.find(({ at }) => toMs(last.at) - toMs(at) <= windowMs)
  if (!first || first === last) return null
  const moved = last.done - first.done
  return moved > 0 ? (moved / (toMs(last.at) - toMs(first.at))) * minuteMs : null
}

/**
 * Follows how fast messages go out from what is counted anyway, so that a rate costs no reading. `see` takes the counts
 * of one notice or of several under a name of its own, and gives how far each channel is.
 */
export function progressFollower() {
  const seen = new Map<string, Sight[]>()
  return (name: string, at: Instant, counts: Counts): Record<string, Progress> => {
    const progress: Record<string, Progress> = {}
    for (const [channel, count] of Object.entries(counts)) {
      const key = `${name}:${channel}`
      const waiting = waitingOf(count)
      const sights = (seen.get(key) ?? []).filter((sight) => toMs(at) - toMs(sight.at) <= windowMs)
      if (sights.at(-1)?.at !== at) sights.push({ at, done: count.total - waiting })
      seen.delete(key)
      seen.set(key, sights)
      const rate = waiting ? rateOf(sights) : null
      progress[channel] = {
        total: count.total,
        waiting,
        perMinute: rate === null ? null : Math.round(rate),
        endsAt: rate === null ? null : plusMs(at, (waiting / rate) * minuteMs),
      }
    }
    for (const oldest of seen.keys()) {
      if (seen.size <= keptMax) break
      seen.delete(oldest)
    }
    return progress
  }
}
