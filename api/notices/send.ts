import type { App } from '#api/app.ts'
import {
  accountOf,
  type Channel,
  DeliveryFailed,
  type FrozenBatch,
  type Pace,
  providersOf,
  type Receipt,
} from '#api/channels/channel.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import { unpack } from '#api/lib/pack.ts'
import { type Instant, plusMs, secondMs } from '#api/lib/time.ts'
import { agendaOf } from './agenda-queries.ts'
import { firstTriedAt, insertAttempt, nextBatch, saveBatch, takeMembers } from './batch-queries.ts'
import { crashPoint } from './crash.ts'
import { endpointOf } from './endpoints.ts'
import { endOf } from './expiry.ts'
import { takeApartGone } from './gone-queries.ts'
import { unreadable } from './hand-over.ts'
import { freeStrays, leaseMs, ownerOf } from './leases.ts'
import { notSentAgain } from './lost-answer.ts'
import { outdatedReason, takeApartOutdated } from './outdated.ts'
import { laneOf, nextIn, paceOf } from './provider.ts'
import { channelStates, findNotice, holdChannelState, saveChannelState } from './queries.ts'
import { keyEndsAt, keyForgotten, probeAfterMs, troubleSince, waitInTrouble } from './retry.ts'
import { endUnsent, settleFailed, settleSent } from './settle.ts'
import { nowSince, nowSinceBorn } from './time-of-day.ts'
import { isAnnounced } from './unknown-queries.ts'

/** A batch that is ours to send, with its attempt written down. */
export interface Claim {
  /** By the provider that the batch was written for. */
  channel: Channel
  batch: Row<'batch'>
  frozen: FrozenBatch
  /** When it was taken, in steady time. */
  claimedMs: number
  /** Requests a second that the provider's last answer before this one allowed. */
  perSecond: number | null
  /** What the answer said of the pace. */
  heard?: Pace
}

/** What this worker is sending now. */
const inFlight = new WeakMap<App, Set<string>>()
const flying = (app: App): Set<string> => {
  const mine = inFlight.get(app) ?? new Set<string>()
  inFlight.set(app, mine)
  return mine
}

/** Workers of which a claim may have been committed without their knowing. */
const unsure = new WeakSet<App>()

/** The same over all attempts of a batch: the provider then takes it once. */
export const keyOf = (batch: Pick<Row<'batch'>, 'id' | 'noticeId'>): string => `n/${batch.noticeId}/b/${batch.id}/v1`

/**
 * Takes the next batch that may be sent now, or null. The attempt is committed before anything leaves, so that a crash
 * leaves a trace. What must not be sent any more is ended on the way. Channels that are `full` have no lane left.
 */
export async function claimNext(app: App, full: ReadonlySet<string> = new Set()): Promise<Claim | null> {
  if (unsure.has(app)) await freeStrays(app, flying(app))
  unsure.delete(app)
  for (const channel of await dueProviders(app, full))
    for (;;) {
      const claimed = await app.db
        .transaction()
        .execute((trx) => claim(app, trx, channel))
        .catch((error: unknown) => {
          unsure.add(app)
          throw error
        })
      if (claimed === 'ended') {
        crashPoint(app, 'after-end')
        continue
      }
      if (!claimed) break
      flying(app).add(claimed.batch.id)
      crashPoint(app, 'after-attempt')
      return claimed
    }
  return null
}

/** Those of which something may leave now: a look without a lock, so that waiting costs no write. */
async function dueProviders(app: App, full: ReadonlySet<string>): Promise<Channel[]> {
  const now = app.now()
  const { live } = await agendaOf(app.db)
  if (!live.some(({ dueAt }) => dueAt !== null && dueAt <= now)) return []
  const states = await channelStates(app.db)
  return app.channels.flatMap(providersOf).filter((channel) => {
    if (channel.offReason || full.has(channel.name)) return false
    const next = nextIn(channel, live, states.get(accountOf(channel)))
    return next !== null && next <= now
  })
}

async function claim(app: App, trx: Trx, channel: Channel): Promise<Claim | 'ended' | null> {
  const now = app.now()
  const state = await holdChannelState(trx, accountOf(channel))
  if (state.nextSendAt && state.nextSendAt > now) return null
  const batch = await nextBatch(trx, laneOf(channel), now, [...flying(app)])
  if (!batch) return null
  const notice = await findNotice(trx, batch.noticeId)
  const at = nowSinceBorn(app, batch, notice)
  const over = endOf(channel, batch, notice, at)
  const stored = readStored(channel, batch)
  if (!stored) {
    await endUnsent(trx, now, batch, unreadable, 'failed')
    app.log('error', 'batch.unreadable', { channel: channel.name, batch: batch.id })
    return 'ended'
  }
  if (batch.blindRetryAt && (await isAnnounced(trx, batch.id))) {
    await saveBatch(trx, batch.id, { state: 'final', bytes: null, leaseOwner: null, leaseUntil: null, finalAt: now })
    return 'ended'
  }
  const outdated = batch.blindRetryAt ? await outdatedReason(trx, batch, notice) : null
  if (outdated) {
    await endUnsent(trx, now, batch, notSentAgain(outdated))
    await saveBatch(trx, batch.id, { lookEndedAt: now })
    return 'ended'
  }
  if (over) {
    await endUnsent(trx, now, batch, over.reason, over.state)
    return 'ended'
  }
  const firstAt = batch.attempts ? await firstTriedAt(trx, batch.id) : null
  const keyEnd = keyEndsAt(channel, firstAt)
  if (firstAt && keyEnd && keyEnd <= nowSince(app, firstAt, { careful: true })) {
    await endUnsent(trx, now, batch, keyForgotten, 'failed')
    return 'ended'
  }
  if (!channel.mergesUpdates && (await takeApartOutdated(trx, now, batch, notice))) return 'ended'
  if (await takeApartGone(trx, now, batch)) return 'ended'
  const endpoint = channel.perAddress ? await endpointOf(trx, now, batch, notice) : undefined
  if (endpoint === null) return 'ended'
  const deliveryIds = await takeMembers(trx, batch.id, now)
  await saveBatch(trx, batch.id, {
    state: 'sending',
    attempts: batch.attempts + 1,
    leaseOwner: ownerOf(app),
    leaseUntil: plusMs(now, leaseMs),
  })
  await insertAttempt(trx, {
    id: newId(),
    batchId: batch.id,
    number: batch.attempts + 1,
    startedAt: now,
    endedAt: null,
    outcome: null,
    detail: null,
  })
  const silentSince = state.stoppedAt ? state.silentSince : troubleSince(state, now)
  const nextSendAt = spacing(channel, stored.cost, { ...state, silentSince }, now)
  if (nextSendAt || silentSince !== state.silentSince)
    await saveChannelState(trx, accountOf(channel), { ...(nextSendAt ? { nextSendAt } : {}), silentSince })
  const frozen = { id: batch.id, key: keyOf(batch), bytes: stored.bytes, deliveryIds, at, ...endpoint }
  return {
    channel,
    batch: { ...batch, attempts: batch.attempts + 1 },
    frozen,
    claimedMs: app.steadyMs(),
    perSecond: state.perSecond,
  }
}

/** The request as it was frozen, and how much of the channel's rate it uses up; null when the row cannot be read. */
function readStored(channel: Channel, batch: Row<'batch'>): { bytes: Buffer; cost: number } | null {
  if (batch.bytes === null) return null
  try {
    const bytes = unpack(batch.bytes)
    return { bytes, cost: channel.cost?.(bytes) ?? 1 }
  } catch {
    return null
  }
}

/**
 * A little more room between two requests than the rate asks for: one that leaves late and the next ones on time are
 * together inside one second of the provider's, and a refusal costs a whole second. Who counts segments puts them into a
 * queue of its own and refuses nothing.
 */
const spacingShare = 1.02

/** When the channel may send again: after its share of a second, or, while it is stopped or in trouble, at the next probe. */
function spacing(channel: Channel, cost: number, state: Row<'channelState'>, now: Instant): Instant | null {
  if (state.stoppedAt) return plusMs(now, probeAfterMs(state))
  const perSecond = paceOf(channel, state.perSecond)
  const waitMs = waitInTrouble(state.silentSince, now)
  if (!Number.isFinite(perSecond) && !waitMs) return null
  return plusMs(now, Math.max(Math.ceil((cost / perSecond) * secondMs * (channel.cost ? 1 : spacingShare)), waitMs))
}

export type Outcome = Receipt[] | DeliveryFailed

/** Writes down what became of a claimed batch. Throws when the record cannot be written: then it must be called again, for nobody else knows. */
export async function settleClaimed(app: App, claim: Claim, outcome: Outcome): Promise<void> {
  const { channel, batch, heard } = claim
  // Kept in the record: all workers share the pace, and a restart does not burst.
  if (heard && heard.perSecond !== null && heard.perSecond !== claim.perSecond)
    await saveChannelState(app.db, accountOf(channel), { perSecond: heard.perSecond })
  if (outcome instanceof DeliveryFailed) {
    await settleFailed(app, channel, batch, outcome)
    crashPoint(app, 'after-retry')
  } else {
    await settleSent(app, channel, batch, outcome)
    crashPoint(app, 'after-settle')
  }
  flying(app).delete(batch.id)
}

/** Sends a claimed batch. Never throws. */
export async function sendClaimed(app: App, claim: Claim): Promise<Outcome> {
  // A process that was stopped between claim and send may find that another has taken the batch over.
  if (app.steadyMs() - claim.claimedMs > leaseMs - claim.channel.sendTimeoutMs)
    return new DeliveryFailed('this program was held up before it could send')
  try {
    const receipts = await claim.channel.send(claim.frozen, (pace) => {
      claim.heard = pace
    })
    crashPoint(app, 'after-accept')
    return receipts
  } catch (error) {
    if (error instanceof DeliveryFailed) return error
    // A channel throws nothing else; if one does, nobody knows whether the messages left.
    return new DeliveryFailed(`${(error as Error).name}: ${(error as Error).message}`.slice(0, 300), {
      outcomeUnknown: true,
      unanswered: true,
    })
  }
}
