import { type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'
import { retireConfirmations } from './confirmation-queries.ts'
import { changeSubscriber, findByAddress, suppress } from './queries.ts'

/** Ends the subscription of an address, in the caller's transaction, and says why in the audit. Does nothing when there is none. */
export async function closeAddress(
  trx: Trx,
  now: Instant,
  what: { channel: string; address: string; reason: string },
  actor?: Actor,
): Promise<void> {
  const subscriber = await findByAddress(trx, what.channel, what.address)
  if (!subscriber) return
  await retireConfirmations(trx, subscriber.id, now)
  if (subscriber.closedAt !== null) return
  await changeSubscriber(trx, subscriber.id, { closedAt: now, closedReason: what.reason })
  await record(trx, now, actor ?? { id: subscriber.id, roles: [] }, 'subscriber.closed', subscriber.id, {
    after: { reason: what.reason },
  })
}

/**
 * A provider says that nothing may be sent to an address any more: bars it, subscribed or not, and ends its
 * subscription, in the caller's transaction. `noted` is what the audit names where nobody is subscribed, because it
 * never holds an address: the delivery or the provider's event.
 */
export async function barAddress(
  trx: Trx,
  now: Instant,
  what: { channel: string; address: string; reason: string; source: string },
  noted: string,
): Promise<void> {
  const { channel, reason, source } = what
  const provider: Actor = { id: source, roles: [] }
  const { numInsertedOrUpdatedRows } = await suppress(trx, now, what)
  if (numInsertedOrUpdatedRows) {
    const subscriber = await findByAddress(trx, channel, what.address)
    await record(trx, now, provider, 'address.suppressed', subscriber?.id ?? noted, {
      after: { channel, reason, source },
    })
  }
  await closeAddress(trx, now, what, provider)
}
