import { dateFormat } from '#api/lib/date-format.ts'
import { dateIn, type Instant, offsetMs, toMs, wallOf } from '#api/lib/time.ts'
import { dateForms, type Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'

const pad = (number: number) => String(number).padStart(2, '0')

/** "20:02" on the wall clock of a zone. */
export function clockTime(at: Instant, zone: string): string {
  const { hour, minute } = wallOf(toMs(at), zone)
  return `${pad(hour)}:${pad(minute)}`
}

/** "UTC+8", "UTC-3:30", "UTC": in characters that an SMS has. */
export function zoneName(at: Instant, zone: string): string {
  const minutes = Math.round(offsetMs(toMs(at), zone) / 60_000)
  if (!minutes) return 'UTC'
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `UTC${minutes < 0 ? '-' : '+'}${hours}${rest ? `:${pad(rest)}` : ''}`
}

/** "11 November 2026, 20:02 (UTC+8)" or "北京时间 2026年11月11日 20:02": the zone as the page names it. */
export function fullTime(at: Instant, zone: string, locale: Locale): string {
  const { page, messages } = wordsOf(locale)
  const names: Record<string, string> = page.zones
  const named = names[zone] ?? zoneName(at, zone)
  return fill(messages.fullTime, { date: fullDate(at, zone, locale), time: clockTime(at, zone), zone: named })
}

/** "11 November 2026" */
export const fullDate = (at: Instant, zone: string, locale: Locale): string =>
  dateFormat(dateForms[locale], zone, { day: 'numeric', month: 'long', year: 'numeric' }).format(toMs(at))

/** "20:27", with its day before it when that is another one than the day of `seenFrom`. */
export function shortTime(at: Instant, seenFrom: Instant, zone: string, locale: Locale): string {
  const time = clockTime(at, zone)
  if (dateIn(toMs(at), zone) === dateIn(toMs(seenFrom), zone)) return time
  const day = dateFormat(dateForms[locale], zone, { day: 'numeric', month: 'short' }).format(toMs(at))
  return fill(wordsOf(locale).messages.shortTime, { day, time })
}
