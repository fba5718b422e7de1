import type { Row } from '#api/db/schema.ts'
import { invalid } from '#api/errors.ts'
import { hourMs, type Instant, toMs } from '#api/lib/time.ts'

/**
 * How long before its start a maintenance must be announced to be left out of uptime. Slack's service agreement asks
 * for 48 hours.
 */
const noticeMinMs = 48 * hourMs

type Window = Pick<Row<'maintenance'>, 'startsAt' | 'endsAt' | 'announcedAt' | 'completedAt'>

/** What a maintenance is at an instant: its announced window makes it begin and end, a person completes it. */
export function maintenanceStatus(window: Window, now: Instant): Row<'maintenance'>['status'] {
  if (window.completedAt) return 'completed'
  if (toMs(now) < toMs(window.startsAt)) return 'scheduled'
  return toMs(now) < toMs(window.endsAt) ? 'in_progress' : 'verifying'
}

/**
 * The span that is left out of uptime, in milliseconds: the announced one, up to its completion when that came earlier.
 * Null when it was announced too late. What overruns the announced end counts.
 */
export function excusedSpan(window: Window): { startMs: number; endMs: number } | null {
  const startMs = toMs(window.startsAt)
  if (startMs - toMs(window.announcedAt) < noticeMinMs) return null
  const endMs = Math.min(toMs(window.endsAt), window.completedAt ? toMs(window.completedAt) : Number.POSITIVE_INFINITY)
  return endMs > startMs ? { startMs, endMs } : null
}

/** Refuses a window that ends before it starts, or that is over already. */
export function checkWindow(window: { startsAt: Instant; endsAt: Instant }, now: Instant): void {
  if (toMs(window.endsAt) <= toMs(window.startsAt))
    throw invalid('The maintenance must end after it starts.', { endsAt: 'The end must come after the start.' })
  if (toMs(window.endsAt) <= toMs(now))
    throw invalid('A maintenance is announced before it is over.', { endsAt: 'This time has passed.' })
}
