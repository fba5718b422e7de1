import { componentStatuses, gravest } from '#api/components/component.ts'
import type { ComponentStatus } from '#api/db/schema.ts'
import { dateIn, midnight, toInstant } from '#api/lib/time.ts'
import type { BadDay, DayMark } from './document.ts'

/** A time in which a component was not operational, in milliseconds; without an end it goes on now. */
export interface Stretch {
  status: ComponentStatus
  startMs: number
  endMs: number | null
}

/** A time that is left out: an announced maintenance. */
export interface Excused {
  startMs: number
  endMs: number
}

interface UptimeRule {
  /** How much a partial outage counts against uptime. Statuspage: 0.3. incident.io: 1. */
  partialWeight: number
}

/** The page's rule, which the page prints: a partial outage counts 30 %, degraded performance not at all. */
const pageRule: UptimeRule = { partialWeight: 0.3 }

const thousand = 1000n

/** Weights in thousandths, so that sums of milliseconds stay whole numbers. */
function weightOf(status: ComponentStatus, { partialWeight }: UptimeRule): number {
  if (status === 'major_outage') return 1000
  return status === 'partial_outage' ? Math.round(partialWeight * 1000) : 0
}

interface Piece {
  startMs: number
  lengthMs: number
  /** How many stretches of each state lie over the piece. */
  states: Map<ComponentStatus, number>
  excused: boolean
}

/** Sweeps [fromMs, toMs) in time order and gives the pieces between which nothing changes, where there is anything. */
function* pieces(
  stretches: readonly Stretch[],
  excused: readonly Excused[],
  fromMs: number,
  toMs: number,
): Generator<Piece> {
  const edges: { ms: number; status: ComponentStatus | null; step: 1 | -1 }[] = []
  const add = (status: ComponentStatus | null, start: number, end: number) => {
    const startMs = Math.max(start, fromMs)
    const endMs = Math.min(end, toMs)
    if (startMs < endMs) edges.push({ ms: startMs, status, step: 1 }, { ms: endMs, status, step: -1 })
  }
  for (const { status, startMs, endMs } of stretches) add(status, startMs, endMs ?? toMs)
  for (const { startMs, endMs } of excused) add(null, startMs, endMs)
  edges.sort((a, b) => a.ms - b.ms)
  const states = new Map<ComponentStatus, number>()
  let cuts = 0
  let atMs = fromMs
  for (const { ms, status, step } of edges) {
    if (ms > atMs && (states.size || cuts)) yield { startMs: atMs, lengthMs: ms - atMs, states, excused: cuts > 0 }
    atMs = ms
    if (status === null) cuts += step
    else {
      const count = (states.get(status) ?? 0) + step
      if (count) states.set(status, count)
      else states.delete(status)
    }
  }
}

/**
 * Weighted downtime of one component within [fromMs, toMs), in thousandths of a millisecond. Where states overlap the
 * largest weight wins; announced maintenance is cut out; a stretch without an end ends at `toMs`.
 */
export function downtime(
  stretches: readonly Stretch[],
  excused: readonly Excused[],
  fromMs: number,
  toMs: number,
  rule: UptimeRule = pageRule,
): number {
  let sum = 0
  for (const piece of pieces(stretches, excused, fromMs, toMs)) {
    if (piece.excused) continue
    sum += piece.lengthMs * Math.max(0, ...[...piece.states.keys()].map((status) => weightOf(status, rule)))
  }
  return sum
}

/**
 * Uptime in percent with three decimals, floored, so that "100.000" means no downtime at all. The window begins at the
 * later of `fromMs` and the component's start; maintenance stays in the denominator as up.
 */
export function uptime(
  stretches: readonly Stretch[],
  excused: readonly Excused[],
  window: { fromMs: number; toMs: number; createdMs?: number },
  rule: UptimeRule = pageRule,
): string {
  const fromMs = Math.max(window.fromMs, window.createdMs ?? window.fromMs)
  const whole = BigInt(Math.max(0, window.toMs - fromMs)) * thousand
  if (whole === 0n) return '100.000'
  const down = BigInt(downtime(stretches, excused, fromMs, window.toMs, rule))
  const floored = ((whole - down) * 100_000n) / whole
  return `${floored / thousand}.${String(floored % thousand).padStart(3, '0')}`
}

/** The midnights (ms) between the last `count` days of a zone, oldest first: one more than there are days. */
export const midnightsOf = (today: string, count: number, zone: string): number[] =>
  Array.from({ length: count + 1 }, (_, i) => midnight(today, zone, i + 1 - count))

/** The days between midnights of a zone, as a component lived them. */
interface Days {
  midnights: readonly number[]
  createdMs: number
  nowMs: number
}

/** What a piece counts as: its gravest state, or maintenance where a window is excused. */
const stateOf = (piece: Piece): ComponentStatus => (piece.excused ? 'under_maintenance' : gravest(piece.states.keys()))

/**
 * One mark per day between midnights, oldest first: the gravest state of the day up to `nowMs`, maintenance where a
 * window is excused, "none" before the component's first day. Days have 23, 24 or 25 hours, as the zone has them.
 */
export function dayMarks(
  stretches: readonly Stretch[],
  excused: readonly Excused[],
  { midnights, createdMs, nowMs }: Days,
): DayMark[] {
  return midnights.slice(0, -1).map((fromMs, i) => {
    if (fromMs < createdMs) return 'none'
    const seen: ComponentStatus[] = []
    for (const piece of pieces(stretches, excused, fromMs, Math.min(midnights[i + 1]!, nowMs)))
      seen.push(stateOf(piece))
    return gravest(seen)
  })
}

/**
 * The days that dayMarks marks as other than operational, oldest first, each with how long it was in which state, the
 * gravest first. What still goes on has no length on today, but the moment since which it does.
 */
export function badDays(
  stretches: readonly Stretch[],
  excused: readonly Excused[],
  { midnights, createdMs, nowMs }: Days,
  zone: string,
): BadDay[] {
  const runs: { status: ComponentStatus; startMs: number; endMs: number }[] = []
  for (const piece of pieces(stretches, excused, Number.NEGATIVE_INFINITY, nowMs)) {
    const status = stateOf(piece)
    const last = runs.at(-1)
    const endMs = piece.startMs + piece.lengthMs
    if (last?.status === status && last.endMs === piece.startMs) last.endMs = endMs
    else if (status !== 'operational') runs.push({ status, startMs: piece.startMs, endMs })
  }
  const isOn = ({ startMs, endMs }: Stretch | Excused) => startMs <= nowMs && (endMs === null || endMs > nowMs)
  const held = excused.some(isOn) ? 'under_maintenance' : gravest(stretches.filter(isOn).map(({ status }) => status))
  const open = runs.find(({ status, endMs }) => endMs === nowMs && status === held)
  return midnights.slice(0, -1).flatMap((fromMs, i) => {
    const toMs = Math.min(midnights[i + 1]!, nowMs)
    const within = runs.filter((run) => fromMs >= createdMs && run.startMs < toMs && run.endMs > fromMs)
    const states = componentStatuses.flatMap((status) => {
      const ofIt = within.filter((run) => run.status === status)
      if (!ofIt.length) return []
      const since = toMs === nowMs && open?.status === status ? toInstant(open.startMs) : null
      const ended = since ? ofIt.filter((run) => run !== open) : ofIt
      const ms = ended.reduce((sum, run) => sum + Math.min(run.endMs, toMs) - Math.max(run.startMs, fromMs), 0)
      return [{ status, seconds: Math.floor(ms / 1_000), since }]
    })
    return states.length ? [{ date: dateIn(fromMs, zone), states }] : []
  })
}
