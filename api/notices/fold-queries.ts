import type { Db, Trx } from '#api/db/connect.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** Announcements that are looked at for a cap, at the most: nobody announces as many within a day. */
const lookedAtMax = 200

/** Notices to many that were announced since, but for this one. */
export async function announcedSince(
  db: Db | Trx,
  since: Instant,
  exceptId: string,
): Promise<Pick<Row<'notice'>, 'id' | 'createdAt'>[]> {
  const rows = await db
    .selectFrom('notice')
    .select(['id', 'createdAt'])
    .where('seq', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(lookedAtMax)
    .execute()
  return rows.filter(({ id, createdAt }) => id !== exceptId && createdAt > since)
}

/** How many of these notices each of these subscribers was sent on a channel since, or will be sent next. */
export async function countTold(
  db: Db | Trx,
  where: { noticeIds: string[]; channel: string; subscriberIds: string[]; since: Instant },
): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('delivery')
    .select((eb) => ['subscriberId', eb.fn.countAll<number>().as('count')])
    .where('noticeId', 'in', where.noticeIds)
    .where('channel', '=', where.channel)
    .where('subscriberId', 'in', where.subscriberIds)
    .where((eb) =>
      eb.or([
        eb('sentAt', '>', where.since),
        eb.and([eb('state', 'in', ['queued', 'sending']), eb('batchId', 'is not', null)]),
        eb.and([eb('state', '=', 'unknown'), eb('updatedAt', '>', where.since)]),
      ]),
    )
    .groupBy('subscriberId')
    .execute()
  return new Map(rows.map(({ subscriberId, count }) => [subscriberId, Number(count)]))
}

/** The messages into which notices to these subscribers were folded, due after an instant. */
export const foldsSince = (
  db: Db | Trx,
  where: { channel: string; since: Instant; subscriberIds: string[] },
): Promise<(Pick<Row<'delivery'>, 'id' | 'subscriberId' | 'state' | 'batchId'> & { dueAt: Instant | null })[]> =>
  db
    .selectFrom('notice')
    .innerJoin('delivery', 'delivery.noticeId', 'notice.id')
    .select(['delivery.id', 'delivery.subscriberId', 'delivery.state', 'delivery.batchId', 'notice.dueAt'])
    .where('notice.foldKey', '>', `${where.channel} ${where.since}`)
    .where('notice.foldKey', '<', `${where.channel}!`)
    .where('delivery.channel', '=', where.channel)
    .where('delivery.subscriberId', 'in', where.subscriberIds)
    .orderBy('notice.dueAt')
    .execute()

/** The notice with this key, made when there is none, and open for one more delivery. Gives its id. */
export async function openFold(trx: Trx, row: NewRow<'notice'> & { foldKey: string }): Promise<string> {
  await trx
    .insertInto('notice')
    .values(row)
    .onConflict((oc) => oc.column('foldKey').doUpdateSet({ frozenAt: null }))
    .execute()
  const { id } = await trx
    .selectFrom('notice')
    .select('id')
    .where('foldKey', '=', row.foldKey)
    .executeTakeFirstOrThrow()
  return id
}

/** Writes the delivery of a fold unless there is one, and holds it. Gives its id; null when it is in a batch already. */
export async function openFoldDelivery(trx: Trx, row: NewRow<'delivery'>): Promise<string | null> {
  await trx
    .insertInto('delivery')
    .values(row)
    .onConflict((oc) => oc.columns(['noticeId', 'channel', 'subscriberId']).doNothing())
    .execute()
  const held = await trx
    .updateTable('delivery')
    .set({ updatedAt: row.updatedAt })
    .where('noticeId', '=', row.noticeId)
    .where('channel', '=', row.channel)
    .where('subscriberId', '=', row.subscriberId)
    .where('state', '=', 'queued')
    .where('batchId', 'is', null)
    .returning('id')
    .executeTakeFirst()
  return held?.id ?? null
}

/** Says of a delivery that waits that another message tells it too; false when it waits no more. */
export async function foldInto(
  trx: Trx,
  id: string,
  change: { foldedInto: string; reason: string; updatedAt: Instant },
): Promise<boolean> {
  const folded = await trx
    .updateTable('delivery')
    .set({ ...change, state: 'superseded' })
    .where('id', '=', id)
    .where('state', '=', 'queued')
    .where('batchId', 'is', null)
    .executeTakeFirst()
  return folded.numUpdatedRows > 0n
}

/** What is folded into these deliveries, the oldest first. What a person ended is not told after all. */
export const foldedIn = (
  db: Db | Trx,
  foldIds: string[],
): Promise<{ id: string; foldedInto: string | null; noticeId: string }[]> =>
  db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .select(['delivery.id', 'delivery.foldedInto', 'delivery.noticeId'])
    .where('delivery.foldedInto', 'in', foldIds)
    .where('notice.endedAt', 'is', null)
    .orderBy('notice.createdAt')
    .orderBy('notice.seq')
    .execute()
