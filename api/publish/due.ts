import { dateIn, type Instant, midnight, minuteMs, plusMs, secondMs, toInstant, toMs } from '#api/lib/time.ts'
import type { StatusDocument } from '#api/status/document.ts'

/** While an incident is open its page is drawn again this often, so that its age can be trusted. */
const openEveryMs = 15 * minuteMs

/**
 * When time alone makes the page untrue: the next midnight of its zone, a promised update that does not come, the
 * borders of a maintenance, and every 15 minutes while an incident is open.
 */
export function dueAfter(status: StatusDocument): Instant {
  const { at, zone, open, knownIssues, maintenances } = status
  const times = [
    // A second into the day, because a day that is an instant old has no state yet.
    toInstant(midnight(dateIn(toMs(at), zone), zone, 1) + secondMs),
    ...[...open, ...knownIssues].flatMap(({ nextUpdateAt }) => (nextUpdateAt ? [plusMs(nextUpdateAt, 1)] : [])),
    ...maintenances.flatMap(({ startsAt, endsAt }) => [startsAt, endsAt]),
    ...(open.length ? [plusMs(at, openEveryMs)] : []),
  ]
  return times.filter((time) => time > at).sort()[0]!
}
