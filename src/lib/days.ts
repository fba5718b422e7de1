import { dateIn, dayMs, type Instant, toMs } from '#api/lib/time.ts'
import type { DayMark } from '#api/status/document.ts'

/** A day that was not operational: where it stands from the left, what it was, and its date. */
interface BadDay {
  index: number
  mark: Exclude<DayMark, 'operational' | 'none'>
  date: string
}

/** Width of a tick and of its gap, and the height of the whole strip, in the strip's own units. */
const tick = 3
const step = 4
export const stripHeight = 24
export const stripWidth = (days: number): number => days * step - 1

/** The days that were not operational, oldest first. The last mark is the day of `at` in the page's zone. */
export function badDays(days: DayMark[], at: Instant, zone: string): BadDay[] {
  const today = Date.parse(`${dateIn(toMs(at), zone)}T00:00:00Z`)
  return days.flatMap((mark, index) =>
    mark === 'operational' || mark === 'none'
      ? []
      : [{ index, mark, date: new Date(today - (days.length - 1 - index) * dayMs).toISOString().slice(0, 10) }],
  )
}

/** One path over all days of a mark, run by run; its dashes are the days. Empty when there are none. */
export function runsOf(days: DayMark[], mark: DayMark, y: number): string {
  let path = ''
  for (let from = 0; from < days.length; from++) {
    if (days[from] !== mark) continue
    let to = from
    while (days[to + 1] === mark) to++
    path += `M${from * step} ${y}h${(to - from) * step + tick}`
    from = to
  }
  return path
}

/** Graver days stand taller, so that the strip can be read without its colours; maintenance is a broken line. */
const tops: Record<BadDay['mark'], number> = {
  under_maintenance: 6,
  degraded_performance: 7,
  partial_outage: 3,
  major_outage: 0,
}

/** The upright stroke of one bad day. */
export const strokeOf = (day: BadDay): string => `M${day.index * step + tick / 2} ${stripHeight}V${tops[day.mark]}`
