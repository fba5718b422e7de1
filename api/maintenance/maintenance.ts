import type { MaintenanceStatus, Row } from '#api/db/schema.ts'
import { conflict, invalid } from '#api/errors.ts'
import { hourMs, type Instant, toMs } from '#api/lib/time.ts'

export const maintenanceStatuses = ['scheduled', 'in_progress', 'verifying', 'completed', 'cancelled'] as const

/**
 * How long before its start a maintenance must be announced to be left out of uptime. Slack's service agreement asks
 * for 48 hours.
 */
const noticeMinMs = 48 * hourMs

type Window = Pick<Row<'maintenance'>, 'startsAt' | 'endsAt'>
type Ends = Pick<Row<'maintenance'>, 'completedAt' | 'cancelledAt'>
type Excuse = Pick<Row<'maintenance'>, 'excusedFrom' | 'excusedUntil'>

/** What a maintenance is at an instant: its announced window makes it begin and end, a person completes or cancels it. */
export function maintenanceStatus(window: Window & Ends, now: Instant): MaintenanceStatus {
  if (window.cancelledAt) return 'cancelled'
  if (window.completedAt) return 'completed'
  if (toMs(now) < toMs(window.startsAt)) return 'scheduled'
  return toMs(now) < toMs(window.endsAt) ? 'in_progress' : 'verifying'
}

/**
 * The part of a window said at `now` that counts as announced: all of it when it begins late enough; else what was
 * announced before and is still within it, so that moving a maintenance at the last moment excuses nothing new.
 */
export function excuseOf(window: Window, now: Instant, before: Excuse | null = null): Excuse {
  if (toMs(window.startsAt) - toMs(now) >= noticeMinMs)
    return { excusedFrom: window.startsAt, excusedUntil: window.endsAt }
  const from = before?.excusedFrom && [before.excusedFrom, window.startsAt].sort()[1]!
  const until = before?.excusedUntil && [before.excusedUntil, window.endsAt].sort()[0]!
  return from && until && from < until
    ? { excusedFrom: from, excusedUntil: until }
    : { excusedFrom: null, excusedUntil: null }
}

/**
 * The span that is left out of uptime, in milliseconds: what was announced in time, up to its completion when that came
 * earlier. Null when there is none. What overruns the announced end counts.
 */
export function excusedSpan(excuse: Excuse & Ends): { startMs: number; endMs: number } | null {
  if (!excuse.excusedFrom || !excuse.excusedUntil || excuse.cancelledAt) return null
  const startMs = toMs(excuse.excusedFrom)
  const completedMs = excuse.completedAt ? toMs(excuse.completedAt) : Number.POSITIVE_INFINITY
  const endMs = Math.min(toMs(excuse.excusedUntil), completedMs)
  return endMs > startMs ? { startMs, endMs } : null
}

/** Refuses a window that ends before it starts, or that is over already. */
export function checkWindow(window: Window, now: Instant): void {
  if (toMs(window.endsAt) <= toMs(window.startsAt))
    throw invalid('The maintenance must end after it starts.', { endsAt: 'The end must come after the start.' })
  if (toMs(window.endsAt) <= toMs(now))
    throw invalid('A maintenance is announced before it is over.', { endsAt: 'This time has passed.' })
}

/** Refuses what comes after the end of a maintenance. */
export function checkOpen({ completedAt, cancelledAt }: Ends): void {
  if (completedAt) throw conflict('This maintenance is completed already.')
  if (cancelledAt) throw conflict('This maintenance was cancelled.')
}

/** Refuses another window that is none: for a maintenance that is over, the same times, a start moved after it began. */
export function checkMove(before: Window & Ends, to: Window, now: Instant): void {
  checkOpen(before)
  const startMoves = toMs(to.startsAt) !== toMs(before.startsAt)
  if (!startMoves && toMs(to.endsAt) === toMs(before.endsAt))
    throw invalid('These are the times it has already.', { startsAt: 'Give another start or another end.' })
  if (startMoves && toMs(before.startsAt) <= toMs(now))
    throw invalid('It has begun: only its end can be moved.', { startsAt: 'This maintenance has begun already.' })
  if (startMoves && toMs(to.startsAt) < toMs(now))
    throw invalid('A maintenance is moved to a time that is still to come.', { startsAt: 'This time has passed.' })
  checkWindow(to, now)
}
