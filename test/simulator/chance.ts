/** Chance that comes from a seed alone: the same seed gives the same run, on every machine. */
export interface Chance {
  /** From 0 up to 1, not 1 itself. */
  next(): number
  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number
  /** True with this probability. */
  happens(probability: number): boolean
  pick<T>(all: readonly T[]): T
  /** A source of its own, so that drawing from one leaves the others alone. */
  fork(): Chance
}

/** mulberry32: 32 bits of state, passes PractRand far beyond what one run draws. */
export function seeded(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    happens: (probability) => next() < probability,
    pick: (all) => all[between(0, all.length - 1)]!,
    fork: () => seeded(Math.floor(next() * 4_294_967_296)),
  }
}
