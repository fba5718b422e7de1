import { dateFormat } from '#api/lib/date-format.ts'
import { escapeHtml } from '#api/lib/html.ts'
import { dateIn, dayMs, hourMs, type Instant, minuteMs, offsetMs, toMs, wallOf } from '#api/lib/time.ts'
import { dateForms, type Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { type Html, sentence } from './sentence.ts'

const dayOptions = { day: 'numeric', month: 'long' } as const
const fullOptions = { ...dayOptions, year: 'numeric' } as const
const monthOptions = { month: 'long', year: 'numeric' } as const
const format = (locale: Locale, zone: string, options: Intl.DateTimeFormatOptions) =>
  dateFormat(dateForms[locale], zone, options)

const element = (instant: Instant, text: string): Html => ({
  html: `<time datetime="${escapeHtml(instant.replace(/(:00)?\.\d{3}Z$/, 'Z'))}">${escapeHtml(text)}</time>`,
})

/** How the page writes times: in one language, in the page's zone, seen from the instant it is drawn at. */
export interface Dates {
  /** "UTC+8", or the zone's own name where the language has one. */
  zone: string
  /** "20:02" */
  hour(at: Instant): string
  /** "11 November"; with the year when it is not this one. */
  day(at: Instant): string
  /** The same for a day written "2026-11-11". */
  dayOf(date: string): string
  /** Two such days as a range, "4–10 November". */
  daysFrom(first: string, last: string): string
  /** "November 2026" for "2026-11". */
  month(month: string): string
  /** The same where there is little room, "Nov 2026". */
  shortMonth(month: string): string
  /** Its year alone, "2026". */
  year(month: string): string
  /** As elements: the time; its day; the time, with its day unless that is today. */
  time(at: Instant): Html
  /** The time to the second. */
  seconds(at: Instant): Html
  date(at: Instant): Html
  moment(at: Instant): Html
  /** The time with its day, whatever day it is. */
  full(at: Instant): Html
  /** "1 h 52 min", to the minute, days from 24 hours on. */
  duration(from: Instant, to: Instant): string
  /** From one moment to another, the day once when it is the same, and not at all when `day` already says it. */
  span(label: string, from: Instant, to: Instant, day?: string): string
}

export function datesFor(locale: Locale, zone: string, now: Instant): Dates {
  const labels = wordsOf(locale).page
  const yearNow = wallOf(toMs(now), zone).year
  const zoneNames: Record<string, string> = labels.zones
  const hourFormat = format(locale, zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const dayFormat = format(locale, zone, dayOptions)
  const fullFormat = format(locale, zone, fullOptions)
  const hour = (at: Instant) => hourFormat.format(toMs(at))
  const day = (at: Instant) => {
    const ms = toMs(at)
    return (wallOf(ms, zone).year === yearNow ? dayFormat : fullFormat).format(ms)
  }
  const sameDay = (a: Instant, b: Instant) => dateIn(toMs(a), zone) === dateIn(toMs(b), zone)
  const both = (at: Instant) => fill(labels.moment, { day: day(at), time: hour(at) })
  const calendar = (date: string) =>
    Number(date.slice(0, 4)) === yearNow ? format(locale, 'UTC', dayOptions) : format(locale, 'UTC', fullOptions)
  return {
    zone: zoneNames[zone] ?? offsetName(offsetMs(toMs(now), zone)),
    hour,
    day,
    dayOf: (date) => calendar(date).format(noonOf(date)),
    daysFrom: (first, last) => {
      const [from, to] = [first, last].map((date) => calendar(date).format(noonOf(date))) as [string, string]
      const [firstDay, lastDay] = [first, last].map((date) => Number(date.slice(8))) as [number, number]
      if (first === last) return from
      const label = first.slice(0, 7) === last.slice(0, 7) ? labels.rangeInMonth : labels.range
      return fill(label, { from, to, firstDay, lastDay })
    },
    month: (month) => format(locale, 'UTC', monthOptions).format(noonOf(`${month}-15`)),
    shortMonth: (month) => format(locale, 'UTC', { ...monthOptions, month: 'short' }).format(noonOf(`${month}-15`)),
    year: (month) => format(locale, 'UTC', { year: 'numeric' }).format(noonOf(`${month}-15`)),
    time: (at) => element(at, hour(at)),
    seconds: (at) => element(at, format(locale, zone, { timeStyle: 'medium' }).format(toMs(at))),
    date: (at) => element(at, day(at)),
    moment: (at) => element(at, sameDay(at, now) ? hour(at) : both(at)),
    duration: (from, to) => unbroken(duration(toMs(to) - toMs(from), locale)),
    full: (at) => element(at, both(at)),
    span: (label, from, to, day) =>
      sentence(label, {
        from: element(from, dateIn(toMs(from), zone) === day ? hour(from) : both(from)),
        to: element(to, sameDay(from, to) ? hour(to) : both(to)),
        zone: zoneNames[zone] ?? offsetName(offsetMs(toMs(from), zone)),
      }),
  }
}

/** A text that stays on one line: "1 h 52 min" is read as one. */
export const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0')

const noonOf = (date: string) => Date.parse(`${date}T12:00:00Z`)

function offsetName(ms: number): string {
  if (ms === 0) return 'UTC'
  const minutes = Math.abs(ms) / minuteMs
  const rest = minutes % 60 ? `:${String(minutes % 60).padStart(2, '0')}` : ''
  return `UTC${ms < 0 ? '−' : '+'}${Math.floor(minutes / 60)}${rest}`
}

/** A length of time in words, to the minute: "2 h 10 min", "1 d 3 h". */
export function duration(ms: number, locale: Locale): string {
  const labels = wordsOf(locale).page.duration
  const minutes = Math.floor(ms / minuteMs)
  if (minutes < 1) return labels.short
  const days = Math.floor(ms / dayMs)
  const hours = Math.floor((ms % dayMs) / hourMs)
  const parts = [
    days ? fill(labels.days, { n: days }) : '',
    hours ? fill(labels.hours, { n: hours }) : '',
    !days && minutes % 60 ? fill(labels.minutes, { n: minutes % 60 }) : '',
  ]
  return parts.filter(Boolean).join(labels.join)
}
