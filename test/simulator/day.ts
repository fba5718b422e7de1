import { componentStatuses } from '#api/components/component.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { newId } from '#api/lib/ids.ts'
import { dayMs, hourMs, minuteMs, plusMs, toInstant } from '#api/lib/time.ts'
import { barAddress, closeAddress } from '#api/subscribers/closing-queries.ts'
import { changeSubscriber, findByAddress } from '#api/subscribers/queries.ts'
import { lin, openServices } from '../support/services.ts'
import type { Chance } from './chance.ts'
import type { Host } from './host.ts'
import type { Timeline } from './timeline.ts'

type Services = Awaited<ReturnType<typeof openServices>>
type ChannelName = 'email' | 'sms'

/** What people do in a day: staff publish, readers come, go, come back and are barred. */
export class Day {
  readonly #front: Host
  readonly #timeline: Timeline
  readonly #chance: Chance
  readonly #committed: () => void
  #services: Services | undefined
  #people = 0
  #addresses: { channel: ChannelName; address: string }[] = []

  /** `front` is the process that serves people; `committed` is told that something was published. */
  constructor(front: Host, timeline: Timeline, chance: Chance, committed: () => void) {
    this.#front = front
    this.#timeline = timeline
    this.#chance = chance
    this.#committed = committed
  }

  /** Opens the company with its first readers, and plans the day. */
  async begin(length: number, { incidents = this.#chance.between(1, 2) } = {}): Promise<void> {
    this.#services = await openServices(this.#front.app)
    const readers = this.#chance.between(5, 16)
    for (let reader = 0; reader < readers; reader++) await this.#join(-dayMs)
    const start = this.#timeline.now
    for (let incident = incidents; incident > 0; incident--)
      this.#timeline.at(start + this.#chance.between(0, length - 2 * hourMs), () => this.#incident())
    for (let event = this.#chance.between(4, 14); event > 0; event--)
      this.#timeline.at(start + this.#chance.between(0, length), () => this.#reader().catch(() => {}))
  }

  async #join(afterMs = 0): Promise<void> {
    const { app } = this.#front
    const place = this.#people++
    const odd = this.#chance.next()
    const channel = this.#chance.happens(0.65) ? 'email' : 'sms'
    const number = `+86138${String(place).padStart(5, '0')}${odd < 0.05 ? '404' : odd < 0.08 ? '610' : '000'}`
    const address = channel === 'sms' ? number : `${odd < 0.05 ? 'refused' : 'reader'}${place}@mail.example`
    const confirmedAt = plusMs(app.now(), afterMs)
    const everything = this.#chance.happens(0.6)
    const id = newId()
    await app.db.transaction().execute(async (trx) => {
      await trx
        .insertInto('subscriber')
        .values({
          id,
          channel,
          address,
          locale: this.#chance.happens(0.5) ? 'en' : 'zh-CN',
          everything: everything ? 1 : 0,
          generation: 1,
          createdAt: confirmedAt,
          confirmedAt,
          closedAt: null,
          closedReason: null,
          consentAt: confirmedAt,
          consentWording: 'simulated',
        })
        .execute()
      if (!everything)
        for (const componentId of this.#someServices())
          await trx.insertInto('subscriberComponent').values({ subscriberId: id, componentId }).execute()
    })
    this.#addresses.push({ channel, address })
  }

  #someServices(): string[] {
    const all = Object.values(this.#services!)
    const some = all.filter(() => this.#chance.happens(0.5))
    return some.length ? some : [this.#chance.pick(all)]
  }

  async #reader(): Promise<void> {
    const { app } = this.#front
    const who = this.#chance.pick(this.#addresses)
    const what = this.#chance.next()
    if (what < 0.35) return this.#join()
    await app.db.transaction().execute(async (trx) => {
      const now = app.now()
      const reader = await findByAddress(trx, who.channel, who.address)
      if (!reader) return
      if (what < 0.7) return closeAddress(trx, now, { ...who, reason: 'unsubscribed' })
      if (what < 0.85) return barAddress(trx, now, { ...who, reason: 'complained elsewhere', source: 'staff' }, 'staff')
      if (reader.closedAt !== null)
        await changeSubscriber(trx, reader.id, {
          closedAt: null,
          closedReason: null,
          confirmedAt: now,
          generation: reader.generation + 1,
        })
    })
  }

  async #incident(): Promise<void> {
    const { app } = this.#front
    const incident = await openIncident(app, lin, {
      title: { en: 'Orders fail.', 'zh-CN': '下单失败。' },
      severity: this.#chance.pick([1, 1, 2, 2, 3, 4]),
      status: 'investigating',
      components: this.#someServices().map((id) => ({ id, status: this.#chance.pick(componentStatuses.slice(1, 4)) })),
      body: { en: 'We are looking into it.', 'zh-CN': '正在排查。' },
      nextUpdateAt: plusMs(app.now(), 30 * minuteMs),
    }).catch(() => null)
    if (!incident) return
    this.#committed()
    this.#burst()
    this.#goOn(incident.id, this.#chance.between(0, 3), incident.updates[0]?.id ?? null)
  }

  /** Readers come and go most while it burns: around the moment of publishing. */
  #burst(): void {
    for (let event = this.#chance.between(0, 4); event > 0; event--)
      this.#timeline.after(this.#chance.between(0, 4_000), () => this.#reader().catch(() => {}))
  }

  #goOn(incidentId: string, updates: number, before: string | null): void {
    const wait =
      this.#chance.pick([1_000, 20_000, 5 * minuteMs, 40 * minuteMs, 3 * hourMs]) * (0.5 + this.#chance.next())
    this.#timeline.after(Math.round(wait), async () => {
      const { app } = this.#front
      const resolved = updates <= 0
      const after = await publishUpdate(app, lin, incidentId, {
        status: resolved ? 'resolved' : this.#chance.pick(['identified', 'monitoring', 'investigating'] as const),
        body: { en: `Word ${updates} at ${toInstant(this.#timeline.now)}.`, 'zh-CN': `第 ${updates} 条。` },
        nextUpdateAt: resolved ? null : plusMs(app.now(), 30 * minuteMs),
        notify: this.#chance.happens(0.9),
        corrects: this.#chance.happens(0.15) ? before : null,
      }).catch(() => null)
      this.#committed()
      this.#burst()
      const newest = after?.updates[0]?.id ?? before
      if (!resolved) this.#goOn(incidentId, updates - 1, newest)
      else if (this.#chance.happens(0.15)) this.#goOn(incidentId, this.#chance.between(0, 1), newest)
    })
  }
}
