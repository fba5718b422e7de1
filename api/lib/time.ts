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

/** How far a zone is ahead of UTC at an instant, in milliseconds, as the tables of zones have it. */
function readOffset(ms: number, zone: string): number {
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
  const w = wall as Wall
  return Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second) - Math.floor(ms / secondMs) * secondMs
}

/** No zone moves its clocks twice within this time, so an offset that both its ends have holds between them. */
const stretchMs = 6 * hourMs
/** Offsets read before, by zone and stretch: asking the tables takes a thousand times as long as looking here. */
const offsets = new Map<string, Map<number, number>>()
const offsetsMax = 50_000

/** How far a zone is ahead of UTC at an instant, in milliseconds. */
export function offsetMs(ms: number, zone: string): number {
  let known = offsets.get(zone)
  if (!known) {
    known = new Map()
    offsets.set(zone, known)
  }
  if (known.size > offsetsMax) known.clear()
  const at = (stretch: number) => {
    let offset = known.get(stretch)
    if (offset === undefined) {
      offset = readOffset(stretch * stretchMs, zone)
      known.set(stretch, offset)
    }
    return offset
  }
  const stretch = Math.floor(ms / stretchMs)
  const offset = at(stretch)
  return offset === at(stretch + 1) ? offset : readOffset(ms, zone)
}

/** The wall clock of a zone at an instant (milliseconds), in numbers. */
export function wallOf(ms: number, zone: string): Wall {
  const wall = new Date(ms + offsetMs(ms, zone))
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    second: wall.getUTCSeconds(),
  }
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
export const dateIn = (ms: number, zone: string): string => toInstant(ms + offsetMs(ms, zone)).slice(0, 10)

/** Midnight (ms) of a day "2026-11-11" in a zone, moved by whole days. Days of 23 and 25 hours come out right. */
export function midnight(date: string, zone: string, moveDays = 0): number {
  const moved = new Date(toMs(date) + moveDays * dayMs)
  return fromWall(zone, moved.getUTCFullYear(), moved.getUTCMonth() + 1, moved.getUTCDate())
}

/** An instant as a zone's wall clock shows it, with its offset: "2026-11-11T20:12:00.000+08:00" (RFC 3339). */
export function zonedIso(instant: Instant, zone: string): string {
  const ms = toMs(instant)
  const offset = offsetMs(ms, zone)
  const minutes = Math.abs(offset) / minuteMs
  const pad = (number: number) => String(Math.floor(number)).padStart(2, '0')
  return `${toInstant(ms + offset).slice(0, -1)}${offset < 0 ? '-' : '+'}${pad(minutes / 60)}:${pad(minutes % 60)}`
}
