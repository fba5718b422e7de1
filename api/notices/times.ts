import { dateIn, type Instant, offsetMs, toMs, wallOf } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'

const pad = (number: number) => String(number).padStart(2, '0')
const months = 'January February March April May June July August September October November December'.split(' ')

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
  const { year, month, day } = wallOf(toMs(at), zone)
  const names: Record<string, string> = wordsOf(locale).page.zones
  const named = names[zone] ?? zoneName(at, zone)
  return locale === 'zh-CN'
    ? `${named} ${year}年${month}月${day}日 ${clockTime(at, zone)}`
    : `${day} ${months[month - 1]} ${year}, ${clockTime(at, zone)} (${named})`
}

/** "20:27", with its day before it when that is another one than the day of `seenFrom`. */
export function shortTime(at: Instant, seenFrom: Instant, zone: string, locale: Locale): string {
  const time = clockTime(at, zone)
  if (dateIn(toMs(at), zone) === dateIn(toMs(seenFrom), zone)) return time
  const { month, day } = wallOf(toMs(at), zone)
  return locale === 'zh-CN' ? `${month}月${day}日${time}` : `${day} ${months[month - 1]!.slice(0, 3)} ${time}`
}
