import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import { type ClaimState, openStates } from './claim.ts'

export type NewClaim = Row<'claim'>

/** Writes claims; who has one of this offer keeps it. How many were new. */
export async function insertClaims(trx: Trx, rows: Row<'claim'>[]): Promise<number> {
  if (!rows.length) return 0
  const columns = {
    id: 'text',
    offerId: 'text',
    customerId: 'text',
    state: 'text',
    source: 'text',
    listId: 'text',
    line: 'integer',
    termsVersion: 'integer',
    minutes: 'integer',
    days: 'integer',
    amountMinor: 'bigint',
    reason: 'text',
    createdAt: 'text',
    notifiedAt: 'text',
    viewedAt: 'text',
    claimedAt: 'text',
    reviewedAt: 'text',
    reviewedBy: 'text',
    issuedAt: 'text',
    usableUntil: 'text',
    redeemedAt: 'text',
    endedAt: 'text',
  } as const
  const names = Object.keys(columns) as (keyof typeof columns)[]
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('claim')
    .columns(names)
    .expression(
      trx
        .selectFrom(tableOf(trx, 'given', columns, rows))
        .select(names.map((name) => `given.${name}` as const) as never)
        .where((eb) => eb.lit(true)) as never,
    )
    .onConflict((oc) => oc.columns(['offerId', 'customerId']).doNothing())
    .executeTakeFirst()
  return Number(numInsertedOrUpdatedRows ?? 0)
}

export const findClaim = (db: Db | Trx, id: string): Promise<Row<'claim'> | undefined> =>
  db.selectFrom('claim').selectAll().where('id', '=', id).executeTakeFirst()

/** The claim behind a link, by the hash of its secret. */
export const claimOfLink = (db: Db | Trx, secretHash: string) =>
  db
    .selectFrom('claimLink')
    .innerJoin('claim', 'claim.id', 'claimLink.claimId')
    .innerJoin('delivery', 'delivery.id', 'claimLink.deliveryId')
    .selectAll('claim')
    .select(['delivery.locale', 'claimLink.deliveryId'])
    .where('claimLink.secretHash', '=', secretHash)
    .executeTakeFirst()

/** Moves a claim on from one of these states; false when it is in none of them, as after somebody else was faster. */
export async function moveClaim(
  trx: Trx,
  id: string,
  from: readonly ClaimState[],
  change: Partial<Omit<Row<'claim'>, 'id'>> & { state: ClaimState },
): Promise<boolean> {
  const moved = await trx
    .updateTable('claim')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', from)
    .executeTakeFirst()
  return moved.numUpdatedRows > 0n
}

/** Notes the first look at a page that a link opens, by a person or by a program that reads mail. */
export const noteView = (db: Db | Trx, id: string, viewedAt: Instant) =>
  db
    .updateTable('claim')
    .set((eb) => ({
      viewedAt,
      state: eb
        .case()
        .when('state', 'in', ['eligible', 'notified'])
        .then('viewed' as const)
        .else(eb.ref('state'))
        .end(),
    }))
    .where('id', '=', id)
    .where('viewedAt', 'is', null)
    .execute()

export const useLink = (trx: Trx, secretHash: string, usedAt: Instant) =>
  trx
    .updateTable('claimLink')
    .set({ usedAt })
    .where('secretHash', '=', secretHash)
    .where('usedAt', 'is', null)
    .execute()

/**
 * Takes so much out of an offer's budget; false when it does not hold that much any more, or is not open. The one
 * statement that decides who gets the last coupon: nobody comes between looking and taking.
 */
export async function takeFromBudget(
  trx: Trx,
  offerId: string,
  { amountMinor, states }: { amountMinor: number; states: Row<'offer'>['state'][] },
): Promise<boolean> {
  const taken = await trx
    .updateTable('offer')
    .set((eb) => ({ issuedCount: eb('issuedCount', '+', 1), issuedMinor: eb('issuedMinor', '+', amountMinor) }))
    .where('id', '=', offerId)
    .where('state', 'in', states)
    .where((eb) =>
      eb.or([eb('budgetMinor', 'is', null), eb(eb('issuedMinor', '+', amountMinor), '<=', eb.ref('budgetMinor'))]),
    )
    .where((eb) => eb.or([eb('maxClaims', 'is', null), eb('issuedCount', '<', eb.ref('maxClaims'))]))
    .executeTakeFirst()
  return taken.numUpdatedRows > 0n
}

/** Adds to what an offer counts of its claims. */
export const countOn = (
  trx: Trx,
  offerId: string,
  more: Partial<
    Record<
      | 'claimCount'
      | 'claimMinor'
      | 'issuedCount'
      | 'issuedMinor'
      | 'redeemedCount'
      | 'redeemedMinor'
      | 'expiredCount'
      | 'expiredMinor',
      number
    >
  >,
) =>
  trx
    .updateTable('offer')
    .set((eb) =>
      Object.fromEntries(
        (Object.entries(more) as [keyof typeof more, number][]).map(([name, count]) => [name, eb(name, '+', count)]),
      ),
    )
    .where('id', '=', offerId)
    .execute()

/** The next claims whose time is over: never taken in an offer that has ended, at most `limit`. */
export const lapsedOpen = (trx: Trx, offerId: string, limit: number): Promise<Row<'claim'>[]> =>
  claimable(
    trx,
    trx
      .selectFrom('claim')
      .selectAll()
      .where('offerId', '=', offerId)
      .where('state', 'in', [...openStates])
      .orderBy('id')
      .limit(limit),
  ).execute()

/** The next claims that were issued and may not be used any more, at most `limit`. */
export const lapsedIssued = (trx: Trx, now: Instant, limit: number): Promise<Row<'claim'>[]> =>
  claimable(
    trx,
    trx
      .selectFrom('claim')
      .selectAll()
      .where('state', '=', 'issued')
      .where('usableUntil', '<=', now)
      .orderBy('usableUntil')
      .limit(limit),
  ).execute()

/** Ends claims as expired. */
export const expireClaims = (trx: Trx, ids: string[], endedAt: Instant) =>
  trx.updateTable('claim').set({ state: 'expired', endedAt }).where('id', 'in', ids).execute()
