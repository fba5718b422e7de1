import type { Db, Trx } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'

/** A subscriber as the staff sees one. */
export interface ListedSubscriber {
  id: string
  channel: string
  address: string
  locale: Locale
  /** "pending" has not confirmed yet, "closed" has left. */
  state: 'pending' | 'active' | 'closed'
  everything: boolean
  components: string[]
  /** Why nothing may be sent to this address, or null. */
  suppressed: string | null
  createdAt: Instant
  confirmedAt: Instant | null
  closedAt: Instant | null
  closedReason: string | null
  consentAt: Instant | null
  consentWording: string | null
}

const listed = (db: Db | Trx) =>
  db
    .selectFrom('subscriber')
    .leftJoin('suppression', (join) =>
      join
        .onRef('suppression.channel', '=', 'subscriber.channel')
        .onRef('suppression.address', '=', 'subscriber.address'),
    )
    .selectAll('subscriber')
    .select('suppression.reason as suppressed')

type Row = Awaited<ReturnType<ReturnType<typeof listed>['execute']>>[number]

async function withComponents(db: Db | Trx, rows: Row[]): Promise<ListedSubscriber[]> {
  if (!rows.length) return []
  const chosen = await db
    .selectFrom('subscriberComponent')
    .selectAll()
    .where(
      'subscriberId',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('componentId')
    .execute()
  return rows.map(({ generation: _, everything, ...row }) => ({
    ...row,
    state: row.closedAt !== null ? 'closed' : row.confirmedAt !== null ? 'active' : 'pending',
    everything: everything === 1,
    components: chosen.filter(({ subscriberId }) => subscriberId === row.id).map(({ componentId }) => componentId),
  }))
}

export async function findListed(db: Db | Trx, id: string): Promise<ListedSubscriber> {
  const row = await listed(db).where('subscriber.id', '=', id).executeTakeFirstOrThrow()
  const [subscriber] = await withComponents(db, [row])
  return subscriber!
}

/** Subscribers by id; `next` is the cursor of the next page, or null. `address` is in its channel's normal form. */
export async function listSubscribers(
  db: Db,
  query: { channel?: string | undefined; addresses?: string[] | undefined; cursor?: string | undefined; limit: number },
): Promise<{ data: ListedSubscriber[]; next: string | null }> {
  let rows = listed(db)
    .orderBy('subscriber.id')
    .limit(query.limit + 1)
  if (query.channel !== undefined) rows = rows.where('subscriber.channel', '=', query.channel)
  if (query.addresses !== undefined) rows = rows.where('subscriber.address', 'in', query.addresses)
  if (query.cursor !== undefined) rows = rows.where('subscriber.id', '>', query.cursor)
  const found = await rows.execute()
  const page = found.slice(0, query.limit)
  return {
    data: await withComponents(db, page),
    next: found.length > query.limit ? (page.at(-1)?.id ?? null) : null,
  }
}
