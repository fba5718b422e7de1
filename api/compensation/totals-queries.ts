import type { Db } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import type { ClaimState } from './claim.ts'

/** How many claims of an offer stand where, and what they come to: counted from the rows. */
export async function countClaims(
  db: Db,
  offerId: string,
): Promise<{ state: ClaimState; count: number; amountMinor: number }[]> {
  const rows = await db
    .selectFrom('claim')
    .select((eb) => ['state', eb.fn.countAll<number>().as('count'), eb.fn.sum<number>('amountMinor').as('amountMinor')])
    .where('offerId', '=', offerId)
    .groupBy('state')
    .execute()
  return rows.map((row) => ({ state: row.state, count: Number(row.count), amountMinor: Number(row.amountMinor ?? 0) }))
}

/** One line of the list of claims. */
export interface ClaimLine {
  id: string
  customerId: string
  externalId: string
  customerName: string
  plan: string
  state: ClaimState
  source: Row<'claim'>['source']
  listId: string | null
  line: number | null
  minutes: number | null
  days: number | null
  amountMinor: number
  reason: string | null
  createdAt: string
  notifiedAt: string | null
  viewedAt: string | null
  claimedAt: string | null
  issuedAt: string | null
  redeemedAt: string | null
  endedAt: string | null
  usableUntil: string | null
  codeHint: string | null
}

/** The claims of an offer by id, after the last one seen ('' at first). */
export function listClaims(
  db: Db,
  asked: {
    offerId: string
    state?: ClaimState | undefined
    customer?: string | undefined
    after: string
    limit: number
  },
): Promise<ClaimLine[]> {
  let lines = db
    .selectFrom('claim')
    .innerJoin('customer', 'customer.id', 'claim.customerId')
    .leftJoin('redemptionCode', 'redemptionCode.claimId', 'claim.id')
    .select([
      'claim.id',
      'claim.customerId',
      'customer.externalId',
      'customer.name as customerName',
      'customer.plan',
      'claim.state',
      'claim.source',
      'claim.listId',
      'claim.line',
      'claim.minutes',
      'claim.days',
      'claim.amountMinor',
      'claim.reason',
      'claim.createdAt',
      'claim.notifiedAt',
      'claim.viewedAt',
      'claim.claimedAt',
      'claim.issuedAt',
      'claim.redeemedAt',
      'claim.endedAt',
      'claim.usableUntil',
      'redemptionCode.hint as codeHint',
    ])
    .where('claim.offerId', '=', asked.offerId)
    .where('claim.id', '>', asked.after)
    .orderBy('claim.id')
    .limit(asked.limit)
  if (asked.state) lines = lines.where('claim.state', '=', asked.state)
  if (asked.customer) lines = lines.where('customer.externalId', '=', asked.customer)
  return lines.execute()
}

/**
 * The next claims that were issued, with their sealed codes, by customer after `after`: what billing's file is made of.
 * The page is cut first, along the index of an offer's customers, and only then joined to what belongs to it.
 */
export const issuedPage = (db: Db, offerId: string, after: string, limit: number) =>
  db
    .selectFrom((eb) =>
      eb
        .selectFrom('claim')
        .select(['id', 'customerId', 'state', 'amountMinor', 'days', 'issuedAt'])
        .where('offerId', '=', offerId)
        .where('issuedAt', 'is not', null)
        .where('customerId', '>', after)
        .orderBy('customerId')
        .limit(limit)
        .as('page'),
    )
    .innerJoin('customer', 'customer.id', 'page.customerId')
    .leftJoin('redemptionCode', 'redemptionCode.claimId', 'page.id')
    .selectAll('page')
    .select(['customer.externalId', 'redemptionCode.code'])
    .orderBy('page.customerId')
    .execute()

/** How many deliveries of an offer's announcement stand where, by channel. */
export async function countTold(
  db: Db,
  noticeId: string,
): Promise<{ channel: string; state: string; count: number }[]> {
  const rows = await db
    .selectFrom('delivery')
    .select((eb) => ['channel', 'state', eb.fn.countAll<number>().as('count')])
    .where('noticeId', '=', noticeId)
    .groupBy(['channel', 'state'])
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/** How many customers an incident affected by a list that counts, each once. */
export async function countAffected(db: Db, incidentId: string): Promise<number> {
  const { count } = await db
    .selectFrom('affectedCustomer')
    .innerJoin('affectedList', 'affectedList.id', 'affectedCustomer.listId')
    .select((eb) => eb.fn.count<number>('affectedCustomer.customerId').distinct().as('count'))
    .where('affectedList.incidentId', '=', incidentId)
    .where('affectedList.discardedAt', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Every offer there is, by id: what a recount walks. */
export const everyOffer = (db: Db): Promise<Row<'offer'>[]> =>
  db.selectFrom('offer').selectAll().orderBy('id').execute()

/** What must agree of codes and billing with the claims of an offer, each counted from its own rows. */
export async function crossCounts(db: Db, offerId: string) {
  const number = async (query: { executeTakeFirstOrThrow(): Promise<{ count: number }> }) =>
    Number((await query.executeTakeFirstOrThrow()).count)
  const codes = db.selectFrom('redemptionCode').where('redemptionCode.offerId', '=', offerId)
  const claims = db.selectFrom('claim').where('claim.offerId', '=', offerId)
  return {
    /** Issued coupons without a code. */
    withoutCode: await number(
      claims
        .leftJoin('redemptionCode', 'redemptionCode.claimId', 'claim.id')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('claim.issuedAt', 'is not', null)
        .where('redemptionCode.id', 'is', null),
    ),
    /** Codes that are given to a claim which was never issued. */
    strayCodes: await number(
      codes
        .leftJoin('claim', 'claim.id', 'redemptionCode.claimId')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('redemptionCode.state', 'in', ['assigned', 'redeemed'])
        .where((eb) => eb.or([eb('claim.id', 'is', null), eb('claim.issuedAt', 'is', null)])),
    ),
    /** Claims that were issued and billing is not told of. */
    withoutExport: await number(
      claims
        .leftJoin('billingExport', 'billingExport.key', 'claim.id')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('claim.issuedAt', 'is not', null)
        .where('billingExport.key', 'is', null),
    ),
    /** What billing is told of claims that were never issued. */
    strayExports: await number(
      db
        .selectFrom('billingExport')
        .innerJoin('claim', 'claim.id', 'billingExport.claimId')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('billingExport.offerId', '=', offerId)
        .where('claim.issuedAt', 'is', null),
    ),
  }
}
