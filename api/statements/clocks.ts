import { type Instant, minuteMs, plusMs, toMs } from '#api/lib/time.ts'

/** The golden hour of crisis practice, and the four hours that readers in China measure by, in minutes. */
export const limitsMinutes = [60, 240] as const

export interface Clock {
  /** What it runs from. */
  from: 'mention' | 'declaration'
  at: Instant
  limits: {
    minutes: (typeof limitsMinutes)[number]
    dueAt: Instant
    /** When the first public statement met it; null while there is none, or it came too late. */
    metAt: Instant | null
    missed: boolean
  }[]
  /** Whole minutes from its start to the first public statement; null while there is none. */
  spokenAfterMinutes: number | null
}

/**
 * How long the company has to say its first word: 60 minutes and 4 hours, from the first public mention and from the
 * declaration; whichever comes first counts. A clock without a start does not run.
 */
export function clocksOf(
  starts: { mentionedAt: Instant | null; declaredAt: Instant },
  firstStatementAt: Instant | null,
  now: Instant,
): Clock[] {
  const runs: { from: Clock['from']; at: Instant }[] = [
    ...(starts.mentionedAt ? [{ from: 'mention' as const, at: starts.mentionedAt }] : []),
    { from: 'declaration' as const, at: starts.declaredAt },
  ]
  return runs
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ from, at }) => ({
      from,
      at,
      limits: limitsMinutes.map((minutes) => {
        const dueAt = plusMs(at, minutes * minuteMs)
        const met = firstStatementAt !== null && firstStatementAt <= dueAt
        return {
          minutes,
          dueAt,
          metAt: met ? firstStatementAt : null,
          missed: !met && (firstStatementAt ?? now) > dueAt,
        }
      }),
      spokenAfterMinutes:
        firstStatementAt === null ? null : Math.max(0, Math.floor((toMs(firstStatementAt) - toMs(at)) / minuteMs)),
    }))
}

/** A rumour that is to be answered is answered within the hour. */
export const rumourDueAt = (decidedAt: Instant): Instant => plusMs(decidedAt, 60 * minuteMs)
