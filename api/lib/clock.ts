import { type Instant, toInstant } from './time.ts'

/** Says what time it is. Handed in everywhere, so that a test or the demonstration can move it. */
export interface Clock {
  now(): Instant
  /** Where a clock that is moved by hand stands, for other threads; a clock that runs by itself has none. */
  readonly memory?: SharedArrayBuffer
}

export const realClock: Clock = { now: () => toInstant(Date.now()) }

/** A clock that stands still until it is moved, in every thread that was handed its memory. */
export class ManualClock implements Clock {
  readonly memory: SharedArrayBuffer
  readonly #ms: Float64Array
  constructor(start: Instant | SharedArrayBuffer) {
    this.memory = typeof start === 'string' ? new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT) : start
    this.#ms = new Float64Array(this.memory)
    if (typeof start === 'string') this.set(start)
  }
  now() {
    return toInstant(this.#ms[0] ?? 0)
  }
  move(ms: number) {
    this.#ms[0] = (this.#ms[0] ?? 0) + ms
  }
  set(instant: Instant) {
    this.#ms[0] = Date.parse(instant)
  }
}
