import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'

/** Keeps what one person said on the page: a second answer takes the place of the first. */
export const saveAnswer = (trx: Trx, row: Row<'helpedAnswer'>) =>
  trx
    .insertInto('helpedAnswer')
    .values(row)
    .onConflict((oc) =>
      oc
        .columns(['incidentId', 'voter'])
        .doUpdateSet({ helped: row.helped, locale: row.locale, createdAt: row.createdAt }),
    )
    .execute()

/** Whether somebody has answered before: a change of mind counts against no limit of new answers. */
export const hasAnswered = async (db: Db | Trx, incidentId: string, voter: string): Promise<boolean> =>
  (await db
    .selectFrom('helpedAnswer')
    .select('voter')
    .where('incidentId', '=', incidentId)
    .where('voter', '=', voter)
    .executeTakeFirst()) !== undefined

export async function countHelped(db: Db | Trx, incidentId: string): Promise<{ yes: number; no: number }> {
  const rows = await db
    .selectFrom('helpedAnswer')
    .select(['helped', (eb) => eb.cast<number>(eb.fn.countAll(), 'integer').as('count')])
    .where('incidentId', '=', incidentId)
    .groupBy('helped')
    .execute()
  const of = (helped: number) => rows.find((row) => row.helped === helped)?.count ?? 0
  return { yes: of(1), no: of(0) }
}

export const findRating = (db: Db | Trx, incidentId: string, subscriberId: string) =>
  db
    .selectFrom('rating')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .where('subscriberId', '=', subscriberId)
    .executeTakeFirst()

/** Keeps one subscriber's rating: the newest counts, and when the first was given stays. */
export const saveRating = (trx: Trx, row: Row<'rating'>) =>
  trx
    .insertInto('rating')
    .values(row)
    .onConflict((oc) =>
      oc.columns(['incidentId', 'subscriberId']).doUpdateSet({
        score: row.score,
        comment: row.comment,
        locale: row.locale,
        updatedAt: row.updatedAt,
      }),
    )
    .execute()

/** How many gave which score. */
export const countScores = (db: Db | Trx, incidentId: string): Promise<{ score: number; count: number }[]> =>
  db
    .selectFrom('rating')
    .select(['score', (eb) => eb.cast<number>(eb.fn.countAll(), 'integer').as('count')])
    .where('incidentId', '=', incidentId)
    .groupBy('score')
    .orderBy('score')
    .execute()

/** The newest words beside a rating, without whose they are. */
export const listComments = (db: Db, incidentId: string, limit: number) =>
  db
    .selectFrom('rating')
    .select(['score', 'comment', 'locale', 'updatedAt'])
    .where('incidentId', '=', incidentId)
    .where('comment', 'is not', null)
    .orderBy('updatedAt', 'desc')
    .orderBy('subscriberId')
    .limit(limit)
    .$narrowType<{ comment: string }>()
    .execute()

/** To how many subscribers the link to rate an incident went: mails of its resolved words that were handed over. */
export async function countAsked(db: Db, incidentId: string): Promise<number> {
  const { count } = await db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .innerJoin('incidentUpdate', 'incidentUpdate.id', 'notice.updateId')
    .select((eb) => eb.cast<number>(eb.fn.count('delivery.subscriberId').distinct(), 'integer').as('count'))
    .where('notice.incidentId', '=', incidentId)
    .where('incidentUpdate.status', '=', 'resolved')
    .where('delivery.channel', '=', 'email')
    .where('delivery.state', 'in', ['sent', 'delivered', 'delayed', 'complained'])
    .executeTakeFirstOrThrow()
  return count
}

export const findPublication = (db: Db | Trx, incidentId: string) =>
  db.selectFrom('ratingPublication').selectAll().where('incidentId', '=', incidentId).executeTakeFirst()

/** What is shown in public of several incidents' ratings. */
export const publicationsOf = async (
  db: Db | Trx,
  incidentIds: readonly string[],
): Promise<Row<'ratingPublication'>[]> =>
  incidentIds.length
    ? db.selectFrom('ratingPublication').selectAll().where('incidentId', 'in', incidentIds).execute()
    : []

export function savePublication(trx: Trx, row: Row<'ratingPublication'>) {
  const { incidentId: _, ...shown } = row
  return trx
    .insertInto('ratingPublication')
    .values(row)
    .onConflict((oc) => oc.column('incidentId').doUpdateSet(shown))
    .execute()
}

export const dropPublication = (trx: Trx, incidentId: string) =>
  trx.deleteFrom('ratingPublication').where('incidentId', '=', incidentId).execute()
