import { uptime } from 'node:os'
import { type Instant, secondMs, toInstant } from './time.ts'

/** Says what time it is. Handed in everywhere, so that a test or the demonstration can move it. */
export interface Clock {
  now(): Instant
  /**
   * Milliseconds that have gone by since some moment, whatever was done to the time of day meanwhile: what a wait within
   * one process is measured by. Left out: the machine's own.
   */
  steadyMs?(): number
  /** Where a clock that is moved by hand stands, for other threads; a clock that runs by itself has none. */
  readonly memory?: SharedArrayBuffer
}

/** How long the machine has run, sleep counted in. */
export const machineMs = (): number => uptime() * secondMs

export const realClock: Clock = { now: () => toInstant(Date.now()) }

/** A clock that stands still until it is moved, in every thread that was handed its memory. Setting it forward lets time go by. */
export class ManualClock implements Clock {
  readonly memory: SharedArrayBuffer
  readonly #ms: Float64Array
  constructor(start: Instant | SharedArrayBuffer) {
    this.memory = typeof start === 'string' ? new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT) : start
    this.#ms = new Float64Array(this.memory)
    if (typeof start === 'string') this.#ms[0] = Date.parse(start)
  }
  now() {
    return toInstant(this.#ms[0] ?? 0)
  }
  steadyMs() {
    return this.#ms[1] ?? 0
  }
  move(ms: number) {
    this.jump(ms)
    this.#ms[1] = (this.#ms[1] ?? 0) + Math.max(0, ms)
  }
  set(instant: Instant) {
    this.move(Date.parse(instant) - (this.#ms[0] ?? 0))
  }
  /** The time of day is put right, or wrong; no time goes by. */
  jump(ms: number) {
    this.#ms[0] = (this.#ms[0] ?? 0) + ms
  }
}
