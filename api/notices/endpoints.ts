import type { App } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import type { Channel } from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { closeAddress } from '#api/subscribers/closing-queries.ts'
import { afterFailure, disabledReason, secretsOf } from '#api/subscribers/endpoint.ts'
import { findEndpoint, saveEndpoint } from '#api/subscribers/endpoint-queries.ts'
import { disabledLetter } from '#api/subscribers/messages.ts'
import { findSubscriber, suppressionOf } from '#api/subscribers/queries.ts'
import { endAttempt, moveMembers, saveBatch } from './batch-queries.ts'
import { afterCap, capPerHour, capWindowMs } from './cap.ts'
import { sendDirect } from './direct.ts'
import { leftReason } from './expand.ts'
import { haveReached, recipientOf, sentLately } from './merge-queries.ts'
import { newerThan } from './supersede.ts'
import { toldUpdates } from './supersede-queries.ts'

/** What an attempt told about the endpoint it went to. */
export type EndpointAnswer = { how: 'well' } | { how: 'failed' | 'gone'; reason: string }

/**
 * Notes what an attempt told about its endpoint, in the transaction that settles it. One that is gone, or has failed
 * for long, is switched off: its subscription is closed, and its owner gets a mail with the way to switch it on again.
 */
export async function noteAnswer(
  app: App,
  trx: Trx,
  channel: Channel,
  batchId: string,
  answer: EndpointAnswer,
): Promise<void> {
  const recipient = await recipientOf(trx, batchId)
  const endpoint = recipient && (await findEndpoint(trx, recipient.id))
  if (!recipient || !endpoint) return
  const now = app.now()
  let nextSendAt = plusMs(now, channel.perAddress?.restMs ?? 0)
  if (answer.how === 'well') {
    const cap = capPerHour[channel.name]
    if (cap !== undefined) {
      const where = { channel: channel.name, subscriberId: recipient.id, since: plusMs(now, -capWindowMs), limit: cap }
      nextSendAt = afterCap(cap, await sentLately(trx, where)) ?? nextSendAt
    }
    await saveEndpoint(trx, recipient.id, { firstFailedAt: null, failingSince: null, nextSendAt })
    return
  }
  const { health, tooLong } = afterFailure(endpoint, now)
  await saveEndpoint(trx, recipient.id, { ...health, nextSendAt })
  if (answer.how === 'gone' || tooLong) await disable(app, trx, now, recipient.id, answer)
}

/**
 * What a claimed batch needs of its endpoint: the secrets it is signed with, sealed. Null when it must not be sent any
 * more, because the subscription is over or because the endpoint has heard a newer update that takes its place; then
 * the batch is ended and its row says why.
 */
export async function endpointOf(
  trx: Trx,
  now: Instant,
  batch: Row<'batch'>,
  notice: Row<'notice'> | undefined,
): Promise<{ secrets: string[] } | null> {
  const recipient = await recipientOf(trx, batch.id)
  const end = (state: 'skipped' | 'superseded', reason: string) => endBatch(trx, now, batch.id, { state, reason })
  if (!recipient || recipient.closedAt !== null)
    return end('skipped', recipient?.closedReason === disabledReason ? 'the endpoint was switched off' : leftReason)
  if (
    batch.attempts > 0 &&
    batch.size === 1 &&
    !batch.askedAt &&
    notice &&
    (await haveReached(trx, recipient.id, await newerOf(trx, notice)))
  )
    return end('superseded', 'a newer update of the same incident has arrived')
  const endpoint = await findEndpoint(trx, recipient.id)
  return { secrets: endpoint ? secretsOf(endpoint, now) : [] }
}

/** The notices that take the place of this one; none where it carries a word that they do not. */
async function newerOf(trx: Trx, { id, incidentId }: Row<'notice'>): Promise<string[]> {
  if (incidentId === null) return []
  return newerThan(await toldUpdates(trx, incidentId), id).flatMap(({ notice }) => notice?.id ?? [])
}

async function endBatch(
  trx: Trx,
  now: Instant,
  id: string,
  end: { state: 'skipped' | 'superseded'; reason: string },
): Promise<null> {
  await endAttempt(trx, id, { endedAt: now, outcome: 'lost', detail: null })
  await saveBatch(trx, id, { state: 'final', bytes: null, finalAt: now, leaseOwner: null, leaseUntil: null })
  await moveMembers(trx, id, ['queued', 'sending'], { ...end, updatedAt: now })
  return null
}

async function disable(app: App, trx: Trx, now: Instant, id: string, { how, reason }: { how: string; reason: string }) {
  const subscriber = await findSubscriber(trx, id)
  const endpoint = await findEndpoint(trx, id)
  if (!subscriber || !endpoint || subscriber.closedAt !== null) return
  await saveEndpoint(trx, id, { disabledAt: now, disabledReason: reason })
  await closeAddress(trx, now, { ...subscriber, reason: disabledReason }, system)
  await record(trx, now, system, 'endpoint.disabled', id, { after: { how, reason } })
  const { locale } = subscriber
  const email = app.channels.find(({ name }) => name === 'email')
  app.log('warn', 'endpoint.disabled', { subscriber: id, channel: subscriber.channel, how })
  if (!email || email.offReason) return
  await sendDirect(app, trx, {
    kind: 'endpoint.disabled',
    channel: 'email',
    subscriberId: id,
    address: endpoint.owner,
    locale,
    message: disabledLetter({ ...app, locale }, subscriber, how === 'gone'),
    suppressed: await suppressionOf(trx, 'email', endpoint.owner),
  })
}
