import type { Db, Trx } from '#api/db/connect.ts'
import type { NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** Opens a review unless the incident has one; tells whether it did. */
export async function addReview(
  trx: Trx,
  review: Pick<Row<'review'>, 'id' | 'incidentId' | 'openedAt' | 'openedBy'>,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('review')
    .values({
      ...review,
      state: 'open',
      meetingAt: null,
      causeCategory: null,
      closedAt: null,
      closedBy: null,
      closedReason: null,
      reportUpdateId: null,
      reportVersionId: null,
      reportPublishedAt: null,
    })
    .onConflict((oc) => oc.column('incidentId').doNothing())
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

export const findReview = (db: Db | Trx, incidentId: string): Promise<Row<'review'> | undefined> =>
  db.selectFrom('review').selectAll().where('incidentId', '=', incidentId).executeTakeFirst()

/** Reads a review and holds it until the transaction ends, so that two people take turns. */
export const holdReview = (trx: Trx, incidentId: string): Promise<Row<'review'> | undefined> =>
  trx
    .updateTable('review')
    .set((eb) => ({ state: eb.ref('state') }))
    .where('incidentId', '=', incidentId)
    .returningAll()
    .executeTakeFirst()

export const saveReview = (trx: Trx, { id, ...row }: Row<'review'>) =>
  trx.updateTable('review').set(row).where('id', '=', id).execute()

/** The newest text of each section. */
export async function textsOf(db: Db | Trx, reviewId: string): Promise<Row<'reviewText'>[]> {
  const rows = await versionsOfTexts(db, reviewId)
  return [...new Map(rows.map((row) => [row.section, row])).values()]
}

/** Every saved text, oldest first. */
export const versionsOfTexts = (db: Db | Trx, reviewId: string): Promise<Row<'reviewText'>[]> =>
  db
    .selectFrom('reviewText')
    .selectAll()
    .where('reviewId', '=', reviewId)
    .orderBy('section')
    .orderBy('number')
    .execute()

export const insertText = (trx: Trx, row: NewRow<'reviewText'>) => trx.insertInto('reviewText').values(row).execute()

/** Factors that stand, oldest first. */
export const factorsOf = (db: Db | Trx, reviewId: string): Promise<Row<'reviewFactor'>[]> =>
  db
    .selectFrom('reviewFactor')
    .selectAll()
    .where('reviewId', '=', reviewId)
    .where('removedAt', 'is', null)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()

export const insertFactor = (trx: Trx, row: NewRow<'reviewFactor'>) =>
  trx.insertInto('reviewFactor').values(row).execute()

export const removeFactor = (trx: Trx, id: string, removedAt: Instant, removedBy: string) =>
  trx.updateTable('reviewFactor').set({ removedAt, removedBy }).where('id', '=', id).execute()

export const actionsOf = (db: Db | Trx, reviewId: string): Promise<Row<'reviewAction'>[]> =>
  db
    .selectFrom('reviewAction')
    .selectAll()
    .where('reviewId', '=', reviewId)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()

export const insertAction = (trx: Trx, row: NewRow<'reviewAction'>) =>
  trx.insertInto('reviewAction').values(row).execute()

export const saveAction = (trx: Trx, { id, ...row }: Row<'reviewAction'>) =>
  trx.updateTable('reviewAction').set(row).where('id', '=', id).execute()

/** The public versions of a review, oldest first. */
export const reportVersionsOf = (db: Db | Trx, reviewId: string): Promise<Row<'reportVersion'>[]> =>
  db.selectFrom('reportVersion').selectAll().where('reviewId', '=', reviewId).orderBy('number').execute()

export const insertReportVersion = (trx: Trx, row: NewRow<'reportVersion'>) =>
  trx.insertInto('reportVersion').values(row).execute()

/** What was said of the versions of a review, oldest first. */
export const verdictsOf = (db: Db | Trx, reviewId: string): Promise<Row<'reportVerdict'>[]> =>
  db
    .selectFrom('reportVerdict')
    .innerJoin('reportVersion', 'reportVersion.id', 'reportVerdict.versionId')
    .selectAll('reportVerdict')
    .where('reportVersion.reviewId', '=', reviewId)
    .orderBy('reportVerdict.createdAt')
    .orderBy('reportVersion.number')
    .orderBy('reportVerdict.id')
    .execute()

export const insertVerdict = (trx: Trx, row: NewRow<'reportVerdict'>) =>
  trx.insertInto('reportVerdict').values(row).execute()

/** What a list of reviews shows of each, and of its incident. */
export type ListedReview = Pick<Row<'review'>, 'id' | 'incidentId' | 'state' | 'openedAt' | 'meetingAt'> &
  Pick<Row<'review'>, 'reportPublishedAt' | 'closedAt'> &
  Pick<Row<'incident'>, 'title' | 'severity' | 'resolvedAt'>

/** Reviews that are closed, the latest first, or not, the longest open first. */
export const listReviews = (db: Db, { closed, limit }: { closed: boolean; limit: number }): Promise<ListedReview[]> =>
  db
    .selectFrom('review')
    .innerJoin('incident', 'incident.id', 'review.incidentId')
    .select(['review.id', 'review.incidentId', 'review.state', 'review.openedAt', 'review.meetingAt'])
    .select(['review.reportPublishedAt', 'review.closedAt'])
    .select(['incident.title', 'incident.severity', 'incident.resolvedAt'])
    .where('review.state', closed ? '=' : '!=', 'closed')
    .orderBy(closed ? 'review.closedAt' : 'review.openedAt', closed ? 'desc' : 'asc')
    .orderBy('review.id')
    .limit(limit)
    .execute()

export type ListedAction = Row<'reviewAction'> & { incidentId: string; title: string }

/** Actions that are still to be done, the soonest due first, those without a day last. */
export const openActions = (db: Db, limit: number): Promise<ListedAction[]> =>
  db
    .selectFrom('reviewAction')
    .innerJoin('review', 'review.id', 'reviewAction.reviewId')
    .innerJoin('incident', 'incident.id', 'review.incidentId')
    .selectAll('reviewAction')
    .select(['review.incidentId', 'incident.title'])
    .where('reviewAction.state', '=', 'open')
    .orderBy((eb) => eb.case().when('reviewAction.dueOn', 'is', null).then(1).else(0).end())
    .orderBy('reviewAction.dueOn')
    .orderBy('reviewAction.id')
    .limit(limit)
    .execute()
