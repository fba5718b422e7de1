import type { Db, Trx } from '#api/db/connect.ts'
import type { Eligibility } from './eligibility.ts'

/** A customer who fits, with everything their share is worked out from. */
export interface Fitting {
  customerId: string
  /** The company's own number for them. */
  externalId: string
  plan: string
  monthlyFeeMinor: number | null
  currency: string | null
  minutes: number | null
  listFeeMinor: number | null
  listAmountMinor: number | null
  line: number | null
}

/**
 * The next customers who fit, by id after `afterId` ('' at first), out of at most `limit` that are looked at. `next` is
 * where to go on, null at the end: memory holds one piece, however many customers there are, and each piece costs the
 * same, because it walks one index.
 */
export async function fittingAfter(
  db: Db | Trx,
  eligibility: Eligibility,
  afterId: string,
  limit: number,
): Promise<{ fitting: Fitting[]; next: string | null }> {
  const { listId, minAffectedMinutes } = eligibility
  const nextOf = (rows: { customerId: string }[]) => (rows.length < limit ? null : rows.at(-1)!.customerId)
  if (!listId) {
    // Minutes stand in a list: without one nobody is known to have been affected for so long.
    if (minAffectedMinutes) return { fitting: [], next: null }
    const walked = customersFitting(db, eligibility).where('customer.id', '>', afterId)
    const rows = await walked.orderBy('customer.id').limit(limit).execute()
    const unlisted = { minutes: null, listFeeMinor: null, listAmountMinor: null, line: null }
    return { fitting: rows.map((row) => ({ ...row, ...unlisted })), next: nextOf(rows) }
  }
  const listed = await db
    .selectFrom('affectedCustomer')
    .select(['customerId', 'minutes', 'feeMinor as listFeeMinor', 'amountMinor as listAmountMinor', 'line'])
    .where('listId', '=', listId)
    .where('customerId', '>', afterId)
    .orderBy('customerId')
    .limit(limit)
    .execute()
  const enough = listed.filter(({ minutes }) => !minAffectedMinutes || (minutes ?? 0) >= minAffectedMinutes)
  const ids = enough.map(({ customerId }) => customerId)
  const rows = ids.length ? await customersFitting(db, eligibility).where('customer.id', 'in', ids).execute() : []
  const byId = new Map(rows.map((row) => [row.customerId, row]))
  const fitting = enough.flatMap((one) => {
    const customer = byId.get(one.customerId)
    return customer ? [{ ...customer, ...one }] : []
  })
  return { fitting, next: nextOf(listed) }
}

function customersFitting(db: Db | Trx, { componentIds, plans, regions, segments, excludeInternal }: Eligibility) {
  let fitting = db
    .selectFrom('customer')
    .select([
      'customer.id as customerId',
      'customer.externalId',
      'customer.plan',
      'customer.monthlyFeeMinor',
      'customer.currency',
    ])
    .where('customer.archivedAt', 'is', null)
  if (excludeInternal) fitting = fitting.where('customer.internalFlag', '=', 0)
  if (plans.length) fitting = fitting.where('customer.plan', 'in', plans)
  if (regions.length) fitting = fitting.where('customer.region', 'in', regions)
  if (segments.length) fitting = fitting.where('customer.segment', 'in', segments)
  if (componentIds.length)
    fitting = fitting.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('customerComponent')
          .select('customerComponent.componentId')
          .whereRef('customerComponent.customerId', '=', 'customer.id')
          .where('customerComponent.componentId', 'in', componentIds),
      ),
    )
  return fitting
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
