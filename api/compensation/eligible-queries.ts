import type { Db, Trx } from '#api/db/connect.ts'
import type { Eligibility } from './eligibility.ts'

/** A customer who fits, with everything their share is worked out from. */
export interface Fitting {
  customerId: string
  plan: string
  monthlyFeeMinor: number | null
  currency: string | null
  minutes: number | null
  listFeeMinor: number | null
  listAmountMinor: number | null
  line: number | null
}

/**
 * The next customers who fit, by id after `afterId` ('' at first), at most `limit`. Call it again with the last id until
 * it gives fewer than `limit`: memory holds one piece, however many customers there are.
 */
export function fittingAfter(
  db: Db | Trx,
  eligibility: Eligibility,
  afterId: string,
  limit: number,
): Promise<Fitting[]> {
  const { listId, componentIds, plans, regions, segments, minAffectedMinutes, excludeInternal } = eligibility
  let fitting = db
    .selectFrom('customer')
    .leftJoin('affectedCustomer', (join) =>
      join.onRef('affectedCustomer.customerId', '=', 'customer.id').on('affectedCustomer.listId', '=', listId ?? ''),
    )
    .select([
      'customer.id as customerId',
      'customer.plan',
      'customer.monthlyFeeMinor',
      'customer.currency',
      'affectedCustomer.minutes',
      'affectedCustomer.feeMinor as listFeeMinor',
      'affectedCustomer.amountMinor as listAmountMinor',
      'affectedCustomer.line',
    ])
    .where('customer.id', '>', afterId)
    .where('customer.archivedAt', 'is', null)
    .orderBy('customer.id')
    .limit(limit)
  if (listId) fitting = fitting.where('affectedCustomer.listId', 'is not', null)
  if (excludeInternal) fitting = fitting.where('customer.internalFlag', '=', 0)
  if (plans.length) fitting = fitting.where('customer.plan', 'in', plans)
  if (regions.length) fitting = fitting.where('customer.region', 'in', regions)
  if (segments.length) fitting = fitting.where('customer.segment', 'in', segments)
  if (minAffectedMinutes) fitting = fitting.where('affectedCustomer.minutes', '>=', minAffectedMinutes)
  if (componentIds.length)
    fitting = fitting.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('customerComponent')
          .select('customerComponent.componentId')
          .whereRef('customerComponent.customerId', '=', 'customer.id')
          .where('customerComponent.componentId', 'in', componentIds),
      ),
    )
  return fitting.execute()
}

/** Days of service that other offers have given these customers for a month: what a monthly cap counts. */
export async function daysGiven(
  db: Db | Trx,
  { month, exceptOfferId, customerIds }: { month: string; exceptOfferId: string; customerIds: string[] },
): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('claim')
    .innerJoin('offer', 'offer.id', 'claim.offerId')
    .select((eb) => ['claim.customerId', eb.fn.sum<number>('claim.days').as('days')])
    .where('offer.month', '=', month)
    .where('offer.id', '<>', exceptOfferId)
    .where('claim.state', 'not in', ['rejected', 'revoked', 'expired', 'exhausted'])
    .where('claim.customerId', 'in', customerIds)
    .groupBy('claim.customerId')
    .execute()
  return new Map(rows.map(({ customerId, days }) => [customerId, Number(days ?? 0)]))
}

/** The words that customers of the registry are told apart by, for a form. */
export async function kindsOfCustomers(db: Db): Promise<{ plans: string[]; regions: string[]; segments: string[] }> {
  const distinct = async (column: 'plan' | 'region' | 'segment') =>
    (
      await db
        .selectFrom('customer')
        .select(column)
        .distinct()
        .where('archivedAt', 'is', null)
        .where(column, '<>', '')
        .orderBy(column)
        .limit(200)
        .execute()
    ).map((row) => row[column])
  return { plans: await distinct('plan'), regions: await distinct('region'), segments: await distinct('segment') }
}

/** The lists of who was affected by an incident that count, the newest first. */
export const listsOfIncident = (db: Db, incidentId: string) =>
  db
    .selectFrom('affectedList')
    .select(['id', 'source', 'description', 'rows', 'createdAt'])
    .where('incidentId', '=', incidentId)
    .where('discardedAt', 'is', null)
    .orderBy('createdAt', 'desc')
    .execute()
