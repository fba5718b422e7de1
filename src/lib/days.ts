import { dateIn, dayMs, type Instant, secondMs, toMs } from '#api/lib/time.ts'
import type { BadDay, DayMark } from '#api/status/document.ts'
import { fill } from '#content/words.ts'
import { duration, unbroken } from './dates.ts'
import type { View } from './view.ts'

/** A day that was not operational: where it stands from the left, and how grave it was. */
interface Stroke {
  index: number
  mark: Exclude<DayMark, 'operational' | 'none'>
}

/** Width of a tick and of its gap, and the height of the whole strip, in the strip's own units. */
const tick = 3
const step = 4
export const stripHeight = 24
export const stripWidth = (days: number): number => days * step - 1

/** Where a day stands on the strip, counted from its left end; the last of the days is the day of `at` in the page's zone. */
export function placeOf(date: string, days: number, at: Instant, zone: string): number {
  const today = Date.parse(dateIn(toMs(at), zone))
  return days - 1 - Math.round((today - Date.parse(date)) / dayMs)
}

/** What a bad day was and for how long, in words: "Major outage (1 h 29 min), Degraded performance (since 20:02)". */
export function lengthsOf({ date, states }: BadDay, { labels, dates, locale }: View, zone: string): string {
  const { home } = labels
  const clock = (since: Instant) =>
    dateIn(toMs(since), zone) === date
      ? dates.hour(since)
      : fill(labels.moment, { day: dates.day(since), time: dates.hour(since) })
  return states
    .map(({ status, seconds, since }) => {
      const lengths = [
        seconds > 0 || !since ? duration(seconds * secondMs, locale) : '',
        since ? fill(home.dayOpen, { time: clock(since) }) : '',
      ]
      const length = unbroken(lengths.filter(Boolean).join(labels.list))
      return fill(home.dayLength, { state: labels.status[status], length })
    })
    .join(labels.list)
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
const tops: Record<Stroke['mark'], number> = {
  under_maintenance: 6,
  degraded_performance: 7,
  partial_outage: 3,
  major_outage: 0,
}

/** The upright stroke of one bad day. */
export const strokeOf = (day: Stroke): string => `M${day.index * step + tick / 2} ${stripHeight}V${tops[day.mark]}`
