import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'

/** The longest list of what is not decided; more than this nobody works through at once. */
const undecidedMax = 50

export const findOffer = (db: Db | Trx, id: string): Promise<Row<'offer'> | undefined> =>
  db.selectFrom('offer').selectAll().where('id', '=', id).executeTakeFirst()

/** Reads an offer and holds its row until the transaction ends: decisions about one offer take turns. */
export const holdOffer = (trx: Trx, id: string): Promise<Row<'offer'> | undefined> =>
  trx
    .updateTable('offer')
    .set((eb) => ({ state: eb.ref('state') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export const insertOffer = (
  trx: Trx,
  row: Omit<
    Row<'offer'>,
    | 'claimCount'
    | 'claimMinor'
    | 'issuedCount'
    | 'issuedMinor'
    | 'redeemedCount'
    | 'redeemedMinor'
    | 'expiredCount'
    | 'expiredMinor'
  >,
) =>
  trx
    .insertInto('offer')
    .values({
      ...row,
      claimCount: 0,
      claimMinor: 0,
      issuedCount: 0,
      issuedMinor: 0,
      redeemedCount: 0,
      redeemedMinor: 0,
      expiredCount: 0,
      expiredMinor: 0,
    })
    .execute()

export const saveOffer = (trx: Trx, id: string, change: Partial<Omit<Row<'offer'>, 'id'>>) =>
  trx.updateTable('offer').set(change).where('id', '=', id).execute()

/** The offers of an incident, the oldest first. */
export const offersOfIncident = (db: Db | Trx, incidentId: string): Promise<Row<'offer'>[]> =>
  db.selectFrom('offer').selectAll().where('incidentId', '=', incidentId).orderBy('createdAt').orderBy('id').execute()

/** Offers of all incidents that wait for approval, or for whoever lets them go live; the oldest first. */
export const undecidedOffers = (db: Db): Promise<Row<'offer'>[]> =>
  db
    .selectFrom('offer')
    .selectAll()
    .where('state', 'in', ['pending_approval', 'approved'])
    .orderBy('createdAt')
    .orderBy('id')
    .limit(undecidedMax)
    .execute()

export const incidentExists = async (db: Db | Trx, id: string): Promise<boolean> =>
  (await db.selectFrom('incident').select('id').where('id', '=', id).executeTakeFirst()) !== undefined

export const insertTerms = (trx: Trx, row: Row<'offerTerms'>) => trx.insertInto('offerTerms').values(row).execute()

/** The versions of an offer's words, the newest first. */
export const termsOf = (db: Db | Trx, offerId: string): Promise<Row<'offerTerms'>[]> =>
  db.selectFrom('offerTerms').selectAll().where('offerId', '=', offerId).orderBy('version', 'desc').execute()

export const termsAt = (db: Db | Trx, offerId: string, version: number): Promise<Row<'offerTerms'>> =>
  db
    .selectFrom('offerTerms')
    .selectAll()
    .where('offerId', '=', offerId)
    .where('version', '=', version)
    .executeTakeFirstOrThrow()

export const insertApproval = (trx: Trx, row: Row<'offerApproval'>) =>
  trx.insertInto('offerApproval').values(row).execute()

/** Every decision about an offer, the oldest first. */
export const approvalsOf = (db: Db | Trx, offerId: string): Promise<Row<'offerApproval'>[]> =>
  db.selectFrom('offerApproval').selectAll().where('offerId', '=', offerId).orderBy('createdAt').orderBy('id').execute()

/** Makes void what was approved of an offer. How many approvals that were. */
export const voidApprovals = async (trx: Trx, offerId: string, voidedAt: string): Promise<number> =>
  Number(
    (
      await trx
        .updateTable('offerApproval')
        .set({ voidedAt })
        .where('offerId', '=', offerId)
        .where('voidedAt', 'is', null)
        .executeTakeFirst()
    ).numUpdatedRows,
  )

/** A list of who was affected that still counts. */
export const findList = (db: Db | Trx, id: string): Promise<Row<'affectedList'> | undefined> =>
  db.selectFrom('affectedList').selectAll().where('id', '=', id).where('discardedAt', 'is', null).executeTakeFirst()
