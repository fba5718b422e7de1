import type { Selectable } from 'kysely'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Schema } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
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
interface Recipient {
  id: string
  address: string
  locale: Locale
  generation: number
  /** Set when they left after the audience was fixed: the ledger then says "skipped". */
  closedAt: Instant | null
  /** Why nothing may be sent to this address, or null. */
  suppressed: string | null
}

/** Those of one choice by id: everything, or one component. Each walks an index in order, so `limit` bounds the work. */
function oneChoice(db: Db | Trx, until: Instant, reach: { channel: string; afterId: string; limit: number }) {
  const those = db
    .selectFrom('subscriber')
    .select('subscriber.id')
    .where('subscriber.channel', '=', reach.channel)
    .where('subscriber.confirmedAt', '<=', until)
    .where((eb) => eb.or([eb('subscriber.closedAt', 'is', null), eb('subscriber.closedAt', '>', until)]))
    .limit(reach.limit)
  return {
    everything: () =>
      those.where('subscriber.everything', '=', 1).where('subscriber.id', '>', reach.afterId).orderBy('subscriber.id'),
    component: (componentId: string) =>
      those
        .innerJoin('subscriberComponent', 'subscriberComponent.subscriberId', 'subscriber.id')
        .where('subscriberComponent.componentId', '=', componentId)
        .where('subscriberComponent.subscriberId', '>', reach.afterId)
        .orderBy('subscriberComponent.subscriberId'),
  }
}

/**
 * The next subscribers of an audience by id, at most `limit`: those confirmed at or before `until` whose choice is
 * reached. Those who left after `until` are among them, so that their row can say so. Call it again with the last id
 * as `afterId` ('' at first) until it gives fewer than `limit`. The work grows with `limit`, not with how many
 * subscribers there are, and however few of them are reached.
 */
export async function subscribersAfter(
  db: Db | Trx,
  reach: Reach & { until: Instant; afterId: string; limit: number },
): Promise<Recipient[]> {
  const choice = oneChoice(db, reach.until, reach)
  const [first, ...others] = [
    ...(reach.everything ? [choice.everything()] : []),
    ...reach.componentIds.map((id) => choice.component(id)),
  ].map((ids) => db.selectFrom(ids.as('chosen')).select('chosen.id'))
  if (!first) return []
  return db
    .selectFrom(others.reduce((all, some) => all.union(some), first).as('reached'))
    .innerJoin('subscriber', 'subscriber.id', 'reached.id')
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
    .orderBy('reached.id')
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

/** How many people an audience reaches now, per channel that it names. Reads indexes alone, but for the suppressed. */
export async function countAudience(db: Db | Trx, audience: Audience): Promise<Record<string, Headcount>> {
  const counts: Record<string, Headcount> = {}
  for (const [channel, { componentIds, everything }] of Object.entries(audience)) {
    const count: Headcount = { people: 0, suppressed: 0, locales: {} }
    counts[channel] = count
    const active = db
      .selectFrom('subscriber')
      .select(({ fn }) => ['subscriber.locale', fn.countAll().as('people')])
      .where('subscriber.channel', '=', channel)
      .where('subscriber.confirmedAt', 'is not', null)
      .where('subscriber.closedAt', 'is', null)
      .groupBy('subscriber.locale')
    const ofEverything = active.where('subscriber.everything', '=', 1)
    const ofComponents = active
      .where('subscriber.everything', '=', 0)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('subscriberComponent')
            .select('subscriberComponent.componentId')
            .whereRef('subscriberComponent.subscriberId', '=', 'subscriber.id')
            .where('subscriberComponent.componentId', 'in', componentIds),
        ),
      )
    for (const those of [...(everything ? [ofEverything] : []), ...(componentIds.length ? [ofComponents] : [])]) {
      const barred = await those
        .innerJoin('suppression', (join) =>
          join
            .onRef('suppression.channel', '=', 'subscriber.channel')
            .onRef('suppression.address', '=', 'subscriber.address'),
        )
        .execute()
      for (const { locale, people } of await those.execute()) {
        const suppressed = Number(barred.find((row) => row.locale === locale)?.people ?? 0)
        const told = Number(people) - suppressed
        count.suppressed += suppressed
        count.people += told
        if (told) count.locales[locale] = (count.locales[locale] ?? 0) + told
      }
    }
  }
  return counts
}

export type SubscriberRow = Selectable<Schema['subscriber']>

export const findSubscriber = (db: Db | Trx, id: string): Promise<SubscriberRow | undefined> =>
  db.selectFrom('subscriber').selectAll().where('id', '=', id).executeTakeFirst()

export const findByAddress = (db: Db | Trx, channel: string, address: string): Promise<SubscriberRow | undefined> =>
  db
    .selectFrom('subscriber')
    .selectAll()
    .where('channel', '=', channel)
    .where('address', '=', address)
    .executeTakeFirst()

/** The subscriber of an address; one that is not there yet is added, unconfirmed. Two at once get the same row. */
export async function findOrAddSubscriber(
  trx: Trx,
  now: Instant,
  wanted: { channel: string; address: string; locale: Locale },
): Promise<SubscriberRow> {
  const { channel, address, locale } = wanted
  await trx
    .insertInto('subscriber')
    .values({
      id: newId(),
      channel,
      address,
      locale,
      everything: 1,
      generation: 1,
      createdAt: now,
      confirmedAt: null,
      closedAt: null,
      closedReason: null,
      consentAt: null,
      consentWording: null,
    })
    .onConflict((oc) => oc.columns(['channel', 'address']).doNothing())
    .execute()
  return trx
    .selectFrom('subscriber')
    .selectAll()
    .where('channel', '=', channel)
    .where('address', '=', address)
    .executeTakeFirstOrThrow()
}

export const changeSubscriber = (trx: Trx, id: string, change: Partial<Omit<SubscriberRow, 'id'>>) =>
  trx.updateTable('subscriber').set(change).where('id', '=', id).execute()

export async function componentsOf(db: Db | Trx, subscriberId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('subscriberComponent')
    .select('componentId')
    .where('subscriberId', '=', subscriberId)
    .orderBy('componentId')
    .execute()
  return rows.map(({ componentId }) => componentId)
}

export async function saveComponents(trx: Trx, subscriberId: string, componentIds: readonly string[]): Promise<void> {
  await trx.deleteFrom('subscriberComponent').where('subscriberId', '=', subscriberId).execute()
  if (componentIds.length)
    await trx
      .insertInto('subscriberComponent')
      .values(componentIds.map((componentId) => ({ subscriberId, componentId })))
      .execute()
}

/** Why nothing may be sent to an address; null when something may. */
export async function suppressionOf(db: Db | Trx, channel: string, address: string): Promise<string | null> {
  const row = await db
    .selectFrom('suppression')
    .select('reason')
    .where('channel', '=', channel)
    .where('address', '=', address)
    .executeTakeFirst()
  return row?.reason ?? null
}

export const findSuppression = (db: Db | Trx, channel: string, address: string) =>
  db
    .selectFrom('suppression')
    .selectAll()
    .where('channel', '=', channel)
    .where('address', '=', address)
    .executeTakeFirst()

/** Nothing is sent to this address any more, whoever subscribes it. The first reason stays: then no row is inserted. */
export const suppress = (
  trx: Trx,
  now: Instant,
  what: { channel: string; address: string; reason: string; source: string },
) =>
  trx
    .insertInto('suppression')
    .values({ ...what, createdAt: now })
    .onConflict((oc) => oc.columns(['channel', 'address']).doNothing())
    .executeTakeFirstOrThrow()

export const liftSuppression = (trx: Trx, channel: string, address: string) =>
  trx.deleteFrom('suppression').where('channel', '=', channel).where('address', '=', address).execute()

/** Notes a callback of the SMS provider; false when it was noted before. */
export async function firstTime(trx: Trx, now: Instant, eventId: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('providerEvent')
    .values({ channel: 'sms', eventId, receivedAt: now })
    .onConflict((oc) => oc.columns(['channel', 'eventId']).doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}
