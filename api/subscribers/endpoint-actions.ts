import type { App } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict, notFound } from '#api/errors.ts'
import { hintOf, seal, sealedWith, unseal } from '#api/lib/seal.ts'
import { hookPage, senderOf } from '#api/notices/composed.ts'
import { sendDirect } from '#api/notices/direct.ts'
import { hookFor, testHook } from '#api/notices/update-hook.ts'
import { fill, wordsOf } from '#content/words.ts'
import type { Wanted } from './actions.ts'
import { closeAddress } from './closing-queries.ts'
import { disabledReason, newEndpoint, rotated } from './endpoint.ts'
import { findEndpoint, putEndpoint, saveEndpoint, sealedOtherwise } from './endpoint-queries.ts'
import { countWithin } from './limit-queries.ts'
import { limitKey, perTest, secondsLeft } from './limits.ts'
import { preferencesUrl, unsubscribeUrl } from './links.ts'
import { changeSubscriber, componentsOf, findByAddress, type SubscriberRow } from './queries.ts'
import { holder } from './settings-actions.ts'
import { type OwnView, ownViewOf } from './view.ts'

/**
 * Writes down what an endpoint has beside its subscription, in the transaction that confirms it. `secret` is what its
 * requests are signed with where we made it: told to its owner now, and never again. Null on other channels.
 */
export async function openEndpoint(
  app: App,
  trx: Trx,
  subscriber: Pick<SubscriberRow, 'id' | 'channel'>,
  wanted: Pick<Wanted, 'owner' | 'secret'>,
): Promise<{ endpoint: Row<'endpoint'>; secret?: string } | null> {
  const channel = app.channels.find(({ name }) => name === subscriber.channel)
  if (!channel?.perAddress || wanted.owner === undefined) return null
  const secret = channel.newSecret?.()
  const sealed = secret === undefined ? (wanted.secret ?? null) : seal(app.config.secretKeys, secret)
  const endpoint = newEndpoint(subscriber.id, wanted.owner, sealed)
  await putEndpoint(trx, endpoint)
  return { endpoint, ...(secret === undefined ? {} : { secret }) }
}

/** The endpoint behind a link of its owner. Throws not_found for a wrong link or one of a subscription without an endpoint. */
async function endpointBehind(app: App, trx: Trx, token: string) {
  const subscriber = await holder(app, trx, 'preferences', token)
  const endpoint = await findEndpoint(trx, subscriber.id)
  const channel = app.channels.find(({ name }) => name === subscriber.channel)
  if (!endpoint || !channel) throw notFound('This endpoint')
  return { subscriber, endpoint, channel }
}

const notActive = () => conflict('Nothing is sent to this address. Switch it on, or subscribe again.')

/**
 * Makes a new signing secret, told now and never again; the old one signs beside it for a day. Throws not_found for a
 * wrong link or an endpoint that signs nothing, conflict after goodbye.
 */
export async function rotateSecret(app: App, token: string): Promise<{ secret: string }> {
  const now = app.now()
  return app.db.transaction().execute(async (trx) => {
    const { subscriber, endpoint, channel } = await endpointBehind(app, trx, token)
    if (!channel.newSecret) throw notFound('A secret of ours')
    if (subscriber.closedAt !== null) throw notActive()
    const secret = channel.newSecret()
    await saveEndpoint(trx, subscriber.id, rotated(endpoint, seal(app.config.secretKeys, secret), now))
    await record(trx, now, { id: subscriber.id, roles: [] }, 'endpoint.secretRotated', subscriber.id)
    return { secret }
  })
}

/** Sends a message that only shows that messages arrive. Throws not_found for a wrong link, conflict after goodbye, too_many. */
export async function sendTest(app: App, token: string): Promise<void> {
  const now = app.now()
  const page = await hookPage(app)
  await app.db.transaction().execute(async (trx) => {
    const { subscriber } = await endpointBehind(app, trx, token)
    if (subscriber.closedAt !== null) throw notActive()
    if (!(await countWithin(trx, now, perTest, limitKey(perTest, subscriber.id))))
      throw new AppError('too_many', 'Too many test messages. Wait, then send another.', {
        retryAfterSeconds: secondsLeft(now, perTest.windowMs),
      })
    const { channel, locale } = subscriber
    const words = wordsOf(locale).messages.test
    const heading = fill(words.heading, { sign: app.site.sign[locale] })
    const link = { label: words.settings, url: preferencesUrl(app.config, subscriber) }
    const text = hookFor(testHook(now, senderOf(app), page), unsubscribeUrl(app.config, subscriber))
    await sendDirect(app, trx, {
      kind: 'endpoint.test',
      channel,
      subscriberId: subscriber.id,
      address: subscriber.address,
      locale,
      message: { text, chat: { heading, body: words.body, facts: [], link } },
    })
    await record(trx, now, { id: subscriber.id, roles: [] }, 'endpoint.tested', subscriber.id)
  })
  app.wake()
}

/** Switches on again what we switched off. Throws not_found for a wrong link, conflict when it was not us. */
export async function switchOn(app: App, token: string): Promise<OwnView> {
  const now = app.now()
  return app.db.transaction().execute(async (trx) => {
    const { subscriber, endpoint } = await endpointBehind(app, trx, token)
    if (subscriber.closedAt !== null && subscriber.closedReason !== disabledReason)
      throw conflict('This subscription was ended by its owner. Subscribe again.')
    const on = { closedAt: null, closedReason: null }
    const well = { disabledAt: null, disabledReason: null, firstFailedAt: null, failingSince: null }
    await changeSubscriber(trx, subscriber.id, on)
    await saveEndpoint(trx, subscriber.id, well)
    await record(trx, now, { id: subscriber.id, roles: [] }, 'endpoint.switchedOn', subscriber.id)
    const componentIds = await componentsOf(trx, subscriber.id)
    return ownViewOf(app.config, { ...subscriber, ...on }, componentIds, { ...endpoint, ...well })
  })
}

/** Endpoints sealed anew in one transaction. */
const resealSize = 100

/**
 * Seals with the first key what an older one sealed, so that an address is known again under one form and the older key
 * can go. What no key opens stays as it is. Gives how many endpoints were sealed anew.
 */
export async function resealEndpoints(app: App): Promise<number> {
  const { secretKeys } = app.config
  const again = (text: string) => {
    const open = unseal(secretKeys, text)
    return open === null ? null : seal(secretKeys, open, hintOf(text) ?? '')
  }
  let sealed = 0
  for (let afterId = ''; ; ) {
    const rows = await sealedOtherwise(app.db, { prefix: sealedWith(secretKeys), afterId, limit: resealSize })
    if (!rows.length) return sealed
    afterId = rows.at(-1)!.id
    const now = app.now()
    sealed += await app.db.transaction().execute(async (trx) => {
      let done = 0
      for (const row of rows) {
        const address = again(row.address)
        if (address === null) continue
        // Subscribed once more under the newer key before this ran: one of the two would be told twice.
        if (await findByAddress(trx, row.channel, address)) {
          await closeAddress(trx, now, { ...row, reason: 'subscribed again' }, system)
          continue
        }
        const endpoint = await findEndpoint(trx, row.id)
        await changeSubscriber(trx, row.id, { address })
        if (endpoint)
          await saveEndpoint(trx, row.id, {
            secret: endpoint.secret && again(endpoint.secret),
            oldSecret: endpoint.oldSecret && again(endpoint.oldSecret),
          })
        done++
      }
      return done
    })
  }
}
