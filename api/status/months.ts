import { invalid } from '#api/errors.ts'
import { dateIn, type Instant, midnight, toInstant, toMs } from '#api/lib/time.ts'

/** The month of a zone an instant lies in: "2026-11". */
export const monthOf = (instant: Instant, zone: string): string => dateIn(toMs(instant), zone).slice(0, 7)

/** First instant of a month of a zone, and of the next. */
export function monthSpan(month: string, zone: string): [Instant, Instant] {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw invalid('A month is written like 2026-11.')
  const start = midnight(`${month}-01`, zone)
  const [year, number] = month.split('-').map(Number) as [number, number]
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`
  return [toInstant(start), toInstant(midnight(`${next}-01`, zone))]
}

/** How many calendar years before this one are told month by month; older ones have a line each. */
const yearsByMonth = 2

/**
 * What a list of the past names, however long that is. `months` is every month from the newest back, "2026-11" first,
 * through this calendar year and the two before it, or to the oldest of `busy` when that is younger; the newest alone
 * when nothing is busy. `years` is the youngest busy month of each year before those, the youngest first. `busy` are the
 * months that hold something, the youngest first.
 */
export function listedMonths(busy: readonly string[], newest: string): { months: string[]; years: string[] } {
  const [year, number] = newest.split('-').map(Number) as [number, number]
  const first = `${year - yearsByMonth}-01`
  const from = busy.at(-1) ?? newest
  const months: string[] = []
  for (let back = 0; back < yearsByMonth * 12 + number; back++) {
    const since = year * 12 + number - 1 - back
    const month = `${Math.floor(since / 12)}-${String((since % 12) + 1).padStart(2, '0')}`
    if (back === 0 || month >= from) months.push(month)
  }
  const years = new Map<string, string>()
  for (const month of busy) if (month < first && !years.has(month.slice(0, 4))) years.set(month.slice(0, 4), month)
  return { months, years: [...years.values()] }
}
