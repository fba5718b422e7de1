import type { App } from '#api/app.ts'
import { hourMs, minuteMs, secondMs, toMs } from '#api/lib/time.ts'
import { claimNext, sendClaimed, settleClaimed } from '#api/notices/send.ts'
import { lookUpUnknown } from '#api/notices/unknown.ts'
import { nextDue, planOnce, takeUpLostWork } from '#api/notices/work.ts'
import type { Host } from './host.ts'
import type { Timeline } from './timeline.ts'

const lanes = 4
/** Pieces of work in one turn, at the most: others get theirs in between. */
const piecesMax = 6
/** A real worker looks twice a second; here it looks when something is due, and after idle times that grow, which shows the same. */
const idleMs = { least: 8 * minuteMs, most: 4 * hourMs } as const

/** The worker's loop in virtual time: the steps of the program's own, in their order, with four batches on their way. */
export class SimulatedWorker {
  readonly host: Host
  readonly #timeline: Timeline
  readonly #flights = new Map<string, Promise<void>>()
  readonly #unsettled: (() => Promise<void>)[] = []
  #ready = false
  #idleMs: number = idleMs.least
  /** When the next turn is due: the earliest that was asked for. */
  #nextAt = Number.POSITIVE_INFINITY

  constructor(host: Host, timeline: Timeline) {
    this.host = host
    this.#timeline = timeline
  }

  /** Something was committed, or an answer came: look now. */
  wake(): void {
    this.#idleMs = idleMs.least
    this.#lookIn(1)
  }

  #lookIn(afterMs: number): void {
    const at = this.#timeline.now + afterMs
    if (this.#nextAt <= at) return
    this.#nextAt = at
    this.#timeline.at(at, () => {
      if (this.#nextAt !== at) return
      this.#nextAt = Number.POSITIVE_INFINITY
      return this.#work()
    })
  }

  /** Waits until what an answer set going is written down. */
  async settled(batchId: string): Promise<void> {
    await this.#flights.get(batchId)
    this.wake()
  }

  async #work(): Promise<void> {
    let busy = true
    try {
      for (let pieces = 0; busy && pieces < piecesMax; pieces++) busy = await this.#piece()
      if (busy) this.#idleMs = idleMs.least
      if (!this.host.dead) this.#lookIn(busy ? 5 : await this.#waitMs())
    } catch {
      if (!this.host.dead) this.#lookIn(secondMs)
    }
  }

  async #piece(): Promise<boolean> {
    const { app } = this.host
    if (!this.#ready) await takeUpLostWork(app)
    this.#ready = true
    for (let settle = this.#unsettled[0]; settle; settle = this.#unsettled[0]) {
      await settle()
      this.#unsettled.shift()
    }
    let trouble: unknown
    const planned = await planOnce(app).catch((error: unknown) => {
      trouble = error
      return false
    })
    const sent = await this.#launch(app)
    if (trouble) throw trouble
    return planned || sent || (await lookUpUnknown(app))
  }

  async #launch(app: App): Promise<boolean> {
    if (this.#flights.size >= lanes) return false
    const claim = await claimNext(app)
    if (!claim) return false
    const flight = (async () => {
      const outcome = await sendClaimed(app, claim)
      const settle = () => settleClaimed(app, claim, outcome)
      await settle().catch(() => void this.#unsettled.push(settle))
      this.#flights.delete(claim.batch.id)
    })()
    this.#flights.set(claim.batch.id, flight)
    return true
  }

  async #waitMs(): Promise<number> {
    const { app } = this.host
    const due = this.#flights.size < lanes ? await nextDue(app) : null
    this.#idleMs = Math.min(this.#idleMs * 2, idleMs.most)
    return due ? Math.min(Math.max(toMs(due) - toMs(app.now()), 1), this.#idleMs) : this.#idleMs
  }
}
