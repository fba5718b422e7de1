import type { ReceiptEvent } from '#api/channels/channel.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { foldReceipts } from '#api/notices/receipts.ts'
import { type Chance, seeded } from './chance.ts'
import { Checker } from './checker.ts'
import { Day } from './day.ts'
import { Host } from './host.ts'
import { Provider, type ProviderKind, type Witness } from './provider.ts'
import { MemoryRecord, recordTemplate } from './record.ts'
import { seedIds } from './seed-ids.ts'
import { Timeline } from './timeline.ts'
import { SimulatedWorker } from './worker.ts'

export interface Run {
  seed: number
  /** Promises that were broken, as sentences; empty when all is well. */
  broken: string[]
  /** What the day was made of, to see that it was one. */
  facts: { deliveries: number; calls: number; taken: number; kills: number; states: Record<string, number> }
}

/** Wrong on purpose, to see that the checker says so. */
export type Faults = Partial<Record<'email' | 'sms', Partial<ProviderKind>>>

/** A day of a certain kind, where chance alone would bring one now and then. */
export interface Plan {
  /** Every provider is down from this hour for so many hours, and nothing else goes wrong with them. */
  outage?: { fromHour: number; hours: number }
  /** The machine's clock jumps by so much, back or forth, a moment after each publishing, and is put right later. */
  clockJumpMs?: number
}

const start = Date.parse('2026-11-11T00:00:00.000Z')
/** What is left over when the day ends is given longer than any message may wait, with everything in order. */
const drainMs = 30 * hourMs

/** Lives through one day of 24 virtual hours, and checks what became of every message. The same seed is the same day. */
export async function simulate(
  seed: number,
  { faults = {}, plan = {} }: { faults?: Faults; plan?: Plan } = {},
): Promise<Run> {
  const template = await recordTemplate()
  const restore = seedIds(seeded(seed ^ 0x5eed))
  const world = new World(seed, template, faults, plan)
  try {
    return await world.live()
  } finally {
    world.close()
    restore()
  }
}

class World {
  readonly #chance: Chance
  readonly #timeline: Timeline
  readonly #record: MemoryRecord
  readonly #checker: Checker
  readonly #providers: Provider[]
  readonly #front: Host
  #worker: SimulatedWorker | undefined
  readonly #seed: number
  readonly #plan: Plan
  #calm = false
  #kills = 0

  constructor(seed: number, template: Buffer, faults: Faults, plan: Plan) {
    this.#plan = plan
    this.#seed = seed
    this.#chance = seeded(seed)
    this.#timeline = new Timeline(start, this.#chance.fork())
    this.#record = new MemoryRecord(template, this.#chance.fork())
    this.#checker = new Checker(this.#record)
    const witness: Witness = {
      called: (channel, batch) => this.#checker.called(channel, batch, this.#timeline.now),
      broken: (what) => this.#checker.say(what),
      callback: (channel, event) => this.#callback(channel, event, 0),
    }
    const mail: ProviderKind = {
      channel: 'email',
      remembersKeys: true,
      batchSizeMax: this.#chance.between(2, 9),
      perSecond: this.#chance.between(2, 10),
      expiresAfterMs: this.#chance.pick([2, 12, 23]) * hourMs,
      lists: false,
      silence: 0.1,
      ...faults.email,
    }
    const sms: ProviderKind = {
      channel: 'sms',
      remembersKeys: false,
      batchSizeMax: 1,
      perSecond: this.#chance.between(1, 10),
      expiresAfterMs: 30 * minuteMs,
      lists: this.#chance.happens(0.7),
      silence: 0.2,
      ...faults.sms,
    }
    this.#providers = [mail, sms].map((kind) => new Provider(kind, this.#timeline, this.#chance.fork(), witness))
    this.#front = this.#host()
    this.#front.open(this.#providers.map((provider) => provider.channelFor(this.#front, async () => {})))
  }

  async live(): Promise<Run> {
    const day = new Day(this.#front, this.#timeline, this.#chance.fork(), () => this.#published())
    await day.begin(dayMs)
    this.#storms()
    this.#wrongClock()
    this.#startWorker()
    await this.#timeline.runUntil(start + dayMs)
    this.#calmDown()
    await this.#timeline.runUntil(start + dayMs + drainMs)
    await this.#checker.end(this.#providers)
    return { seed: this.#seed, broken: this.#checker.broken, facts: await this.#facts() }
  }

  /** Gives the record's memory back: a run of many days would take gigabytes else. */
  close(): void {
    this.#record.raw.close()
  }

  #host(): Host {
    return new Host({
      record: this.#record,
      timeline: this.#timeline,
      chance: this.#chance.fork(),
    })
  }

  /** A process that works. When it dies another is started, as a supervisor would. */
  #startWorker(): void {
    const host = this.#host()
    const worker = new SimulatedWorker(host, this.#timeline)
    host.open(this.#providers.map((provider) => provider.channelFor(host, (batchId) => worker.settled(batchId))))
    if (!this.#calm && this.#chance.happens(0.6)) host.killIn = this.#chance.between(1, 400)
    host.died = () => {
      this.#kills++
      this.#timeline.after(this.#chance.between(1, 20) * secondMs, () => this.#startWorker())
    }
    this.#worker = worker
    worker.wake()
  }

  #published(): void {
    void this.#checker.announced(this.#timeline.now)
    const { clockJumpMs } = this.#plan
    if (clockJumpMs)
      this.#timeline.after(this.#chance.between(1, 400), () => {
        this.#timeline.skewMs = this.#timeline.skewMs ? 0 : clockJumpMs
        this.#wake()
      })
    this.#wake()
  }

  #wake(): void {
    this.#worker?.wake()
  }

  /** When providers are down or refuse us, and when the record itself is in trouble. */
  #storms(): void {
    const { outage } = this.#plan
    if (outage) {
      const from = start + outage.fromHour * hourMs
      for (const { storms } of this.#providers) storms.push({ from, to: from + outage.hours * hourMs, weather: 'down' })
      return
    }
    const somewhen = () => start + Math.floor(this.#chance.next() * 22 * hourMs)
    for (const { storms } of this.#providers) {
      for (let storm = this.#chance.between(0, 2); storm > 0; storm--) {
        const from = somewhen()
        const length = this.#chance.pick([minuteMs, 20 * minuteMs, hourMs, 6 * hourMs])
        storms.push({ from, to: from + length, weather: this.#chance.pick(['down', 'down', 'refusing us'] as const) })
      }
    }
    if (!this.#chance.happens(0.3)) return
    this.#timeline.at(somewhen(), () => this.#trouble(0.03))
  }

  #trouble(chance: number): void {
    if (this.#worker) this.#worker.host.trouble = chance
    this.#timeline.after(10 * minuteMs, () => {
      if (this.#worker) this.#worker.host.trouble = 0
    })
  }

  /** On some days the machine's clock jumps, and on some it is put right again. */
  #wrongClock(): void {
    if (this.#plan.clockJumpMs) this.#checker.clockJumped = true
    if (this.#plan.clockJumpMs || !this.#chance.happens(0.2)) return
    const at = start + Math.floor(this.#chance.next() * 22 * hourMs)
    const by = this.#chance.pick([minuteMs, hourMs, dayMs]) * this.#chance.pick([1, -1])
    this.#checker.clockJumped = true
    this.#timeline.at(at, () => {
      this.#timeline.skewMs = by
      this.#wake()
    })
    if (this.#chance.happens(0.7))
      this.#timeline.at(at + this.#chance.pick([secondMs, 10 * minuteMs, 3 * hourMs]), () => {
        this.#timeline.skewMs = 0
        this.#wake()
      })
  }

  #calmDown(): void {
    this.#calm = true
    this.#timeline.skewMs = this.#plan.clockJumpMs ? 0 : this.#timeline.skewMs
    for (const provider of this.#providers) {
      provider.healed = true
      for (const storm of provider.storms) storm.to = Math.min(storm.to, this.#timeline.now)
    }
    if (this.#worker) {
      this.#worker.host.killIn = Number.POSITIVE_INFINITY
      this.#worker.host.trouble = 0
    }
    this.#wake()
  }

  /** A callback that finds the record in trouble is sent again, as providers do. */
  async #callback(name: string, event: ReceiptEvent, tries: number): Promise<void> {
    const { app } = this.#front
    try {
      if (await foldReceipts(app, app.channels.find((channel) => channel.name === name)!, [event])) this.#wake()
      await this.#checker.history()
    } catch {
      if (tries < 20) this.#timeline.after(5 * secondMs, () => this.#callback(name, event, tries + 1))
    }
  }

  #facts(): Promise<Run['facts']> {
    return this.#record.look((raw) => {
      const states = raw.prepare('select channel, state, count(*) n from delivery group by channel, state').all() as {
        channel: string
        state: string
        n: number
      }[]
      return {
        deliveries: states.reduce((sum, { n }) => sum + n, 0),
        calls: this.#providers.reduce((sum, { calls }) => sum + calls, 0),
        taken: this.#providers.reduce((sum, { accepted }) => sum + accepted.length, 0),
        kills: this.#kills,
        states: Object.fromEntries(states.map(({ channel, state, n }) => [`${channel} ${state}`, n])),
      }
    })
  }
}
