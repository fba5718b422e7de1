import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import { plain, tableOf } from '#api/db/rows.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import { isFree } from './batch-queries.ts'

/** What has been announced to somebody and is no notice yet, oldest first. */
export const untaken = (trx: Trx, limit: number): Promise<Row<'outbox'>[]> =>
  claimable(
    trx,
    trx.selectFrom('outbox').selectAll().where('takenAt', 'is', null).orderBy('seq').limit(limit),
  ).execute()

/** Whether something was announced that is no notice yet: a look without a lock. */
export const hasUntaken = async (db: Db): Promise<boolean> =>
  (await db.selectFrom('outbox').select('seq').where('takenAt', 'is', null).limit(1).executeTakeFirst()) !== undefined

export const markTaken = (trx: Trx, seq: number, takenAt: Instant) =>
  trx.updateTable('outbox').set({ takenAt }).where('seq', '=', seq).execute()

export const insertNotice = (trx: Trx, row: NewRow<'notice'>) =>
  trx
    .insertInto('notice')
    .values(row)
    .onConflict((oc) => oc.column('seq').doNothing())
    .execute()

/** Notices that still have recipients to find or mails to write, oldest first. */
export const openNotices = (db: Db | Trx): Promise<Row<'notice'>[]> =>
  db.selectFrom('notice').selectAll().where('frozenAt', 'is', null).orderBy('createdAt').orderBy('id').execute()

export const findNotice = (db: Db | Trx, id: string) =>
  db.selectFrom('notice').selectAll().where('id', '=', id).executeTakeFirst()

/** Moves a notice's cursor on from where it was read; false when another worker came first. */
export async function moveCursor(
  trx: Trx,
  { id, cursor }: Pick<Row<'notice'>, 'id' | 'cursor'>,
  change: { cursor?: string; expandedAt?: Instant },
): Promise<boolean> {
  const moved = await trx
    .updateTable('notice')
    .set(change)
    .where('id', '=', id)
    .where('cursor', '=', cursor)
    .where('expandedAt', 'is', null)
    .executeTakeFirst()
  return moved.numUpdatedRows > 0n
}

/**
 * Closes a notice of which nothing waits for a batch on these channels; false when something does. Its row is held first:
 * whoever lets a delivery of it wait again opens it after that, so that nothing waits in a notice that is closed.
 */
export async function closeNotice(trx: Trx, id: string, frozenAt: Instant, channels: string[]): Promise<boolean> {
  await trx.updateTable('notice').set({ frozenAt }).where('id', '=', id).execute()
  for (const channel of channels)
    if ((await unfrozen(trx, id, channel, 1)).length) {
      await trx.updateTable('notice').set({ frozenAt: null }).where('id', '=', id).execute()
      return false
    }
  return true
}

/** What expansion writes of a delivery; everything else is the same for all of them. */
export type Expanded = {
  id: string
  subscriberId: string
  address: string
  locale: string
  state: string
  reason: string | null
}

/** The statement that writes ledger rows, made before the transaction so that the lock is not held while it is built. */
export const deliveryInsert = (db: Db, noticeId: string, channel: string, now: Instant, rows: Expanded[]) =>
  db
    .insertInto('delivery')
    .columns([
      'id',
      'noticeId',
      'channel',
      'subscriberId',
      'address',
      'locale',
      'state',
      'reason',
      'possibleDuplicate',
      'createdAt',
      'updatedAt',
    ])
    .expression(
      db
        .selectFrom(
          tableOf(
            db,
            'given',
            { id: 'text', subscriberId: 'text', address: 'text', locale: 'text', state: 'text', reason: 'text' },
            rows,
          ),
        )
        .select((eb) => [
          'given.id',
          eb.val(noticeId).as('noticeId'),
          eb.val(channel).as('channel'),
          'given.subscriberId',
          'given.address',
          'given.locale',
          'given.state',
          'given.reason',
          eb.lit(0).as('possibleDuplicate'),
          eb.val(now).as('createdAt'),
          eb.val(now).as('updatedAt'),
        ])
        // SQLite reads "on conflict" as a join's condition unless a where stands before it.
        .where((eb) => eb.lit(true)),
    )
    .onConflict((oc) => oc.columns(['noticeId', 'channel', 'subscriberId']).doNothing())
    .compile()

/** Batches of notices to many that wait to be sent, on one channel; those on their way are not among them. */
export async function countReady(db: Db | Trx, channel: string): Promise<number> {
  const { count } = await db
    .selectFrom('batch')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('state', '=', 'ready')
    .where('priority', '>', 0)
    .where('channel', '=', channel)
    .where(isFree)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Deliveries that no batch holds yet, in no order: sorting would read all that wait, at every batch again. */
export const unfrozen = (db: Db | Trx, noticeId: string, channel: string, limit: number): Promise<Row<'delivery'>[]> =>
  db
    .selectFrom('delivery')
    .selectAll()
    .where('noticeId', '=', noticeId)
    .where('channel', '=', channel)
    .where('state', '=', 'queued')
    .where('batchId', 'is', null)
    .limit(limit)
    .execute()

export interface Standing {
  id: string
  generation: number
  closedAt: Instant | null
  suppressed: string | null
}

/** How subscribers stand at this moment: whether they left, and whether anything may be sent to them. */
export const standingOf = (db: Db | Trx, ids: string[]): Promise<Standing[]> =>
  db
    .selectFrom('subscriber')
    .leftJoin('suppression', (join) =>
      join
        .onRef('suppression.channel', '=', 'subscriber.channel')
        .onRef('suppression.address', '=', 'subscriber.address'),
    )
    .select(['subscriber.id', 'subscriber.generation', 'subscriber.closedAt', 'suppression.reason as suppressed'])
    .where('subscriber.id', 'in', ids)
    .execute()

/** A delivery's place in a batch. */
export type Place = { id: string; batchId: string; position: number }

/** Puts deliveries into batches; false when another worker holds one of them or it is no longer queued. */
export async function putInBatches(trx: Trx, places: Place[]): Promise<boolean> {
  if (!places.length) return true
  // How they stand is given with them and joined: as a condition by itself it makes PostgreSQL expect next to no rows, and
  // it then compares each of them with each that is given.
  const given = places.map((place) => ({ ...place, before: '', state: 'queued' }))
  const columns = { id: 'text', batchId: 'text', position: 'integer', before: 'text', state: 'text' } as const
  const put = await trx
    .updateTable('delivery')
    .from(tableOf(trx, 'given', columns, given))
    .set((eb) => ({ batchId: eb.ref('given.batchId'), position: eb.ref('given.position') }))
    .whereRef('delivery.id', '=', 'given.id')
    // Named once more: PostgreSQL would read every delivery for each of those that are given.
    .where(
      'delivery.id',
      'in',
      places.map(({ id }) => id),
    )
    .whereRef(plain('delivery.batchId'), '=', 'given.before')
    .whereRef(plain('delivery.state'), '=', 'given.state')
    .executeTakeFirst()
  return Number(put.numUpdatedRows) === places.length
}

/** Ends deliveries that are not sent, with the reason: those that still wait for a batch, and no other worker took meanwhile. */
export const endDeliveries = (
  trx: Trx,
  ids: string[],
  now: Instant,
  end: { state: Row<'delivery'>['state']; reason: string },
) =>
  trx
    .updateTable('delivery')
    .set({ ...end, updatedAt: now })
    .where('id', 'in', ids)
    .where(plain('state'), '=', 'queued')
    .where(plain('batchId'), '=', '')
    .execute()

export const findChannelState = (db: Db | Trx, channel: string) =>
  db.selectFrom('channelState').selectAll().where('channel', '=', channel).executeTakeFirst()

/** How every channel stands that has sent something, by its name in the record. */
export const channelStates = async (db: Db): Promise<Map<string, Row<'channelState'>>> =>
  new Map((await db.selectFrom('channelState').selectAll().execute()).map((row) => [row.channel, row]))

/** Reads how a channel stands and holds it until the transaction ends, so that workers keep its rate together. */
export const holdChannelState = (trx: Trx, channel: string): Promise<Row<'channelState'>> =>
  trx
    .insertInto('channelState')
    .values({ channel, stoppedAt: null, stoppedReason: null, nextSendAt: null })
    .onConflict((oc) => oc.column('channel').doUpdateSet((eb) => ({ nextSendAt: eb.ref('channelState.nextSendAt') })))
    .returningAll()
    .executeTakeFirstOrThrow()

export const saveChannelState = (
  trx: Db | Trx,
  channel: string,
  change: Partial<Omit<Row<'channelState'>, 'channel'>>,
) =>
  trx
    .insertInto('channelState')
    .values({ channel, stoppedAt: null, stoppedReason: null, nextSendAt: null, ...change })
    .onConflict((oc) => oc.column('channel').doUpdateSet(change))
    .execute()
