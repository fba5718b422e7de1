import type { App } from '#api/app.ts'
import type { Channel, ReceiptEvent } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import { closeAddress } from '#api/subscribers/actions.ts'
import { suppress } from '#api/subscribers/queries.ts'
import { saveBatch } from './batch-queries.ts'
import { goesOn } from './delivery.ts'
import { closeFor } from './settle.ts'

/**
 * Folds a provider's callbacks into the ledger: each once, by rank, never back. A hard bounce, a complaint or an
 * opt-out at the provider closes the address. Returns how many were news.
 */
export async function foldReceipts(app: App, channel: Channel, events: ReceiptEvent[]): Promise<number> {
  let news = 0
  for (const event of events) if (await app.db.transaction().execute((trx) => fold(app, trx, channel, event))) news++
  return news
}

async function fold(app: App, trx: Trx, channel: Channel, event: ReceiptEvent): Promise<boolean> {
  const now = app.now()
  const noted = await trx
    .insertInto('providerEvent')
    .values({ channel: channel.name, eventId: event.eventId, receivedAt: now })
    .onConflict((oc) => oc.columns(['channel', 'eventId']).doNothing())
    .executeTakeFirst()
  if (!noted.numInsertedOrUpdatedRows) return false
  const reason = event.reason ?? event.state
  if (event.address && event.closesAddress) {
    const what = { channel: channel.name, address: event.address, reason }
    await suppress(trx, now, { ...what, source: channel.provider })
    await closeAddress(trx, now, what)
    return true
  }
  const delivery = await findDelivery(trx, channel.name, event)
  if (!delivery) return false
  if (event.closesAddress) await closeFor(trx, now, delivery.id, reason, channel.provider)
  if (!goesOn(delivery.state, event.state)) return false
  await trx
    .updateTable('delivery')
    .set({
      state: event.state,
      reason: event.reason,
      updatedAt: now,
      ...(delivery.providerId ? {} : { providerId: event.providerId }),
      ...(delivery.sentAt ? {} : { sentAt: now }),
    })
    .where('id', '=', delivery.id)
    .execute()
  if (delivery.state === 'unknown' && delivery.batchId) await closeWhenKnown(trx, delivery.batchId, now)
  return true
}

const findDelivery = (trx: Trx, channel: string, { deliveryId, providerId }: ReceiptEvent) => {
  const query = trx.selectFrom('delivery').selectAll().where('channel', '=', channel)
  if (deliveryId) return query.where('id', '=', deliveryId).executeTakeFirst()
  return providerId ? query.where('providerId', '=', providerId).executeTakeFirst() : undefined
}

/** A batch whose outcome was unknown is final once every one of its deliveries has announced itself. */
async function closeWhenKnown(trx: Trx, batchId: string, now: string): Promise<void> {
  const open = await trx
    .selectFrom('delivery')
    .select('id')
    .where('batchId', '=', batchId)
    .where('state', '=', 'unknown')
    .executeTakeFirst()
  if (!open) await saveBatch(trx, batchId, { state: 'final', bytes: null, finalAt: now })
}
