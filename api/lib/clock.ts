import { type Instant, toInstant } from './time.ts'

/** Says what time it is. Handed in everywhere, so that a test or the demonstration can move it. */
export interface Clock {
  now(): Instant
}

export const realClock: Clock = { now: () => toInstant(Date.now()) }

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #ms: number
  constructor(start: Instant) {
    this.#ms = Date.parse(start)
  }
  now() {
    return toInstant(this.#ms)
  }
  move(ms: number) {
    this.#ms += ms
  }
  set(instant: Instant) {
    this.#ms = Date.parse(instant)
  }
}
