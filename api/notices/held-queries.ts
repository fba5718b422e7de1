import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import type { DeliveryState, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** Notices announced before an instant of which something may still go out, and against which nothing stands. */
const stillOpen = (db: Db | Trx, before: Instant) =>
  db
    .selectFrom('notice')
    .selectAll()
    .where('heldAt', 'is', null)
    .where('endedAt', 'is', null)
    .where('createdAt', '<', before)
    .where((eb) =>
      eb.or([
        eb('frozenAt', 'is', null),
        eb(
          'id',
          'in',
          eb.selectFrom('batch').select('batch.noticeId').where('batch.state', 'in', ['ready', 'sending']),
        ),
      ]),
    )

/** Notices to many that may still go out. */
export const openToMany = (db: Db | Trx, before: Instant): Promise<Row<'notice'>[]> =>
  stillOpen(db, before)
    .where((eb) => eb.or([eb('seq', 'is not', null), eb('foldKey', 'is not', null)]))
    .orderBy('createdAt')
    .execute()

/** Messages to one person that may still go out. */
export const openToOne = (db: Db | Trx, before: Instant): Promise<Row<'notice'>[]> =>
  stillOpen(db, before).where('seq', 'is', null).where('foldKey', 'is', null).execute()

const beatKey = 'workerSeenAt'

/** When the worker last wrote down that it works; null when it never did. */
export const lastBeat = async (db: Db | Trx): Promise<Instant | null> =>
  (await db.selectFrom('meta').select('value').where('key', '=', beatKey).executeTakeFirst())?.value ?? null

export const saveBeat = (db: Db | Trx, value: Instant) =>
  db
    .insertInto('meta')
    .values({ key: beatKey, value })
    .onConflict((oc) => oc.column('key').doUpdateSet({ value }))
    .execute()

/** Holds a notice until a person decides; false when something stands against it already. */
export async function holdNotice(
  trx: Trx,
  id: string,
  hold: { heldAt: Instant; heldReason: string },
): Promise<boolean> {
  const held = await trx
    .updateTable('notice')
    .set(hold)
    .where('id', '=', id)
    .where('heldAt', 'is', null)
    .where('endedAt', 'is', null)
    .executeTakeFirst()
  return held.numUpdatedRows > 0n
}

export const saveNotice = (
  trx: Trx,
  id: string,
  change: Partial<
    Pick<
      Row<'notice'>,
      | 'heldAt'
      | 'heldReason'
      | 'endedAt'
      | 'endedReason'
      | 'bouncesSeen'
      | 'outcomesSeen'
      | 'frozenAt'
      | 'expiresAt'
      | 'dueAt'
    >
  >,
) => trx.updateTable('notice').set(change).where('id', '=', id).execute()

/** Reads a notice and holds its row until the transaction ends, so that two decisions about it take turns. */
export const lockNotice = (trx: Trx, id: string) =>
  trx
    .updateTable('notice')
    .set((eb) => ({ heldAt: eb.ref('heldAt') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

/** How many deliveries of a notice bounced on a channel. */
export async function countBounced(db: Db | Trx, noticeId: string, channel: string): Promise<number> {
  const { count } = await db
    .selectFrom('delivery')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('noticeId', '=', noticeId)
    .where('channel', '=', channel)
    .where('state', '=', 'bounced')
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** How many deliveries of a notice stand where, per channel. */
export async function countStates(
  db: Db | Trx,
  noticeId: string,
): Promise<{ channel: string; state: DeliveryState; count: number }[]> {
  const rows = await db
    .selectFrom('delivery')
    .select((eb) => ['channel', 'state', eb.fn.countAll<number>().as('count')])
    .where('noticeId', '=', noticeId)
    .groupBy(['channel', 'state'])
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/** A notice that waits for a person, with what became of its deliveries so far. */
export interface HeldNotice {
  id: string
  kind: string
  incidentId: string | null
  updateId: string | null
  createdAt: Instant
  heldAt: Instant
  heldReason: string
  counts: { channel: string; state: DeliveryState; count: number }[]
}

export async function countHeld(db: Db | Trx): Promise<number> {
  const { count } = await db
    .selectFrom('notice')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('heldAt', 'is not', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Every notice that is held until a person lets it go on or ends it, the oldest first. */
export async function heldNotices(db: Db): Promise<HeldNotice[]> {
  const notices = await db
    .selectFrom('notice')
    .select(['id', 'kind', 'incidentId', 'updateId', 'createdAt', 'heldAt', 'heldReason'])
    .where('heldAt', 'is not', null)
    .orderBy('createdAt')
    .execute()
  return Promise.all(
    notices.map(async (notice) => ({
      ...notice,
      heldAt: notice.heldAt ?? notice.createdAt,
      heldReason: notice.heldReason ?? '',
      counts: await countStates(db, notice.id),
    })),
  )
}

/** A batch of a channel that is to end before it is sent: its notice was ended, or it is too old. Nobody holds it. */
export function batchToEnd(
  db: Db | Trx,
  channel: string,
  before: Instant,
  now: Instant,
): Promise<Row<'batch'> | undefined> {
  const query = db
    .selectFrom('batch')
    .selectAll()
    .where('channel', '=', channel)
    .where((eb) =>
      eb.or([eb('state', '=', 'ready'), eb.and([eb('state', '=', 'sending'), eb('leaseUntil', '<=', now)])]),
    )
    .where((eb) =>
      eb(
        'noticeId',
        'in',
        eb
          .selectFrom('notice')
          .select('notice.id')
          .where((of) =>
            of.or([
              of.and([
                of('endedAt', 'is not', null),
                of.or([of('batch.askedAt', 'is', null), of('batch.askedAt', '<', of.ref('endedAt'))]),
              ]),
              of.and([of('batch.askedAt', 'is', null), of('expiresAt', '<=', now)]),
              of(of.fn.coalesce('batch.askedAt', 'dueAt', 'notice.createdAt'), '<=', before),
            ]),
          ),
      ),
    )
    .limit(1)
  return claimable(db, query).executeTakeFirst()
}
