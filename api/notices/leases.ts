import type { App } from '#api/app.ts'
import { type Channel, providersOf } from '#api/channels/channel.ts'
import { sharesWork } from '#api/db/connect.ts'
import { isPresent } from '#api/db/presence.ts'
import { newId } from '#api/lib/ids.ts'
import { secondMs } from '#api/lib/time.ts'
import { crashPoint } from './crash.ts'
import { holdLeased, type Leased, leased } from './lease-queries.ts'
import { dropLease, freeUnsent } from './settle.ts'

/** A claim holds longer than any send may take, and then some, so that no two workers hold one batch. */
export const leaseMs = 20 * secondMs
/** A worker that was gone at two looks so far apart is dead: in between it had time to connect again. */
const deadAfterMs = 3 * secondMs
/** How often leases of others are looked at. */
const lookEveryMs = secondMs

const owners = new WeakMap<App, string>()

/** Names this worker in leases: a random id, because process numbers repeat. */
export function ownerOf(app: App): string {
  const owner = owners.get(app) ?? newId()
  owners.set(app, owner)
  return owner
}

/** What this worker has seen of the leases of others, by its own steady time: clocks of two machines never agree. */
interface Seen {
  sinceMs: number
  goneSinceMs: number | null
}
interface Looks {
  lastMs: number
  seen: Map<string, Seen>
}
const looks = new WeakMap<App, Looks>()

/**
 * Takes over what another worker was sending, where workers share a record: when that worker is dead, or when it has held
 * a batch for longer than any send takes. Without a look at the time of day. True when something was taken over.
 */
export async function takeOver(app: App): Promise<boolean> {
  if (!sharesWork(app.db)) return false
  const mine = looks.get(app) ?? { lastMs: Number.NEGATIVE_INFINITY, seen: new Map() }
  looks.set(app, mine)
  const nowMs = app.steadyMs()
  if (nowMs - mine.lastMs < lookEveryMs) return false
  mine.lastMs = nowMs
  const before = mine.seen
  mine.seen = new Map()
  let taken = false
  for (const batch of await leased(app.db)) {
    if (batch.leaseOwner === ownerOf(app)) continue
    const key = `${batch.id} ${batch.attempts}`
    const { sinceMs, goneSinceMs } = before.get(key) ?? { sinceMs: nowMs, goneSinceMs: null }
    const here = await app.db.transaction().execute((trx) => isPresent(trx, batch.leaseOwner ?? ''))
    const seen = { sinceMs, goneSinceMs: here ? null : (goneSinceMs ?? nowMs) }
    const dead = seen.goneSinceMs !== null && nowMs - seen.goneSinceMs >= deadAfterMs
    if (!dead && nowMs - sinceMs < leaseMs) mine.seen.set(key, seen)
    else if (await drop(app, batch)) taken = true
  }
  return taken
}

/** How long until a lease of another worker may be taken over, in milliseconds; null when there is none. */
export function nextTakeOverMs(app: App): number | null {
  const mine = looks.get(app)
  if (!mine?.seen.size) return null
  return Math.max(1, mine.lastMs + lookEveryMs - app.steadyMs())
}

/** Frees every batch that is being sent: for a record with one worker, which has just started. */
export async function dropAll(app: App): Promise<void> {
  for (const batch of await leased(app.db)) await drop(app, batch)
}

/** Frees what this worker holds and is not sending: its claim was committed, but the answer to the commit was lost. */
export async function freeStrays(app: App, sending: ReadonlySet<string>): Promise<void> {
  for (const batch of await leased(app.db)) {
    if (batch.leaseOwner !== ownerOf(app) || sending.has(batch.id)) continue
    await app.db.transaction().execute(async (trx) => {
      if (await holdLeased(trx, batch)) await freeUnsent(trx, batch.id, app.now())
    })
  }
}

async function drop(app: App, batch: Leased): Promise<boolean> {
  const channel: Channel | undefined = app.channels
    .flatMap(providersOf)
    .find(({ name, provider }) => name === batch.channel && (batch.provider ?? provider) === provider)
  const dropped = await app.db.transaction().execute(async (trx) => {
    if (!(await holdLeased(trx, batch))) return false
    await dropLease(trx, batch.id, app.now(), channel?.idempotent ?? false)
    return true
  })
  if (dropped) crashPoint(app, 'after-takeover')
  return dropped
}
