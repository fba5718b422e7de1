import type { App } from '#api/app.ts'
import type { Channel } from '#api/channels/channel.ts'
import { loadApprovals } from '#api/compensation/policy.ts'
import { readConfig } from '#api/config.ts'
import { openMeters } from '#api/lib/meters.ts'
import { loadSite } from '#api/site.ts'
import type { Chance } from './chance.ts'
import type { Life, MemoryRecord } from './record.ts'
import type { Timeline } from './timeline.ts'

const config = readConfig({ PUBLIC_URL: 'https://status.hezhou.example', LOG_LEVEL: 'silent' }, 'test')
const site = loadSite('content/demo/site.yaml')
const approvals = loadApprovals()

/** The process is gone. Nothing it still awaits leads anywhere: each further statement throws this again. */
export class Killed extends Error {}

/** One process: an app on the shared record that may be killed at any statement, and that meets trouble with the record. */
export class Host implements Life {
  readonly app: App
  dead = false
  /** Statements until it is killed. */
  killIn = Number.POSITIVE_INFINITY
  /** The chance that a statement fails, and that a commit succeeds whose answer is lost. */
  trouble = 0
  /** Called once, when it dies. */
  died = () => {}
  readonly #chance: Chance

  constructor(parts: { record: MemoryRecord; timeline: Timeline; chance: Chance }) {
    const { record, timeline, chance } = parts
    this.#chance = chance
    this.app = {
      db: record.connect(this),
      now: () => timeline.clock.now(),
      random: () => chance.next(),
      steadyMs: () => timeline.now,
      config,
      site,
      approvals,
      channels: [],
      log: () => {},
      meters: openMeters(),
      health: { trouble: null, unwritten: null, undrawn: null, opened: true },
      wake: () => {},
      close: async () => {},
    }
  }

  /** The channels as this process opened them. */
  open(channels: Channel[]): void {
    this.app.channels.push(...channels)
  }

  kill(): void {
    if (this.dead) return
    this.dead = true
    this.died()
  }

  before(): void {
    if (this.dead) throw new Killed()
    if (--this.killIn <= 0 && this.#chance.happens(0.5)) this.#die()
    if (this.trouble && this.#chance.happens(this.trouble)) throw new Error('The record could not be read.')
  }

  after(sql: string): void {
    if (this.killIn <= 0) this.#die()
    if (this.trouble && sql === 'commit' && this.#chance.happens(this.trouble))
      throw new Error('The answer to a commit was lost.')
  }

  #die(): never {
    this.kill()
    throw new Killed()
  }
}
