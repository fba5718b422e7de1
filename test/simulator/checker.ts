import { createHash } from 'node:crypto'
import type Sqlite from 'better-sqlite3'
import type { Channel, FrozenBatch } from '#api/channels/channel.ts'
import { toMs } from '#api/lib/time.ts'
import type { Provider } from './provider.ts'
import type { MemoryRecord } from './record.ts'

interface DeliveryRow {
  id: string
  notice_id: string
  channel: string
  subscriber_id: string
  address: string
  state: string
  reason: string | null
  provider_id: string | null
  possible_duplicate: number
  created_at: string
}
interface NoticeRow {
  id: string
  seq: number
  created_at: string
  held_at: string | null
  /** When a notice that was put off is to be told; its age counts from then. */
  due_at: string | null
}

const arrived = new Set(['sent', 'delayed', 'delivered', 'bounced', 'complained'])
const waiting = new Set(['queued', 'sending'])
const over = new Set(['failed', 'suppressed', 'expired', 'superseded', 'skipped'])
/** How far each state that a provider speaks of has come. */
const ranks = new Map([
  ['sent', 1],
  ['delayed', 2],
  ['delivered', 3],
  ['bounced', 4],
  ['complained', 5],
])

const bornAt = ({ due_at, created_at }: NoticeRow) => toMs(due_at ?? created_at)

/** The promises of the ledger, looked at from outside: what is broken is written into `broken`. */
export class Checker {
  readonly broken: string[] = []
  /** True when the machine's clock was wrong for a while: then "too old" may come early and somebody may be too new. */
  clockJumped = false
  readonly #record: MemoryRecord
  readonly #bytesOf = new Map<string, string>()
  readonly #announcedAt = new Map<number, number>()
  #read = 0

  constructor(record: MemoryRecord) {
    this.#record = record
  }

  say(what: string): void {
    this.broken.push(what)
  }

  /** A batch is about to leave: everything that must be true at this moment. */
  called(channel: Channel, batch: FrozenBatch, now: number): Promise<void> {
    return this.#record.look((raw) => {
      const hash = createHash('sha256').update(batch.bytes).digest('hex')
      const before = this.#bytesOf.get(batch.key)
      if (before !== undefined && before !== hash) this.say(`the key ${batch.key} stands for other bytes than before`)
      this.#bytesOf.set(batch.key, hash)
      const row = raw.prepare('select * from batch where id = ?').get(batch.id) as
        | { state: string; attempts: number; priority: number; notice_id: string; bytes_hash: string }
        | undefined
      if (row?.state !== 'sending') return this.say(`batch ${batch.id} left while it was ${row?.state ?? 'nowhere'}`)
      if (row.bytes_hash !== hash) this.say(`batch ${batch.id} left with other bytes than were frozen`)
      const attempt = raw
        .prepare('select started_at from attempt where batch_id = ? and ended_at is null')
        .get(batch.id) as { started_at: string } | undefined
      if (!attempt) this.say(`batch ${batch.id} left without an attempt in the record`)
      const notice = raw
        .prepare('select seq, created_at, due_at from notice where id = ?')
        .get(row.notice_id) as NoticeRow
      if (attempt && this.#ageOf(notice, attempt.started_at, now) >= channel.expiresAfterMs)
        this.say(`batch ${batch.id} left after it had expired`)
      this.#mayHear(raw, batch)
      if (row.attempts === 1) this.#isNewest(raw, batch)
    })
  }

  /** By the program's own clock; and after somebody set that, by the world's. */
  #ageOf(notice: NoticeRow, startedAt: string, now: number): number {
    const announcedAt = this.#announcedAt.get(notice.seq)
    if (this.clockJumped) return announcedAt === undefined ? 0 : now - announcedAt
    return toMs(startedAt) - bornAt(notice)
  }

  /** Something may have been announced at this moment of the world's clock. */
  announced(now: number): Promise<void> {
    return this.#record.look((raw) => {
      for (const { seq } of raw.prepare('select seq from outbox').all() as { seq: number }[])
        if (!this.#announcedAt.has(seq)) this.#announcedAt.set(seq, now)
    })
  }

  /** Who left or was barred is not written to; unless the batch may be out already, for then its bytes must stand. */
  #mayHear(raw: Sqlite.Database, batch: FrozenBatch): void {
    const mayBeOut = raw
      .prepare(`select 1 from attempt where batch_id = ? and outcome in ('unknown', 'lost')`)
      .get(batch.id)
    const members = raw
      .prepare(
        `select d.id, d.state, s.closed_at, p.reason from delivery d
         left join subscriber s on s.id = d.subscriber_id
         left join suppression p on p.channel = d.channel and p.address = d.address
         where d.batch_id = ?`,
      )
      .all(batch.id) as { id: string; state: string; closed_at: string | null; reason: string | null }[]
    if (members.length !== batch.deliveryIds.length) this.say(`batch ${batch.id} left with other members than its own`)
    for (const { id, state, closed_at, reason } of members) {
      if (mayBeOut) continue
      if (over.has(state)) this.say(`${id} left although it was ${state}`)
      if (closed_at !== null) this.say(`${id} left although its reader had unsubscribed`)
      else if (reason !== null) this.say(`${id} left although its address was suppressed`)
    }
  }

  /** Whoever is told of a newer update is not told of an older one after it; but for the first word and the last. */
  #isNewest(raw: Sqlite.Database, batch: FrozenBatch): void {
    const old = raw
      .prepare(
        `select d.id, nu.number from delivery d
         join notice n on n.id = d.notice_id and n.kind = 'incident.updated'
         join incident_update u on u.id = n.update_id and u.corrects_id is null
         join attempt a on a.batch_id = d.batch_id and a.ended_at is null
         join incident_update nu on nu.incident_id = u.incident_id and nu.number > u.number
         join notice nn on nn.update_id = nu.id and nn.held_at is null and nn.ended_at is null
         join delivery nd on nd.notice_id = nn.id and nd.subscriber_id = d.subscriber_id
         where d.batch_id = ? and d.asked_at is null and nd.created_at < a.started_at
         and nd.state in ('queued', 'sending', 'unknown', 'sent', 'delayed', 'delivered')`,
      )
      .all(batch.id) as { id: string; number: number }[]
    for (const { id, number } of old) this.say(`${id} left although update ${number} is newer`)
  }

  /** Reads on in what the record's triggers wrote down: no state ever goes back. */
  history(): Promise<void> {
    return this.#record.look((raw) => {
      const changes = raw.prepare('select * from history where id > ? order by id').all(this.#read) as {
        id: number
        delivery: string
        old: string
        new: string
        duplicate: number
        mistaken: number
      }[]
      for (const { id, delivery, old, new: next, duplicate, mistaken } of changes) {
        this.#read = id
        // The list had given it a message that, as a callback told later, was another's.
        if (old === 'sent' && next === 'unknown' && mistaken) continue
        const back = arrived.has(old) && (ranks.get(next) ?? 9) < (ranks.get(old) ?? 0)
        const lost = arrived.has(old) && !arrived.has(next) && next !== 'failed' && next !== 'suppressed'
        const again = over.has(old) && (waiting.has(next) || next === 'unknown')
        const blind = old === 'unknown' && waiting.has(next) && !duplicate
        if (back || lost || again || blind) this.say(`${delivery} went from ${old} to ${next}`)
      }
    })
  }

  /** The end of the day, when everything was given the time to finish: the ledger against the providers' own history. */
  async end(providers: readonly Provider[]): Promise<void> {
    await this.history()
    await this.#record.look((raw) => {
      this.#audiences(raw)
      const notices = new Map((raw.prepare('select * from notice').all() as NoticeRow[]).map((row) => [row.id, row]))
      const rows = raw.prepare('select * from delivery').all() as DeliveryRow[]
      for (const provider of providers) {
        const taken = new Map<string, Provider['accepted']>()
        for (const one of provider.accepted) {
          const before = taken.get(one.deliveryId)
          if (before) before.push(one)
          else taken.set(one.deliveryId, [one])
        }
        for (const row of rows)
          if (row.channel === provider.kind.channel)
            this.#row(row, notices.get(row.notice_id)!, taken.get(row.id) ?? [], provider)
      }
      const ids = new Set(rows.map(({ id }) => id))
      for (const { accepted } of providers)
        for (const { deliveryId } of accepted)
          if (!ids.has(deliveryId)) this.say(`the provider took ${deliveryId}, which is not in the ledger`)
      this.#attempts(raw)
      this.#closings(raw)
    })
  }

  /** Counts add up to the audience: who had to be told has one row, nobody else has. Who came or left in its very millisecond may. */
  #audiences(raw: Sqlite.Database): void {
    const missing = raw
      .prepare(
        `select e.seq, s.id, s.closed_at from expected e join subscriber s on s.id = e.subscriber
         left join notice n on n.seq = e.seq
         left join delivery d on d.notice_id = n.id and d.subscriber_id = s.id
         where d.id is null and (n.id is null or (s.confirmed_at <= n.created_at
         and coalesce(s.closed_at, '') <> n.created_at))`,
      )
      .all() as { seq: number; id: string; closed_at: string | null }[]
    // By a clock that was wrong, somebody may have left before what was announced before.
    for (const { seq, id, closed_at } of missing)
      if (!(this.clockJumped && closed_at !== null)) this.say(`${id} has no row of announcement ${seq}`)
    const strangers = raw
      .prepare(
        `select d.id, d.state from delivery d join notice n on n.id = d.notice_id
         join subscriber s on s.id = d.subscriber_id
         where n.seq is not null and d.state <> 'skipped' and n.created_at not in (s.confirmed_at, s.created_at)
         and not exists (select 1 from expected e where e.seq = n.seq and e.subscriber = d.subscriber_id)`,
      )
      .all() as { id: string; state: string }[]
    for (const { id, state } of strangers) this.say(`${id} is ${state} but was not in the audience`)
    const twice = raw
      .prepare('select address, count(*) n from delivery group by notice_id, channel, address having count(*) > 1')
      .all() as { address: string }[]
    for (const { address } of twice) this.say(`${address} has two rows of one notice`)
  }

  #row(row: DeliveryRow, notice: NoticeRow, taken: Provider['accepted'], provider: Provider): void {
    const { id, state, reason } = row
    const about = `${row.channel} ${id} (${state}${reason ? `: ${reason}` : ''})`
    if (taken.length > 1 && !row.possible_duplicate) this.say(`${about} was taken ${taken.length} times, unmarked`)
    // What is held waits for a person, and says so on the notice.
    if (waiting.has(state) && notice.held_at !== null) return
    if (waiting.has(state)) this.say(`${about} was never finished`)
    if (arrived.has(state) && !taken.length) this.say(`${about} never reached the provider`)
    if (arrived.has(state) && taken.length && !taken.some(({ providerId }) => providerId === row.provider_id))
      this.say(`${about} has the id ${row.provider_id}, which the provider did not give`)
    if (!arrived.has(state) && !reason) this.say(`${about} says no reason`)
    const toldOtherwise = state === 'failed' && taken.length > 0 && row.provider_id !== null
    if (over.has(state) && taken.length && !toldOtherwise) this.say(`${about} did reach the provider`)
    if (taken.length || this.clockJumped) return
    const from = bornAt(notice)
    const stormy = provider.storms.some((storm) => storm.to > from && storm.from < from + provider.kind.expiresAfterMs)
    if (state === 'expired' && !stormy) this.say(`${about} expired although the provider worked`)
    if (state === 'failed' && !stormy && !provider.refused.has(id))
      this.say(`${about} was given up although the provider worked`)
    if (state === 'unknown' && provider.kind.remembersKeys && !stormy && !provider.refused.has(id))
      this.say(`${about} was left open although its key could be asked again`)
  }

  /** Each batch has an attempt for every time it left, numbered without a gap, and no attempt is left open. */
  #attempts(raw: Sqlite.Database): void {
    const wrong = raw
      .prepare(
        `select b.id, b.attempts, count(a.id) written, max(a.number) last, sum(a.id is not null and a.ended_at is null) open
         from batch b left join attempt a on a.batch_id = b.id group by b.id
         having (count(a.id) > 0 and (b.attempts <> max(a.number) or count(a.id) <> max(a.number) - min(a.number) + 1)) or sum(a.id is not null and a.ended_at is null) > 0`,
      )
      .all() as { id: string; attempts: number; written: number; open: number }[]
    for (const { id, attempts, written, open } of wrong)
      this.say(`batch ${id} counts ${attempts} attempts, has ${written} in the record and ${open} without an end`)
    const bytes = raw.prepare(`select id from batch where state = 'final' and bytes is not null`).all() as {
      id: string
    }[]
    for (const { id } of bytes) this.say(`batch ${id} is final and still has its bytes`)
  }

  /** Whoever was closed or barred has an audit line that says so. */
  #closings(raw: Sqlite.Database): void {
    const silent = raw
      .prepare(
        `select id from subscriber s where closed_at is not null
         and not exists (select 1 from audit a where a.subject_id = s.id and a.action = 'subscriber.closed')`,
      )
      .all() as { id: string }[]
    for (const { id } of silent) this.say(`${id} was closed without an audit line`)
    const barred = raw.prepare('select count(*) n from suppression').get() as { n: number }
    const noted = raw.prepare(`select count(*) n from audit where action = 'address.suppressed'`).get() as { n: number }
    if (barred.n !== noted.n) this.say(`${barred.n} addresses are suppressed and ${noted.n} audit lines say so`)
  }
}
