import { createHash } from 'node:crypto'
import {
  type Channel,
  DeliveryFailed,
  type FrozenBatch,
  type Receipt,
  type ReceiptEvent,
  readFrozen,
} from '#api/channels/channel.ts'
import { dayMs, hourMs, type Instant, minuteMs, secondMs, toMs } from '#api/lib/time.ts'
import type { Chance } from './chance.ts'
import type { Host } from './host.ts'
import type { Timeline } from './timeline.ts'

/** How a provider is for a while. */
export type Weather = 'flaky' | 'down' | 'refusing us'

/** One message that a provider took: it reached a person. */
export interface Accepted {
  deliveryId: string
  address: string
  text: string
  providerId: string
  key: string
  at: number
}

export interface ProviderKind {
  channel: string
  /** It takes a key once, for a day, and answers a repetition from memory. */
  remembersKeys: boolean
  /** What the program believes of it; the same, unless a run is to show what a wrong belief does. */
  saysItRemembers?: boolean
  /** Wrong on purpose: what it answers is not what it does. */
  lies?: 'takes nothing' | 'gives wrong ids' | 'takes what it refuses'
  batchSizeMax: number
  perSecond: number
  expiresAfterMs: number
  /** It can be asked which messages it took. */
  lists: boolean
  /** The share of messages of which no callback ever comes. */
  silence: number
}

/** What a run is told of each call, before anything leaves, and of everything that was taken. */
export interface Witness {
  called(channel: Channel, batch: FrozenBatch): Promise<void>
  broken(what: string): void
  callback(channel: string, event: ReceiptEvent): Promise<void>
}

const sendTimeoutMs = 15 * secondMs
const refuses = (address: string) => address.startsWith('refused') || address.endsWith('404')
const unsubscribed = (address: string) => address.endsWith('610')

type Line = { deliveryId: string; address: string; text: string }
type Answer = { receipts: Receipt[] } | { failed: DeliveryFailed }

/** A provider with its own memory and its own moods, and the channel that leads to it. */
export class Provider {
  readonly kind: ProviderKind
  readonly accepted: Accepted[] = []
  /** Deliveries that it said it would never take. */
  readonly refused = new Set<string>()
  /** When it was anything but flaky. */
  readonly storms: { from: number; to: number; weather: Weather }[] = []
  calls = 0
  healed = false
  readonly #keys = new Map<string, { hash: string; receipts: Receipt[]; at: number; doneAt: number }>()
  /** Batches that it never takes, as a whole. */
  readonly #refusedKeys = new Set<string>()
  readonly #chance: Chance
  readonly #timeline: Timeline
  readonly #witness: Witness
  #ids = 0

  constructor(kind: ProviderKind, timeline: Timeline, chance: Chance, witness: Witness) {
    this.kind = kind
    this.#timeline = timeline
    this.#chance = chance
    this.#witness = witness
  }

  weather(): Weather {
    const { now } = this.#timeline
    return this.storms.find(({ from, to }) => from <= now && now < to)?.weather ?? 'flaky'
  }

  /** The channel as one process opens it. `answered` is told when an answer came, to let the process go on. */
  channelFor(host: Host, answered: (batchId: string) => Promise<unknown>): Channel {
    const { kind } = this
    const channel: Channel = {
      name: kind.channel,
      provider: 'simulated',
      offReason: null,
      confirmation: 'link',
      batchSizeMax: kind.batchSizeMax,
      perSecond: kind.perSecond,
      expiresAfterMs: kind.expiresAfterMs,
      sendTimeoutMs,
      idempotent: kind.saysItRemembers ?? kind.remembersKeys,
      parse: (input) => input,
      freeze: (messages) =>
        JSON.stringify(messages.map(({ deliveryId, address, text }): Line => ({ deliveryId, address, text }))),
      send: async (batch) => {
        await this.#witness.called(channel, batch)
        const { answer, afterMs } = this.#answer(host, batch)
        return new Promise((resolve, reject) =>
          this.#timeline.after(afterMs, () => {
            if (host.dead) return
            if ('failed' in answer) reject(answer.failed)
            else resolve(answer.receipts)
            return answered(batch.id)
          }),
        )
      },
    }
    if (kind.lists) channel.lookUp = async (batch, since) => this.#list(batch, since)
    return channel
  }

  /** Messages to these addresses in these words, taken since then; null when it does not answer. */
  #list(batch: FrozenBatch, since: Instant): ReceiptEvent[] | null {
    if (this.weather() !== 'flaky' || (!this.healed && this.#chance.happens(0.05))) return null
    const from = toMs(since) - this.#timeline.skewMs
    const lines = readFrozen<Line[]>(batch.bytes)
    return this.accepted
      .filter(
        ({ at, address, text }) => at >= from && lines.some((line) => line.address === address && line.text === text),
      )
      .map(({ providerId }) => ({
        eventId: `${providerId}:sent`,
        deliveryId: batch.deliveryIds[0]!,
        providerId,
        state: 'sent',
        reason: null,
      }))
  }

  /** What the caller hears, and when; what is taken, and when, is decided here too. */
  #answer(host: Host, batch: FrozenBatch): { answer: Answer; afterMs: number } {
    this.calls++
    const chance = this.#chance
    const latency = chance.between(20, 400)
    const soon = (answer: Answer) => ({ answer, afterMs: latency })
    const weather = this.weather()
    if (weather === 'refusing us') return soon(failed('daily_quota_exceeded', { stopsChannel: true }))
    if (weather === 'down')
      return chance.pick([
        () => soon(failed('connection refused', { unanswered: true })),
        () => soon(failed('503', { outcomeUnknown: true })),
        () => soon(failed('reset', { outcomeUnknown: true, unanswered: true })),
        () => ({ answer: failed('timeout', { outcomeUnknown: true, unanswered: true }), afterMs: sendTimeoutMs }),
      ])()
    const mood = this.healed ? 1 : chance.next()
    if (mood < 0.05) return soon(failed('rate_limit_exceeded', { retryAfterSeconds: chance.between(1, 30) }))
    if (mood < 0.08) {
      if (chance.happens(0.3)) this.#take(batch, latency)
      return soon(failed('500', { outcomeUnknown: true }))
    }
    if (mood < 0.11) {
      if (chance.happens(0.67)) this.#take(batch, latency)
      return soon(failed('reset', { outcomeUnknown: true, unanswered: true }))
    }
    if (mood < 0.12) {
      // What hung may be taken later than its sender waits.
      if (chance.happens(0.5)) this.#timeline.after(chance.between(1, 40) * secondMs, () => this.#take(batch, 0))
      return {
        answer: failed('timeout', { outcomeUnknown: true, unanswered: true }),
        afterMs: sendTimeoutMs,
      }
    }
    if (mood < 0.125) {
      if (!this.#keys.has(batch.key)) this.#refusedKeys.add(batch.key)
    }
    const answer = this.#take(batch, latency)
    if (this.kind.lies === 'takes what it refuses' && mood > 0.9) return soon(failed('invalid', { permanent: true }))
    if (mood < 0.135) host.kill()
    return soon(answer)
  }

  /** The batch arrived: who remembers keys takes each once. */
  #take(batch: FrozenBatch, workMs: number): Answer {
    const { now } = this.#timeline
    if (this.#refusedKeys.has(batch.key)) {
      for (const deliveryId of batch.deliveryIds) this.refused.add(deliveryId)
      return failed('validation_error', { permanent: true })
    }
    const hash = createHash('sha256').update(batch.bytes).digest('hex')
    const known = this.kind.remembersKeys ? this.#keys.get(batch.key) : undefined
    if (known && now - known.at < dayMs) {
      if (known.hash !== hash) {
        this.#witness.broken(`the key ${batch.key} came with other bytes`)
        return failed('invalid_idempotent_request', { permanent: true, outcomeUnknown: true })
      }
      if (now < known.doneAt) return failed('concurrent_idempotent_requests', { outcomeUnknown: true })
      return { receipts: known.receipts }
    }
    const receipts = readFrozen<Line[]>(batch.bytes).map((line) => this.#takeOne(line, batch.key))
    this.#keys.set(batch.key, { hash, receipts, at: now, doneAt: now + workMs })
    return { receipts }
  }

  #takeOne({ deliveryId, address, text }: Line, key: string): Receipt {
    if (refuses(address) || unsubscribed(address)) {
      this.refused.add(deliveryId)
      return unsubscribed(address)
        ? { deliveryId, state: 'suppressed', reason: 'opted out there', closesAddress: true }
        : { deliveryId, state: 'failed', reason: 'this address takes nothing' }
    }
    const providerId = `${this.kind.channel}-${++this.#ids}`
    if (this.kind.lies === 'takes nothing') return { deliveryId, state: 'sent', providerId }
    this.accepted.push({ deliveryId, address, text, providerId, key, at: this.#timeline.now })
    this.#announce(deliveryId, providerId)
    return {
      deliveryId,
      state: 'sent',
      providerId: this.kind.lies === 'gives wrong ids' ? `not-${providerId}` : providerId,
    }
  }

  /** Callbacks: late, twice, out of order, or never. */
  #announce(deliveryId: string, providerId: string): void {
    const chance = this.#chance
    if (chance.happens(this.kind.silence)) return
    const tell = (state: ReceiptEvent['state'], more: Partial<ReceiptEvent> = {}) => {
      const event = { eventId: `${providerId}:${state}`, deliveryId, providerId, state, reason: null, ...more }
      const times = chance.happens(0.1) ? 2 : 1
      for (let time = 0; time < times; time++) {
        const afterMs = chance.pick([secondMs, 30 * secondMs, 10 * minuteMs, 2 * hourMs]) * (0.2 + chance.next())
        this.#timeline.after(Math.round(afterMs), () => this.#witness.callback(this.kind.channel, event))
      }
    }
    if (chance.happens(0.3)) tell('sent')
    const end = chance.next()
    if (end < 0.8) tell('delivered')
    if (end > 0.75 && end < 0.82) tell('delayed')
    if (end > 0.93 && end < 0.97) tell('bounced', { reason: 'bounced: Permanent', closesAddress: true })
    if (end < 0.01) tell('complained', { reason: 'marked as spam', closesAddress: true })
    if (end >= 0.97) tell('failed', { reason: 'the network gave up' })
  }
}

const failed = (reason: string, more: ConstructorParameters<typeof DeliveryFailed>[1]): Answer => ({
  failed: new DeliveryFailed(reason, more),
})
