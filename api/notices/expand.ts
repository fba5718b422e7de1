import type { App } from '#api/app.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { fromJson } from '#api/lib/json.ts'
import { subscribersAfter } from '#api/subscribers/queries.ts'
import { apart } from './aside.ts'
import type { Audience } from './audience.ts'
import { crashPoint } from './crash.ts'
import { deliveryInsert, hasUntaken, insertNotice, markTaken, moveCursor, openNotices, untaken } from './queries.ts'

/** Outbox rows taken in one transaction. */
const takeMax = 20
/** Ledger rows written in one transaction: on SQLite it holds the lock for about 10 ms. */
const chunkSize = 250

/** Makes a notice of what was announced. True when there was something. */
export async function takeAnnounced(app: App): Promise<boolean> {
  if (!(await hasUntaken(app.db))) return false
  const taken = await app.db.transaction().execute(async (trx) => {
    const rows = await untaken(trx, takeMax)
    for (const row of rows) {
      // An announcement without an update has no words to send; its audience would wait for ever.
      if (row.audience && row.updateId)
        await insertNotice(trx, {
          id: newId(),
          seq: row.seq,
          kind: row.kind,
          incidentId: row.incidentId,
          updateId: row.updateId,
          audience: row.audience,
          cursor: '',
          createdAt: row.createdAt,
          expandedAt: null,
          frozenAt: null,
        })
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
  const step = await nextStep(app, notice)
  const now = app.now()
  const insert = step.rows.length ? deliveryInsert(app.db, step.rows) : null
  await app.db.transaction().execute(async (trx) => {
    const moved = await moveCursor(trx, notice, step.cursor === null ? { expandedAt: now } : { cursor: step.cursor })
    if (moved && insert) await trx.executeQuery(insert)
  })
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
): Promise<{ rows: NewRow<'delivery'>[]; cursor: string | null }> {
  const audience = notice.audience ? fromJson<Audience>(notice.audience) : {}
  const place = readCursor(notice.cursor)
  const from = place ? app.channels.findIndex(({ name }) => name === place.channel) : 0
  // A channel that was switched off, while it was walked or before, is left behind; those after it are walked still.
  const left = app.channels.slice(from).filter(({ name, offReason }) => audience[name] && !offReason)
  const [channel, next] = left.map(({ name }) => name)
  if (channel === undefined) return { rows: [], cursor: null }
  const recipients = await subscribersAfter(app.db, {
    channel,
    ...audience[channel]!,
    until: notice.createdAt,
    afterId: place?.channel === channel ? place.afterId : '',
    limit: chunkSize,
  })
  const now = app.now()
  const rows = recipients.map(
    (person): NewRow<'delivery'> => ({
      id: newId(),
      noticeId: notice.id,
      channel,
      subscriberId: person.id,
      address: person.address,
      locale: person.locale,
      state: person.closedAt ? 'skipped' : person.suppressed ? 'suppressed' : 'queued',
      batchId: null,
      position: null,
      reason: person.closedAt ? leftReason : person.suppressed,
      providerId: null,
      possibleDuplicate: 0,
      createdAt: now,
      updatedAt: now,
      sentAt: null,
    }),
  )
  if (recipients.length === chunkSize) return { rows, cursor: `${channel}:${recipients.at(-1)!.id}` }
  return { rows, cursor: next === undefined ? null : `${next}:` }
}

/** Why a row says skipped. */
export const leftReason = 'unsubscribed before it was sent'
