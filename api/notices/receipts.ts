import type { App } from '#api/app.ts'
import { accountOf, type Channel, type ReceiptEvent, sayable } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { dayMs, type Instant, plusMs } from '#api/lib/time.ts'
import { barAddress } from '#api/subscribers/closing-queries.ts'
import { saveBatch } from './batch-queries.ts'
import { crashPoint } from './crash.ts'
import { goesOn } from './delivery.ts'
import { countUnreachable, laterOf } from './later.ts'
import { secondMessage, twiceReason } from './lost-answer.ts'
import { saveChannelState } from './queries.ts'
import { probeAfterMs } from './retry.ts'
import { closeFor, resumeByCallback } from './settle.ts'
import { takeFromOther } from './unknown-queries.ts'

/**
 * Folds a provider's callbacks into the ledger: each once, by rank, never back. A hard bounce, a complaint or an
 * opt-out at the provider closes the address. Returns how many were news.
 */
export async function foldReceipts(app: App, channel: Channel, events: ReceiptEvent[]): Promise<number> {
  let news = 0
  for (const said of events) {
    const event = { ...said, reason: said.reason === null ? null : sayable(said.reason) }
    if (await app.db.transaction().execute((trx) => fold(app, trx, channel, event))) news++
    crashPoint(app, 'after-receipt')
  }
  return news
}

/**
 * Folds one callback, or what a provider lists of a message, in the caller's transaction. True when the row says
 * something new.
 */
export async function fold(app: App, trx: Trx, channel: Channel, event: ReceiptEvent): Promise<boolean> {
  const now = app.now()
  const found = event.address && event.closesAddress ? undefined : await findDelivery(trx, channel.name, event)
  const noted = await trx
    .insertInto('providerEvent')
    .values({
      channel: channel.name,
      eventId: event.eventId,
      receivedAt: now,
      deliveryId: found?.id ?? null,
      state: event.state,
      reason: event.reason,
    })
    .onConflict((oc) => oc.columns(['channel', 'eventId']).doNothing())
    .executeTakeFirst()
  if (!noted.numInsertedOrUpdatedRows) return false
  const reason = event.reason ?? event.state
  if (event.stopsChannel) await stopChannel(app, trx, channel, reason)
  if (event.address && event.closesAddress) {
    const what = { channel: channel.name, address: event.address, reason, source: channel.provider }
    await barAddress(trx, now, what, event.eventId)
    return true
  }
  if (!found) return false
  if (event.closesAddress) await closeFor(trx, now, found.id, reason, channel.provider)
  // A person asked for one more attempt since: what the earlier one came to counts only when it got through.
  if (!arrived(event.state) && (await isOfEarlierTry(trx, found.id, event.providerId))) return false
  if (channel.lookUp && event.deliveryId && event.providerId && event.providerId !== found.providerId)
    await takeFromOther(trx, now, channel.name, { deliveryId: found.id, providerId: event.providerId })
  for (let delivery: typeof found | undefined = found; delivery; ) {
    const change = await changeBy(trx, now, channel, delivery, event)
    if (!change) return false
    if (await moveOn(trx, now, delivery, change)) {
      if (!delivery.sentAt && delivery.batchId) await resumeByCallback(app, trx, channel, delivery.batchId)
      if (event.unreachable && change.state === 'failed') await countUnreachable(trx, now, channel, delivery, reason)
      return true
    }
    delivery = await findDelivery(trx, channel.name, event)
  }
  return false
}

/** How long it is known which callbacks came: providers repeat theirs for a day or two, and a person may look one up. */
const keptMs = 30 * dayMs
/** Callbacks forgotten in one transaction: short enough for the writers beside it. */
const forgetMax = 500

/** Forgets callbacks that are older than any provider repeats. To be done now and then. */
export async function forgetReceipts(app: App): Promise<number> {
  const before = plusMs(app.now(), -keptMs)
  for (let gone = 0; ; ) {
    const { numDeletedRows } = await app.db
      .deleteFrom('providerEvent')
      .where((eb) =>
        eb(
          eb.refTuple('channel', 'eventId'),
          'in',
          eb
            .selectFrom('providerEvent')
            .select(['channel', 'eventId'])
            .where('receivedAt', '<', before)
            .orderBy('receivedAt')
            .limit(forgetMax)
            .$asTuple('channel', 'eventId'),
        ),
      )
      .executeTakeFirst()
    gone += Number(numDeletedRows)
    if (numDeletedRows < forgetMax) return gone
  }
}

/** Nothing goes out until the account is put right: it is tried now and then. */
async function stopChannel(app: App, trx: Trx, channel: Channel, reason: string): Promise<void> {
  const now = app.now()
  const nextSendAt = plusMs(now, probeAfterMs({ silentSince: null }))
  await saveChannelState(trx, accountOf(channel), { stoppedAt: now, stoppedReason: reason, nextSendAt })
  app.log('error', 'channel.stopped', { channel: channel.name, reason: reason.split(':')[0] ?? '' })
}

type Change = Partial<Row<'delivery'>> & Pick<Row<'delivery'>, 'state' | 'reason' | 'providerId'>

/** What an event makes of a row as it stands; null when it is no news. */
async function changeBy(
  trx: Trx,
  now: Instant,
  channel: Channel,
  delivery: Row<'delivery'>,
  event: ReceiptEvent,
): Promise<Change | null> {
  const { state, possibleDuplicate } = delivery
  const providerId = delivery.providerId ?? event.providerId
  // Why it may have been told twice stays to be read, however it ends.
  const reason = event.reason ?? (possibleDuplicate ? delivery.reason : null)
  const second = secondMessage({ found: delivery, event })
  if (second === 'ignore') return null
  if (second === 'instead') return { state: event.state, reason: null, providerId: event.providerId, againAt: null }
  if (second === 'twice') {
    const known = delivery.reason === twiceReason && !goesOn(state, event.state)
    const further = goesOn(state, event.state) ? event.state : state
    return known ? null : { state: further, reason: twiceReason, providerId, possibleDuplicate: 1 }
  }
  // That it did not arrive is known, and its next try is planned: Twilio says so twice, as undelivered and as failed.
  if (!goesOn(state, event.state) || (delivery.againAt && !arrived(event.state))) return null
  const later = await laterOf(trx, now, channel, delivery, event)
  if (later && !goesOn(state, later.state)) return null
  return { state: event.state, reason, providerId, ...later }
}

/** Moves a delivery on from the state that was read; false when another callback was faster, so that rank is asked again. */
async function moveOn(trx: Trx, now: Instant, delivery: Row<'delivery'>, change: Change): Promise<boolean> {
  const moved = await trx
    .updateTable('delivery')
    .set({ ...change, updatedAt: now, ...(delivery.sentAt ? {} : { sentAt: now }) })
    .where('id', '=', delivery.id)
    .where('state', '=', delivery.state)
    .executeTakeFirst()
  if (!moved.numUpdatedRows) return false
  if (delivery.state === 'unknown' && delivery.batchId) await closeWhenKnown(trx, delivery.batchId, now)
  return true
}

async function findDelivery(trx: Trx, channel: string, { deliveryId, providerId }: ReceiptEvent) {
  const query = trx.selectFrom('delivery').selectAll().where('channel', '=', channel)
  if (deliveryId) return query.where('id', '=', deliveryId).executeTakeFirst()
  if (!providerId) return undefined
  const found = await query.where('providerId', '=', providerId).executeTakeFirst()
  if (found) return found
  const tries = trx.selectFrom('earlierTry').select('deliveryId').where('providerId', '=', providerId)
  return query.where('id', 'in', tries).executeTakeFirst()
}

const isOfEarlierTry = async (trx: Trx, deliveryId: string, providerId: string | null): Promise<boolean> =>
  providerId !== null &&
  (await trx
    .selectFrom('earlierTry')
    .select('id')
    .where('deliveryId', '=', deliveryId)
    .where('providerId', '=', providerId)
    .executeTakeFirst()) !== undefined

const arrived = (state: ReceiptEvent['state']) => state === 'sent' || state === 'delivered' || state === 'complained'

/** A batch whose outcome was unknown is final once every one of its deliveries has announced itself. */
async function closeWhenKnown(trx: Trx, batchId: string, now: Instant): Promise<void> {
  // Callbacks of one batch take turns from here: each would still see the other's delivery as unknown.
  await trx
    .updateTable('batch')
    .set((eb) => ({ size: eb.ref('size') }))
    .where('id', '=', batchId)
    .execute()
  const open = await trx
    .selectFrom('delivery')
    .select('id')
    .where('batchId', '=', batchId)
    .where('state', '=', 'unknown')
    .executeTakeFirst()
  if (!open) await saveBatch(trx, batchId, { state: 'final', bytes: null, finalAt: now })
}
