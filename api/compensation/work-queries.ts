import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { type Instant, minuteMs, plusMs } from '#api/lib/time.ts'

/** How often the announcement of an open offer is made young again: news age within the hour, an offer does not. */
const youngForMs = 10 * minuteMs

/** What there is to do about offers, found with one statement and without a lock. */
export interface OfferWork {
  /** An offer whose customers are not all written down. */
  toPrepare: string | null
  /** An offer whose last day is over. */
  toEnd: string | null
  /** Something issued that may not be used any more. */
  toLapse: string | null
  /** The announcement of an offer that is open and would soon be too old to be sent. */
  toKeep: string | null
}

export const workToDo = (db: Db, now: Instant): Promise<OfferWork> =>
  db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('offer')
        .select('offer.id')
        .where('offer.state', '=', 'live')
        .where('offer.preparedAt', 'is', null)
        .limit(1)
        .as('toPrepare'),
      eb
        .selectFrom('offer')
        .select('offer.id')
        .where('offer.state', 'in', ['live', 'paused'])
        .where('offer.claimUntil', '<=', now)
        .limit(1)
        .as('toEnd'),
      eb
        .selectFrom('claim')
        .select('claim.id')
        .where('claim.state', '=', 'issued')
        .where('claim.usableUntil', '<=', now)
        .limit(1)
        .as('toLapse'),
      eb
        .selectFrom('offer')
        .innerJoin('notice', 'notice.id', 'offer.noticeId')
        .select('notice.id')
        .where('offer.state', '=', 'live')
        .where('notice.heldAt', 'is', null)
        .where('notice.endedAt', 'is', null)
        .where('notice.dueAt', '<=', plusMs(now, -youngForMs))
        .where((of) =>
          of.or([
            of('notice.frozenAt', 'is', null),
            of.exists(
              of
                .selectFrom('batch')
                .select('batch.id')
                .whereRef('batch.noticeId', '=', 'notice.id')
                .where('batch.state', 'in', ['ready', 'sending']),
            ),
          ]),
        )
        .limit(1)
        .as('toKeep'),
    ])
    .executeTakeFirstOrThrow()

/** The next moment at which time alone changes an offer or a claim; null when none does. */
export async function nextOfferChange(db: Db): Promise<Instant | null> {
  const { ends, lapses } = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('offer')
        .select((of) => of.fn.min('offer.claimUntil').as('at'))
        .where('offer.state', 'in', ['live', 'paused'])
        .as('ends'),
      eb
        .selectFrom('claim')
        .select((of) => of.fn.min('claim.usableUntil').as('at'))
        .where('claim.state', '=', 'issued')
        .as('lapses'),
    ])
    .executeTakeFirstOrThrow()
  return [ends, lapses].filter((at) => at !== null).sort()[0] ?? null
}

/** Moves on how far an offer's customers are written down; false when another worker came first, or it is not live. */
export async function movePrepared(
  trx: Trx,
  { id, preparedCursor }: Pick<Row<'offer'>, 'id' | 'preparedCursor'>,
  change: Partial<Pick<Row<'offer'>, 'preparedCursor' | 'preparedAt' | 'noticeId'>>,
): Promise<boolean> {
  const moved = await trx
    .updateTable('offer')
    .set(change)
    .where('id', '=', id)
    .where('preparedCursor', '=', preparedCursor)
    .where('preparedAt', 'is', null)
    .where('state', '=', 'live')
    .executeTakeFirst()
  return moved.numUpdatedRows > 0n
}

export const keepYoung = (db: Db, noticeId: string, now: Instant) =>
  db.updateTable('notice').set({ dueAt: now }).where('id', '=', noticeId).where('dueAt', '<', now).execute()
