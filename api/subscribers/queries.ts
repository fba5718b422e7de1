import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Schema } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Audience } from '#api/notices/audience.ts'
import type { Locale } from '#content/locales.ts'

/** Whose choice makes them hear on one channel. */
export interface Reach {
  channel: string
  /** Those who chose one of these components … */
  componentIds: readonly string[]
  /** … and, when set, those who chose everything. */
  everything: boolean
}

/** One subscriber as the fan-out needs them. */
export interface Recipient {
  id: string
  address: string
  locale: Locale
  generation: number
  /** Set when they left after the audience was fixed: the ledger then says "skipped". */
  closedAt: Instant | null
  /** Why nothing may be sent to this address, or null. */
  suppressed: string | null
}

const chose =
  ({ componentIds, everything }: Omit<Reach, 'channel'>) =>
  (eb: ExpressionBuilder<Schema, 'subscriber'>): Expression<SqlBool> => {
    const ways: Expression<SqlBool>[] = []
    if (everything) ways.push(eb('subscriber.everything', '=', 1))
    if (componentIds.length)
      ways.push(
        eb.exists(
          eb
            .selectFrom('subscriberComponent')
            .select(sql<number>`1`.as('one'))
            .whereRef('subscriberComponent.subscriberId', '=', 'subscriber.id')
            .where('subscriberComponent.componentId', 'in', componentIds),
        ),
      )
    return eb.or(ways)
  }

/**
 * The next subscribers of an audience by id, at most `limit`: those confirmed at or before `until` whose choice is
 * reached. Those who left after `until` are among them, so that their row can say so. Call it again with the last id
 * as `afterId` ('' at first) until it gives fewer than `limit`. It walks the index (channel, id) and sorts nothing.
 */
export async function subscribersAfter(
  db: Db | Trx,
  reach: Reach & { until: Instant; afterId: string; limit: number },
): Promise<Recipient[]> {
  if (!reach.everything && !reach.componentIds.length) return []
  return db
    .selectFrom('subscriber')
    .leftJoin('suppression', (join) =>
      join
        .onRef('suppression.channel', '=', 'subscriber.channel')
        .onRef('suppression.address', '=', 'subscriber.address'),
    )
    .select([
      'subscriber.id',
      'subscriber.address',
      'subscriber.locale',
      'subscriber.generation',
      'subscriber.closedAt',
      'suppression.reason as suppressed',
    ])
    .where('subscriber.channel', '=', reach.channel)
    .where('subscriber.id', '>', reach.afterId)
    .where('subscriber.confirmedAt', '<=', reach.until)
    .where((eb) => eb.or([eb('subscriber.closedAt', 'is', null), eb('subscriber.closedAt', '>', reach.until)]))
    .where(chose(reach))
    .orderBy('subscriber.id')
    .limit(reach.limit)
    .execute()
}

export interface Headcount {
  /** Who will be told. */
  people: number
  /** Who chose to be told but whose address nothing may be sent to; not among `people`. */
  suppressed: number
  /** `people` by language; a language nobody reads is left out. */
  locales: Partial<Record<Locale, number>>
}

/** How many people an audience reaches now, per channel that it names. */
export async function countAudience(db: Db | Trx, audience: Audience): Promise<Record<string, Headcount>> {
  const counts: Record<string, Headcount> = {}
  for (const [channel, reach] of Object.entries(audience)) {
    const count: Headcount = { people: 0, suppressed: 0, locales: {} }
    counts[channel] = count
    if (!reach.everything && !reach.componentIds.length) continue
    const rows = await db
      .selectFrom('subscriber')
      .leftJoin('suppression', (join) =>
        join
          .onRef('suppression.channel', '=', 'subscriber.channel')
          .onRef('suppression.address', '=', 'subscriber.address'),
      )
      .select(({ fn }) => [
        'subscriber.locale',
        fn.countAll().as('all'),
        fn.count('suppression.address').as('suppressed'),
      ])
      .where('subscriber.channel', '=', channel)
      .where('subscriber.confirmedAt', 'is not', null)
      .where('subscriber.closedAt', 'is', null)
      .where(chose(reach))
      .groupBy('subscriber.locale')
      .execute()
    for (const row of rows) {
      const suppressed = Number(row.suppressed)
      const people = Number(row.all) - suppressed
      count.suppressed += suppressed
      count.people += people
      if (people) count.locales[row.locale] = people
    }
  }
  return counts
}
