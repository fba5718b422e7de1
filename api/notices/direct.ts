import type { App } from '#api/app.ts'
import type { ChatParts } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import { AppError } from '#api/errors.ts'
import { newId } from '#api/lib/ids.ts'
import { packHashed } from '#api/lib/pack.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { providerFor } from './hand-over.ts'

/** What one person is written, such as the question whether a subscription is theirs. */
interface DirectMessage {
  /** Why it is sent, for the ledger: "confirmation". */
  kind: string
  channel: string
  subscriberId: string
  address: string
  locale: Locale
  message: { subject?: string; html?: string; text: string; headers?: Record<string, string>; chat?: ChatParts }
  /** Why nothing may go to this address: then the row says so and nothing is sent, with the same work as a message that is. */
  suppressed?: string | null
  /** Until when it is of any use, such as a code that is dead then. Left out: as long as its channel sends. */
  expiresAt?: Instant
}

/** Somebody waits for it, so it goes before every notice to many. */
const directPriority = 0

/**
 * Writes one message to one person into the ledger, ready to send, in the caller's transaction. Call `app.wake()`
 * after the commit. Throws AppError('unavailable') when the channel is off.
 */
export async function sendDirect(app: App, trx: Trx, direct: DirectMessage): Promise<{ deliveryId: string }> {
  const channel = app.channels.find(({ name }) => name === direct.channel)
  if (!channel) throw new AppError('unavailable', `There is no channel "${direct.channel}".`)
  if (channel.offReason) throw new AppError('unavailable', channel.offReason)
  const now = app.now()
  const { by } = await providerFor(trx, channel, now)
  const [noticeId, batchId, deliveryId] = [newId(), newId(), newId()]
  const { address, locale, suppressed = null } = direct
  const headers = { 'Auto-Submitted': 'auto-generated', ...direct.message.headers }
  const expiresAt = [plusMs(now, channel.expiresAfterMs), ...(direct.expiresAt ? [direct.expiresAt] : [])].sort()[0]!
  const bytes = by.freeze([{ ...direct.message, headers, deliveryId, noticeId, address, locale, expiresAt }])
  const { packed, hash } = packHashed(bytes)
  await trx
    .insertInto('notice')
    .values({
      id: noticeId,
      seq: null,
      kind: direct.kind,
      incidentId: null,
      updateId: null,
      audience: null,
      cursor: '',
      createdAt: now,
      expandedAt: now,
      frozenAt: now,
      expiresAt,
    })
    .execute()
  await trx
    .insertInto('batch')
    .values({
      id: batchId,
      noticeId,
      channel: channel.name,
      provider: by.provider,
      size: 1,
      bytes: suppressed ? null : packed,
      bytesHash: hash,
      state: suppressed ? 'final' : 'ready',
      priority: directPriority,
      attempts: 0,
      nextAttemptAt: now,
      leaseOwner: null,
      leaseUntil: null,
      createdAt: now,
      finalAt: suppressed ? now : null,
    })
    .execute()
  await trx
    .insertInto('delivery')
    .values({
      id: deliveryId,
      noticeId,
      channel: channel.name,
      subscriberId: direct.subscriberId,
      address,
      directTo: address,
      locale,
      state: suppressed ? 'suppressed' : 'queued',
      batchId,
      position: 0,
      reason: suppressed,
      providerId: null,
      possibleDuplicate: 0,
      createdAt: now,
      updatedAt: now,
      sentAt: null,
    })
    .execute()
  return { deliveryId }
}

/**
 * What still waits to be sent to an address of this kind is of no use any more, as a code is once there is a newer one:
 * it ends as expired. In the caller's transaction.
 */
export async function expireDirect(
  trx: Trx,
  now: Instant,
  earlier: { kind: string; channel: string; address: string },
): Promise<void> {
  await trx
    .updateTable('notice')
    .set({ expiresAt: now })
    .where('kind', '=', earlier.kind)
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('delivery')
        .select('delivery.noticeId')
        .where('delivery.directTo', '=', earlier.address)
        .where('delivery.channel', '=', earlier.channel)
        .where('delivery.state', '=', 'queued'),
    )
    .execute()
}
