import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { contactsAfter, offerOfNotice } from '#api/compensation/contact-queries.ts'
import { offerNoticeKind } from '#api/compensation/offer.ts'
import { sharesWork, writeLock } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId, newIds } from '#api/lib/ids.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { subscribersAfter } from '#api/subscribers/queries.ts'
import { apart } from './aside.ts'
import type { Audience } from './audience.ts'
import { crashPoint } from './crash.ts'
import {
  deliveryInsert,
  type Expanded,
  hasUntaken,
  insertNotice,
  markTaken,
  moveCursor,
  openNotices,
  untaken,
} from './queries.ts'

/** Outbox rows taken in one transaction. */
const takeMax = 20
/**
 * Ledger rows written in one transaction. On SQLite it holds the only lock, 10 ms at the most: the next chunk has as many
 * rows as would have taken `lockAimMs` at the pace of the last one, but no more than half again as many as that had.
 * The least takes some 3 ms; where it takes longer, the machine is busy elsewhere and smaller chunks would only add to that.
 * A server locks rows and not the record, so there the chunk is as large as it may be.
 */
const chunkSize = { first: 250, least: 250, most: 1_000 } as const
const lockAimMs = 6
const chunkSizes = new WeakMap<App, number>()

/** How many rows the next chunk has, after one of `rows` that held the lock for `heldMs`. */
export function nextChunk(rows: number, heldMs: number): number {
  const fitting = Math.floor((rows * lockAimMs) / Math.max(heldMs, 0.1))
  return Math.max(chunkSize.least, Math.min(fitting, Math.ceil(rows * 1.5), chunkSize.most))
}

/**
 * Makes a notice of what was announced. True when there was something. What was announced before the instant of a `hold`
 * waits for a person, although nothing has decided yet whom it reaches: that is held in the same transaction.
 */
export async function takeAnnounced(
  app: App,
  hold?: { before: Instant; heldReason: string; actor: Actor },
): Promise<boolean> {
  if (!(await hasUntaken(app.db))) return false
  const taken = await app.db.transaction().execute(async (trx) => {
    const rows = await untaken(trx, takeMax)
    for (const row of rows) {
      const id = newId()
      const held = hold && row.createdAt < hold.before ? hold : null
      // An announcement without an update has no words to send; its audience would wait for ever.
      if (row.audience && row.updateId)
        await insertNotice(trx, {
          id,
          seq: row.seq,
          kind: row.kind,
          incidentId: row.incidentId,
          updateId: row.updateId,
          audience: row.audience,
          cursor: '',
          createdAt: row.createdAt,
          expandedAt: null,
          frozenAt: null,
          ...(held ? { heldAt: app.now(), heldReason: held.heldReason } : {}),
        })
      if (held && row.audience && row.updateId)
        await record(trx, app.now(), held.actor, 'notice.held', id, { after: { heldReason: held.heldReason } })
      await markTaken(trx, row.seq, app.now())
    }
    return rows.length
  })
  if (taken) crashPoint(app, 'after-take')
  return taken > 0
}

/** Writes the next chunk of ledger rows of the oldest notice that has recipients left. True when there was one. */
export async function expandNext(app: App): Promise<boolean> {
  for (const notice of await openNotices(app.db))
    if (notice.expandedAt === null && (await apart(app, notice.id, () => expand(app, notice)))) return true
  return false
}

async function expand(app: App, notice: Row<'notice'>): Promise<true> {
  const limit = chunkSizes.get(app) ?? (sharesWork(app.db) ? chunkSize.most : chunkSize.first)
  const step = await nextStep(app, notice, limit)
  const now = app.now()
  const { channel, rows } = step
  const insert = rows.length ? deliveryInsert(app.db, notice.id, channel, now, rows) : null
  const heldBefore = writeLock(app.db).heldMs
  await app.db.transaction().execute(async (trx) => {
    const moved = await moveCursor(trx, notice, step.cursor === null ? { expandedAt: now } : { cursor: step.cursor })
    if (moved && insert) await trx.executeQuery(insert)
  })
  if (rows.length === limit) chunkSizes.set(app, nextChunk(limit, writeLock(app.db).heldMs - heldBefore))
  crashPoint(app, step.cursor === null ? 'after-expand' : 'mid-expand')
  return true
}

/** Where a cursor stands: the channel that is being walked and the last subscriber that has a row. */
function readCursor(cursor: string): { channel: string; afterId: string } | null {
  const [channel, afterId] = cursor.split(':')
  return channel === undefined || afterId === undefined ? null : { channel, afterId }
}

async function nextStep(
  app: App,
  notice: Row<'notice'>,
  limit: number,
): Promise<{ channel: string; rows: Expanded[]; cursor: string | null }> {
  const audience = notice.audience ? fromJson<Audience>(notice.audience) : {}
  const place = readCursor(notice.cursor)
  const from = place ? app.channels.findIndex(({ name }) => name === place.channel) : 0
  // A channel that was switched off, while it was walked or before, is left behind; those after it are walked still.
  const left = app.channels.slice(from).filter(({ name, offReason }) => audience[name] && !offReason)
  const [channel, next] = left.map(({ name }) => name)
  if (channel === undefined) return { channel: '', rows: [], cursor: null }
  const afterId = place?.channel === channel ? place.afterId : ''
  const offer = notice.kind === offerNoticeKind ? await offerOfNotice(app.db, notice.id) : undefined
  const recipients = offer
    ? await contactsAfter(app.db, { offerId: offer.id, channel, place: afterId, limit })
    : await subscribersAfter(app.db, { channel, ...audience[channel]!, until: notice.createdAt, afterId, limit })
  const ids = newIds(recipients.length)
  const rows = recipients.map(
    (person, at): Expanded => ({
      id: ids[at]!,
      subscriberId: person.id,
      address: person.address,
      locale: person.locale,
      ...stateOf(person, notice),
    }),
  )
  if (recipients.length === limit) {
    const last = recipients.at(-1)!
    return { channel, rows, cursor: `${channel}:${'place' in last ? last.place : last.id}` }
  }
  return { channel, rows, cursor: next === undefined ? null : `${next}:` }
}

/** How a row begins: who left, who may not be written to, and whom a person decided not to tell, is told nothing. */
function stateOf(
  person: { closedAt: Instant | null; suppressed: string | null },
  notice: Row<'notice'>,
): Pick<Expanded, 'state' | 'reason'> {
  if (person.closedAt) return { state: 'skipped', reason: leftReason }
  if (person.suppressed) return { state: 'suppressed', reason: person.suppressed }
  if (notice.endedAt) return { state: 'skipped', reason: notice.endedReason }
  return { state: 'queued', reason: null }
}

/** Why a row says skipped. */
export const leftReason = 'unsubscribed before it was sent'
