import type { Clock } from '#api/lib/clock.ts'
import { toInstant } from '#api/lib/time.ts'
import type { Chance } from './chance.ts'

interface Happening {
  at: number
  place: number
  run: () => Promise<unknown> | unknown
}

/** Happenings that begin so close together may run beside each other. */
const besideMs = 40
const besideChance = 0.35

/**
 * Virtual time: what is to happen, in its order. The world's clock moves from one happening to the next; the machine's
 * own clock, which the program reads, may be wrong by `skewMs`.
 */
export class Timeline {
  now: number
  skewMs = 0
  #queue: Happening[] = []
  #places = 0
  readonly #chance: Chance

  constructor(start: number, chance: Chance) {
    this.now = start
    this.#chance = chance
  }

  /** What the program's clock shows. */
  readonly clock: Clock = { now: () => toInstant(this.now + this.skewMs) }

  after(ms: number, run: Happening['run']): void {
    this.at(this.now + ms, run)
  }

  at(at: number, run: Happening['run']): void {
    const happening = { at: Math.max(at, this.now), place: this.#places++, run }
    let place = this.#queue.length
    while (place > 0 && before(happening, this.#queue[place - 1]!)) place--
    this.#queue.splice(place, 0, happening)
  }

  /** Runs what is due until this moment; neighbours in time now and then beside each other. */
  async runUntil(end: number): Promise<void> {
    for (let first = this.#queue[0]; first && first.at <= end; first = this.#queue[0]) {
      const group = [this.#queue.shift()!]
      while (this.#queue[0] && this.#queue[0].at - first.at <= besideMs && this.#chance.happens(besideChance))
        group.push(this.#queue.shift()!)
      this.now = Math.max(this.now, group.at(-1)!.at)
      await Promise.all(group.map(({ run }) => run()))
    }
    this.now = Math.max(this.now, end)
  }
}

const before = (a: Happening, b: Happening) => a.at < b.at || (a.at === b.at && a.place < b.place)
