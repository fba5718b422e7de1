import type { App } from '#api/app.ts'
import { record } from '#api/audit/audit.ts'
import { listComponents } from '#api/components/queries.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import { AppError, conflict, invalid, notFound } from '#api/errors.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { hashSecret, sameText } from '#api/lib/tokens.ts'
import { channelFor, type PendingChoice } from './actions.ts'
import { type ConfirmationState, keepSecret, readCode, stateOf } from './confirmation.ts'
import {
  type ConfirmationRow,
  confirmationBySecret,
  countTry,
  openCode,
  retireConfirmations,
  useConfirmation,
} from './confirmation-queries.ts'
import { openEndpoint } from './endpoint-actions.ts'
import { countWithin } from './limit-queries.ts'
import { networkKey, secondsLeft, triesPerNetwork } from './limits.ts'
import { changeSubscriber, findByAddress, findSubscriber, saveComponents, suppressionOf } from './queries.ts'
import { type OwnView, ownViewOf, type SubscriptionView, viewOf } from './view.ts'

/** Says what a confirmation link would do, and whether it still can. Changes nothing. Throws not_found for a link we never made. */
export async function readConfirmation(
  app: App,
  token: string,
): Promise<SubscriptionView & { state: ConfirmationState }> {
  const row = await confirmationBySecret(app.db, hashSecret(token))
  const subscriber = row && (await findSubscriber(app.db, row.subscriberId))
  if (!row || !subscriber) throw notFound('This link')
  const choice = fromJson<PendingChoice>(row.choice)
  return {
    ...viewOf({ ...subscriber, locale: choice.locale }, await stillThere(app.db, choice.componentIds)),
    state: stateOf(row, app.now()),
  }
}

/**
 * Confirms a subscription by the link in its mail: from now on updates come, as chosen when it was asked. Throws
 * not_found for a link we never made, conflict for one that is used or expired; of many at once exactly one succeeds.
 * `secret` is what an endpoint's requests are signed with: it is told here and never again.
 */
export async function confirmByLink(app: App, token: string): Promise<OwnView & { secret?: string }> {
  const now = app.now()
  return app.db.transaction().execute(async (trx) => {
    const row = await confirmationBySecret(trx, hashSecret(token))
    if (!row) throw notFound('This link')
    if (stateOf(row, now) === 'expired') throw conflict('This link has expired. Have a new one sent.')
    if (!(await useConfirmation(trx, row.id, now))) throw conflict('This link has been used.')
    return applyChoice(app, trx, now, row)
  })
}

const wrongCode = () =>
  invalid('This code does not fit this number, was tried too often or is older than 10 minutes.', {
    code: 'Check the code, or have a new one sent.',
  })

/**
 * Confirms a number by the code that was sent to it. An unknown number, a wrong code, one that is too old and one that
 * was tried five times get the same answer: invalid. Throws too_many when a network keeps guessing.
 */
export async function confirmByCode(
  app: App,
  given: { channel: string; address: string; code: string },
  ip: string,
): Promise<OwnView> {
  const now = app.now()
  const channel = channelFor(app, given.channel)
  const address = channel.parse(given.address)
  const code = readCode(given.code)
  const allowed = await countWithin(app.db, now, triesPerNetwork, networkKey(triesPerNetwork, ip))
  if (!allowed)
    throw new AppError('too_many', 'Too many codes were tried. Wait, then try again.', {
      retryAfterSeconds: secondsLeft(now, triesPerNetwork.windowMs),
    })
  if (!code) throw wrongCode()
  // A wrong code must leave its mark, so the transaction ends in a commit and the refusal comes after it.
  const view = await app.db.transaction().execute(async (trx) => {
    const subscriber = await findByAddress(trx, channel.name, address)
    const row = subscriber && (await openCode(trx, subscriber.id, now))
    if (!subscriber || !row || !(await countTry(trx, row.id))) return null
    const fits = app.config.secretKeys.some((key) =>
      sameText(keepSecret(key, 'code', subscriber.id, code), row.secretHash),
    )
    if (!fits || !(await useConfirmation(trx, row.id, now))) return null
    return applyChoice(app, trx, now, row)
  })
  if (!view) throw wrongCode()
  return view
}

async function applyChoice(
  app: App,
  trx: Trx,
  now: Instant,
  row: ConfirmationRow,
): Promise<OwnView & { secret?: string }> {
  const subscriber = await findSubscriber(trx, row.subscriberId)
  if (!subscriber) throw notFound('This subscription')
  // It left in the meantime by STOP, or its mails began to come back: then this is no consent any more.
  if (await suppressionOf(trx, subscriber.channel, subscriber.address))
    throw conflict('Nothing may be sent to this address. Ask us for help.')
  const choice = fromJson<PendingChoice>(row.choice)
  const componentIds = await stillThere(trx, choice.componentIds)
  const change = {
    locale: choice.locale,
    everything: componentIds.length ? 0 : 1,
    confirmedAt: now,
    closedAt: null,
    closedReason: null,
    consentAt: now,
    consentWording: choice.wording,
  }
  await changeSubscriber(trx, subscriber.id, change)
  await saveComponents(trx, subscriber.id, componentIds)
  await retireConfirmations(trx, subscriber.id, now)
  await record(trx, now, { id: subscriber.id, roles: [] }, 'subscriber.confirmed', subscriber.id, {
    after: { channel: subscriber.channel, componentIds, locale: choice.locale, consentWording: choice.wording },
  })
  const made = await openEndpoint(app, trx, subscriber, choice)
  const own = ownViewOf(app.config, { ...subscriber, ...change }, componentIds, made?.endpoint)
  return made?.secret === undefined ? own : { ...own, secret: made.secret }
}

/** A component that was archived after it was chosen is left out; when none is left, that is everything. */
async function stillThere(db: Db | Trx, componentIds: readonly string[]): Promise<string[]> {
  if (!componentIds.length) return []
  const known = new Set((await listComponents(db)).map(({ id }) => id))
  return componentIds.filter((id) => known.has(id))
}
