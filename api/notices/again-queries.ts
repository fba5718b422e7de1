import { sql } from 'kysely'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'
import type { AgainState, Ended } from './again.ts'

/** A delivery with what decides whether it may be tried once more. */
export type EndedRow = Ended & Pick<Row<'delivery'>, 'id' | 'noticeId' | 'channel' | 'batchId'>

const ended = (db: Db | Trx) =>
  db
    .selectFrom('delivery')
    .leftJoin('batch', 'batch.id', 'delivery.batchId')
    .leftJoin('subscriber', 'subscriber.id', 'delivery.subscriberId')
    .leftJoin('suppression', (join) =>
      join.onRef('suppression.channel', '=', 'delivery.channel').onRef('suppression.address', '=', 'delivery.address'),
    )
    .select([
      'delivery.id',
      'delivery.noticeId',
      'delivery.channel',
      'delivery.batchId',
      'delivery.state',
      'delivery.possibleDuplicate',
      'batch.state as batchState',
      'batch.nextLookAt',
      'delivery.againAt',
      'subscriber.id as subscriberId',
      'subscriber.closedAt',
      'suppression.reason as suppressed',
    ])

type Found = Awaited<ReturnType<ReturnType<typeof ended>['execute']>>[number]
const readEnded = ({ possibleDuplicate, subscriberId, closedAt, nextLookAt, againAt, ...row }: Found): EndedRow => ({
  ...row,
  automatic: nextLookAt !== null || againAt !== null,
  possibleDuplicate: possibleDuplicate === 1,
  left: subscriberId === null || closedAt !== null,
})

export async function findEnded(db: Db | Trx, id: string): Promise<EndedRow | null> {
  const row = await ended(db).where('delivery.id', '=', id).executeTakeFirst()
  return row ? readEnded(row) : null
}

/** Deliveries of one update that ended alike. */
export interface Alike {
  noticeId: string
  channel: string
  state: AgainState
  /** As `alikeReason` gives it. */
  reason: string | null
}

/** Why a delivery ended, without its address: so that those that ended alike have one reason. */
export const alikeReason = sql<
  string | null
>`replace(${sql.ref('delivery.reason')}, ${sql.ref('delivery.address')}, ${sql.lit('…')})`

const endedAlike = (db: Db | Trx, { noticeId, channel, state, reason }: Alike) =>
  ended(db)
    .where('delivery.noticeId', '=', noticeId)
    .where('delivery.channel', '=', channel)
    .where('delivery.state', '=', state)
    .where('subscriber.closedAt', 'is', null)
    .where('subscriber.id', 'is not', null)
    .where('suppression.reason', 'is', null)
    .where('batch.nextLookAt', 'is', null)
    .where('delivery.againAt', 'is', null)
    .where((eb) => eb.or([eb('batch.state', 'is', null), eb('batch.state', 'in', ['final', 'unknown'])]))
    .where((eb) => (reason === null ? eb('delivery.reason', 'is', null) : eb(alikeReason, '=', reason)))

/** Some of those that ended alike and may be tried once more. */
export async function someEnded(trx: Trx, alike: Alike, limit: number): Promise<EndedRow[]> {
  return (await endedAlike(trx, alike).limit(limit).execute()).map(readEnded)
}

export async function countEnded(db: Db | Trx, alike: Alike): Promise<number> {
  const { count } = await db
    .selectFrom(endedAlike(db, alike).as('alike'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/**
 * Puts ended deliveries back to wait for a batch of their own, with a key of its own, and keeps how they had ended. A
 * delivery that something else has moved meanwhile is left alone. Gives the ids of those that wait now.
 */
export async function putBack(
  trx: Trx,
  now: Instant,
  rows: readonly EndedRow[],
  possibleDuplicate: boolean,
): Promise<string[]> {
  const [first] = rows
  if (!first) return []
  const ids = rows.map(({ id }) => id)
  const before = await trx.selectFrom('delivery').selectAll().where('id', 'in', ids).execute()
  const moved = await trx
    .updateTable('delivery')
    .set({
      state: 'queued',
      batchId: null,
      position: null,
      reason: null,
      providerId: null,
      sentAt: null,
      possibleDuplicate: possibleDuplicate ? 1 : 0,
      askedAt: now,
      updatedAt: now,
    })
    .where('id', 'in', ids)
    .where('state', '=', first.state)
    .returning('id')
    .execute()
  const waits = new Set(moved.map(({ id }) => id))
  const tries = before
    .filter(({ id }) => waits.has(id))
    .map(({ id, batchId, state, reason, providerId, sentAt, updatedAt }) => ({
      id: newId(),
      deliveryId: id,
      batchId,
      state,
      reason,
      providerId,
      sentAt,
      endedAt: updatedAt,
      askedAt: now,
    }))
  if (!tries.length) return []
  await trx.insertInto('earlierTry').values(tries).execute()
  await trx.updateTable('notice').set({ frozenAt: null }).where('id', '=', first.noticeId).execute()
  const left = [...new Set(tries.flatMap(({ batchId }) => batchId ?? []))]
  if (left.length)
    await trx
      .updateTable('batch')
      .set({ state: 'final', bytes: null, finalAt: now })
      .where('id', 'in', left)
      .where('state', '=', 'unknown')
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('delivery')
              .select('delivery.id')
              .whereRef('delivery.batchId', '=', 'batch.id')
              .where('delivery.state', '=', 'unknown'),
          ),
        ),
      )
      .execute()
  return [...waits]
}

/** The notice that told people of an update. */
export const noticeOf = (db: Db | Trx, incidentId: string, updateId: string) =>
  db
    .selectFrom('notice')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .where('updateId', '=', updateId)
    .orderBy('createdAt', 'desc')
    .executeTakeFirst()
