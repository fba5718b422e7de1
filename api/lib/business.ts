import { dateIn, dayMs, type Instant, midnight, toInstant, toMs } from './time.ts'

/** On which days people work: Monday to Friday, but for holidays, and the days on which they work instead. */
export interface Calendar {
  zone: string
  /** Days off, "2026-10-01". */
  holidays: readonly string[]
  /** Saturdays and Sundays that are worked. */
  workdays: readonly string[]
}

/** The day ("2026-11-11") so many calendar days later. */
export const plusDays = (date: string, days: number): string =>
  toInstant(Date.parse(`${date}T00:00:00Z`) + days * dayMs).slice(0, 10)

export function isBusinessDay(date: string, { holidays, workdays }: Calendar): boolean {
  if (workdays.includes(date)) return true
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay()
  return weekday !== 0 && weekday !== 6 && !holidays.includes(date)
}

/** The day so many business days later; the day it is counted from does not count. */
export function plusBusinessDays(date: string, days: number, calendar: Calendar): string {
  let day = date
  for (let left = days; left > 0; ) {
    day = plusDays(day, 1)
    if (isBusinessDay(day, calendar)) left--
  }
  return day
}

/** Whether a day of the zone is over. */
export const isPast = (date: string, now: Instant, zone: string): boolean => dateIn(toMs(now), zone) > date

/** The instant at which a day of the zone is over. */
export const endOfDay = (date: string, zone: string): Instant => toInstant(midnight(date, zone, 1))
