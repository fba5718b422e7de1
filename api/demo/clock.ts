import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#api/lib/clock.ts'
import { type Instant, toInstant } from '#api/lib/time.ts'

/** The demonstration opens one minute after U2: 2026-11-11T20:23+08:00. */
export const demoOpensAt: Instant = '2026-11-11T12:23:00.000Z'
/** When the player begins: two minutes before U1. */
export const playOpensAt: Instant = '2026-11-11T12:10:00.000Z'

/** The last of several instants. */
export const latest = (...instants: Instant[]): Instant => instants.sort().at(-1) ?? demoOpensAt
/** The first of several instants. */
export const earliest = (...instants: Instant[]): Instant => instants.sort()[0] ?? demoOpensAt

/** How often the keeper writes down how far the clock has come, in milliseconds: a crash loses no more than this. */
const keepEveryMs = 1_000
/** How often a reader looks whether the clock was set, in milliseconds. */
const lookEveryMs = 100

/** At this real moment the demonstration's clock showed that one, and it runs this many times as fast. */
interface Anchor {
  real: number
  demo: number
  speed: number
}

/**
 * The demonstration's own time, the same for every thread and process: an anchor in DATA_DIR/clock.json, read again when
 * the file changes. Nothing but the keeper below writes it.
 */
export class DemoClock implements Clock {
  readonly #file: string
  #anchor: Anchor = { real: 0, demo: Date.parse(demoOpensAt), speed: 0 }
  #version = ''
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(dataDir: string) {
    this.#file = join(dataDir, 'clock.json')
  }

  now(): Instant {
    const { real, demo, speed } = this.#current()
    return toInstant(demo + Math.max(0, Date.now() - real) * speed)
  }

  /** Sees at the next question whether the clock was set, without waiting. */
  look(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY
  }

  /** Milliseconds of the demonstration per real millisecond; 0 while it stands still. */
  get speed(): number {
    return this.#current().speed
  }

  /** Sets the clock for everybody. Throws when the data folder cannot be written. */
  set(at: Instant, speed: number): void {
    const anchor: Anchor = { real: Date.now(), demo: Date.parse(at), speed }
    mkdirSync(join(this.#file, '..'), { recursive: true })
    writeFileSync(`${this.#file}.new`, JSON.stringify(anchor))
    renameSync(`${this.#file}.new`, this.#file)
    this.#anchor = anchor
    this.#lookedAt = Number.NEGATIVE_INFINITY
  }

  /** How far the clock had come when it was last written down; null when this folder has none. */
  lastKept(): Instant | null {
    try {
      return toInstant((JSON.parse(readFileSync(this.#file, 'utf8')) as Anchor).demo)
    } catch {
      return null
    }
  }

  /** Writes down every second how far it has come, so that the next run goes on from there. The returned function stops the clock. */
  keep(): () => void {
    const timer = setInterval(() => {
      try {
        this.set(this.now(), this.speed)
      } catch {
        // A full disk keeps nothing: the clock runs on, and the next second tries again.
      }
    }, keepEveryMs)
    timer.unref()
    return () => {
      clearInterval(timer)
      this.set(this.now(), 0)
    }
  }

  #current(): Anchor {
    const passed = performance.now()
    if (passed - this.#lookedAt < lookEveryMs) return this.#anchor
    this.#lookedAt = passed
    try {
      const { mtimeMs, ino } = statSync(this.#file)
      const version = `${ino}:${mtimeMs}`
      if (version === this.#version) return this.#anchor
      this.#anchor = JSON.parse(readFileSync(this.#file, 'utf8')) as Anchor
      this.#version = version
    } catch {
      // The folder was removed while the program ran: the clock runs on by its last anchor.
    }
    return this.#anchor
  }
}
