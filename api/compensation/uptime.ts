import { type Decimal, decimal } from './amount.ts'

// What a contract measures: countable downtime against the minutes of its month. Not the weighted uptime of the page.

/** Uptime as it was measured: so many minutes up of so many. */
export interface Uptime {
  upMinutes: number
  totalMinutes: number
}

/** The minutes of a calendar month "2026-11". */
export function monthMinutes(month: string): number {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number, 0)).getUTCDate() * 1_440
}

/** Monthly uptime: U = (T - D) / T. Downtime longer than the month counts as all of it. */
export const uptimeOf = (month: string, downMinutes: number): Uptime => {
  const totalMinutes = monthMinutes(month)
  return { upMinutes: Math.max(totalMinutes - downMinutes, 0), totalMinutes }
}

/** In percent with four decimals, floored: "99.7939". */
export function showUptime({ upMinutes, totalMinutes }: Uptime): string {
  const units = (BigInt(upMinutes) * 1_000_000n) / BigInt(totalMinutes)
  const text = String(units).padStart(5, '0')
  return `${text.slice(0, -4)}.${text.slice(-4)}`
}

/** The downtime a month may have at this percentage, in hundredths of a minute, floored. */
export function allowedDowntime(days: number, percent: string): number {
  const { units, scale } = decimal(percent)
  return Number((BigInt(days) * 1_440n * 100n * (100n * scale - units)) / (100n * scale))
}

/** One step of a table: it holds below its bound ("lt") or also at it ("lte"). AWS says the first, GitHub the second. */
export interface Tier {
  op: 'lt' | 'lte'
  /** Percent, "99.9". */
  bound: string
}

const holds = ({ op, bound }: Tier, { upMinutes, totalMinutes }: Uptime): boolean => {
  const { units, scale }: Decimal = decimal(bound)
  const measured = BigInt(upMinutes) * 100n * scale
  const asked = units * BigInt(totalMinutes)
  return op === 'lt' ? measured < asked : measured <= asked
}

const below = (a: Tier, b: Tier) => {
  const left = decimal(a.bound)
  const right = decimal(b.bound)
  return left.units * right.scale < right.units * left.scale
}

/** The lowest step that holds; undefined when the promise was kept. The order of the table does not matter. */
export function tierOf<T extends Tier>(tiers: readonly T[], uptime: Uptime): T | undefined {
  let lowest: T | undefined
  for (const tier of tiers) if (holds(tier, uptime) && (!lowest || below(tier, lowest))) lowest = tier
  return lowest
}
