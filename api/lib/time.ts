/** An instant: ISO 8601 UTC text with milliseconds, as the record stores it. */
export type Instant = string

export const secondMs = 1_000
export const minuteMs = 60_000
export const hourMs = 3_600_000
export const dayMs = 86_400_000

export const toInstant = (ms: number): Instant => new Date(ms).toISOString()
export const toMs = (instant: Instant): number => Date.parse(instant)
export const plusMs = (instant: Instant, ms: number): Instant => toInstant(toMs(instant) + ms)

/** Reads an ISO 8601 instant with a zone ("…Z" or "+08:00") into the stored form; null when it is none. */
export function parseInstant(text: string): Instant | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return null
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : toInstant(ms)
}

type Wall = { year: number; month: number; day: number; hour: number; minute: number; second: number }
const wallFormats = new Map<string, Intl.DateTimeFormat>()

/** The wall clock of a zone at an instant (milliseconds), in numbers. */
export function wallOf(ms: number, zone: string): Wall {
  let format = wallFormats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    wallFormats.set(zone, format)
  }
  const wall: Record<string, number> = {}
  for (const part of format.formatToParts(ms)) if (part.type !== 'literal') wall[part.type] = Number(part.value)
  return wall as Wall
}

/** How far a zone is ahead of UTC at an instant, in milliseconds. */
export function offsetMs(ms: number, zone: string): number {
  const w = wallOf(ms, zone)
  return Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second) - Math.floor(ms / 1000) * 1000
}

/** The first instant (ms) at which the zone's wall clock shows this date and time; in a gap, the instant after it. */
export function fromWall(zone: string, year: number, month: number, day: number, hour = 0, minute = 0): number {
  const naive = Date.UTC(year, month - 1, day, hour, minute)
  const early = naive - offsetMs(naive - dayMs, zone)
  const late = naive - offsetMs(naive + dayMs, zone)
  const fits = (ms: number) => ms + offsetMs(ms, zone) === naive
  const fitting = [early, late].filter(fits)
  return fitting.length ? Math.min(...fitting) : Math.max(early, late)
}

/** The day of a zone as "2026-11-11". */
export function dateIn(ms: number, zone: string): string {
  const w = wallOf(ms, zone)
  return `${w.year}-${String(w.month).padStart(2, '0')}-${String(w.day).padStart(2, '0')}`
}

/** Midnight (ms) of a day "2026-11-11" in a zone, moved by whole days. Days of 23 and 25 hours come out right. */
export function midnight(date: string, zone: string, moveDays = 0): number {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const movedMs = Date.UTC(year, month - 1, day + moveDays)
  const key = `${zone} ${movedMs}`
  let ms = midnights.get(key)
  if (ms === undefined) {
    const moved = new Date(movedMs)
    ms = fromWall(zone, moved.getUTCFullYear(), moved.getUTCMonth() + 1, moved.getUTCDate())
    if (midnights.size >= midnightsMax) midnights.clear()
    midnights.set(key, ms)
  }
  return ms
}

/** Midnights found before: each page asks for the same 91, and finding one takes four looks at a zone's wall clock. */
const midnights = new Map<string, number>()
const midnightsMax = 2_000

/** An instant as a zone's wall clock shows it, with its offset: "2026-11-11T20:12:00.000+08:00" (RFC 3339). */
export function zonedIso(instant: Instant, zone: string): string {
  const ms = toMs(instant)
  const offset = offsetMs(ms, zone)
  const minutes = Math.abs(offset) / minuteMs
  const pad = (number: number) => String(Math.floor(number)).padStart(2, '0')
  return `${toInstant(ms + offset).slice(0, -1)}${offset < 0 ? '-' : '+'}${pad(minutes / 60)}:${pad(minutes % 60)}`
}
