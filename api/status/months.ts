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
