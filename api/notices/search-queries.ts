import type { Db } from '#api/db/connect.ts'
import type { DeliveryState, Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { deliveriesTo } from './address-queries.ts'

/**
 * One thing that happened to a delivery. "written": its row was; "attempt": it was handed to the provider, `state` being
 * the attempt's outcome, null while it runs; "receipt": the provider said something of it; "ended": how it stood when
 * a person, at "asked", wanted one more attempt.
 */
export interface Moment {
  at: Instant
  what: 'written' | 'attempt' | 'receipt' | 'ended' | 'asked'
  state: string | null
  reason: string | null
}

/** One message to an address, of whatever kind, with its incident when it is about one. */
export interface FoundDelivery {
  id: string
  kind: string
  incidentId: string | null
  title: Words | null
  updateId: string | null
  updateNumber: number | null
  channel: string
  address: string
  state: DeliveryState
  reason: string | null
  possibleDuplicate: boolean
  providerId: string | null
  batchId: string | null
  createdAt: Instant
  updatedAt: Instant
  sentAt: Instant | null
}

/** Every message to these addresses, the newest first. */
export async function findDeliveries(
  db: Db,
  addresses: string[],
  before: { instant: Instant; id: string } | null,
  limit: number,
): Promise<FoundDelivery[]> {
  let found = db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .leftJoin('incident', 'incident.id', 'notice.incidentId')
    .leftJoin('incidentUpdate', 'incidentUpdate.id', 'notice.updateId')
    .select([
      'delivery.id',
      'notice.kind',
      'notice.incidentId',
      'incident.title',
      'notice.updateId',
      'incidentUpdate.number as updateNumber',
      'delivery.channel',
      'delivery.address',
      'delivery.state',
      'delivery.reason',
      'delivery.possibleDuplicate',
      'delivery.providerId',
      'delivery.batchId',
      'delivery.createdAt',
      'delivery.updatedAt',
      'delivery.sentAt',
    ])
    .where('delivery.id', 'in', deliveriesTo(db, addresses))
    .orderBy('delivery.createdAt', 'desc')
    .orderBy('delivery.id', 'desc')
    .limit(limit)
  if (before)
    found = found.where((eb) =>
      eb.or([
        eb('delivery.createdAt', '<', before.instant),
        eb.and([eb('delivery.createdAt', '=', before.instant), eb('delivery.id', '<', before.id)]),
      ]),
    )
  return (await found.execute()).map(({ title, possibleDuplicate, ...row }) => ({
    ...row,
    title: title === null ? null : fromJson<Words>(title),
    possibleDuplicate: possibleDuplicate === 1,
  }))
}

/** What happened to these deliveries, each in the order of time. */
export async function momentsOf(db: Db, deliveries: FoundDelivery[]): Promise<Map<string, Moment[]>> {
  const moments = new Map<string, Moment[]>(
    deliveries.map(({ id, createdAt }) => [id, [{ at: createdAt, what: 'written', state: null, reason: null }]]),
  )
  const ids = deliveries.map(({ id }) => id)
  if (!ids.length) return moments
  const add = (id: string, moment: Moment) => moments.get(id)?.push(moment)
  const tries = await db.selectFrom('earlierTry').selectAll().where('deliveryId', 'in', ids).execute()
  const batches: { deliveryId: string; batchId: string | null }[] = [
    ...deliveries.map(({ id, batchId }) => ({ deliveryId: id, batchId })),
    ...tries,
  ]
  const batchIds = [...new Set(batches.flatMap(({ batchId }) => batchId ?? []))]
  const attempts = batchIds.length
    ? await db.selectFrom('attempt').selectAll().where('batchId', 'in', batchIds).execute()
    : []
  for (const { deliveryId, batchId } of batches)
    for (const attempt of attempts)
      if (attempt.batchId === batchId)
        add(deliveryId, {
          at: attempt.startedAt,
          what: 'attempt',
          state: attempt.outcome,
          reason: attempt.detail,
        })
  const receipts = await db.selectFrom('providerEvent').selectAll().where('deliveryId', 'in', ids).execute()
  for (const { deliveryId, receivedAt, state, reason } of receipts)
    if (deliveryId) add(deliveryId, { at: receivedAt, what: 'receipt', state, reason })
  for (const { deliveryId, endedAt, askedAt, state, reason } of tries) {
    add(deliveryId, { at: endedAt, what: 'ended', state, reason })
    add(deliveryId, { at: askedAt, what: 'asked', state: null, reason: null })
  }
  for (const list of moments.values()) list.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  return moments
}

/** How an address stands on one channel: who subscribes it, and whether anything may be sent to it. */
export interface Standing {
  channel: string
  address: string
  subscriber: Pick<Row<'subscriber'>, 'id' | 'confirmedAt' | 'closedAt' | 'closedReason'> | null
  suppressed: Pick<Row<'suppression'>, 'reason' | 'source' | 'createdAt'> | null
}

export async function standingsOf(db: Db, channels: string[], addresses: string[]): Promise<Standing[]> {
  const subscribers = await db
    .selectFrom('subscriber')
    .selectAll()
    .where('channel', 'in', channels)
    .where('address', 'in', addresses)
    .execute()
  const suppressions = await db
    .selectFrom('suppression')
    .selectAll()
    .where('channel', 'in', channels)
    .where('address', 'in', addresses)
    .execute()
  const places = new Map(
    [...subscribers, ...suppressions].map(({ channel, address }) => [`${channel} ${address}`, { channel, address }]),
  )
  return [...places.values()].map(({ channel, address }) => {
    const here = (row: { channel: string; address: string }) => row.channel === channel && row.address === address
    const subscriber = subscribers.find(here)
    const suppressed = suppressions.find(here)
    return {
      channel,
      address,
      subscriber: subscriber
        ? {
            id: subscriber.id,
            confirmedAt: subscriber.confirmedAt,
            closedAt: subscriber.closedAt,
            closedReason: subscriber.closedReason,
          }
        : null,
      suppressed: suppressed
        ? { reason: suppressed.reason, source: suppressed.source, createdAt: suppressed.createdAt }
        : null,
    }
  })
}
