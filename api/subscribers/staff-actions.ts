import type { App } from '#api/app.ts'
import { type Actor, record, system } from '#api/audit/audit.ts'
import { listComponents } from '#api/components/queries.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { dayMs, minuteMs, plusMs } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { askOrRemind, channelFor, endpointWish } from './actions.ts'
import { type Consent, chooseComponents } from './choice.ts'
import { forgetAfterMs } from './confirmation.ts'
import { forgetUnconfirmed } from './confirmation-queries.ts'
import { openEndpoint, resealEndpoints } from './endpoint-actions.ts'
import { dropCountsBefore } from './limit-queries.ts'
import {
  changeSubscriber,
  findByAddress,
  findOrAddSubscriber,
  findSubscriber,
  findSuppression,
  liftSuppression,
  saveComponents,
  suppressionOf,
} from './queries.ts'
import { mayLift } from './suppression.ts'

export interface NewSubscriber {
  channel: string
  address: string
  /** None means everything. */
  components: string[]
  locale: Locale
  /** Of an endpoint: the mail address of whoever answers for it, and a secret of its own. */
  owner?: string | undefined
  secret?: string | undefined
  /** Given elsewhere and provable: then no question is asked. Null: the address is asked, like anybody's. */
  consent: Consent | null
}

/** Clocks of other systems may be ahead of ours by so much, in milliseconds. */
const clockSkewMs = 5 * minuteMs

/**
 * Adds a subscriber in the name of the staff or of a machine. Throws invalid for the address, a component or a consent
 * of the future, conflict when the address is subscribed already or nothing may be sent to it. An endpoint that
 * is added with a consent works at once, and its owner is sent the link to it.
 */
export async function addSubscriber(
  app: App,
  actor: Actor,
  wanted: NewSubscriber,
  more: { claim?: Claim | undefined } = {},
): Promise<{ id: string }> {
  const now = app.now()
  const channel = channelFor(app, wanted.channel)
  const address = channel.parse(wanted.address)
  const endpoint = endpointWish(app, channel, wanted)
  const { consent, locale } = wanted
  if (consent && consent.at > plusMs(now, clockSkewMs))
    throw invalid('A consent cannot be given in the future.', { consentAt: 'Give the instant at which they agreed.' })
  const added = await app.db.transaction().execute(async (trx) => {
    const known = await listComponents(trx)
    const componentIds = chooseComponents(wanted.components, new Set(known.map(({ id }) => id)))
    const there = await findByAddress(trx, channel.name, address)
    if (there?.confirmedAt && !there.closedAt) throw conflict('This address is subscribed already.')
    const suppressed = await suppressionOf(trx, channel.name, address)
    if (suppressed) throw conflict(`Nothing may be sent to this address: ${suppressed}.`)
    const subscriber = await findOrAddSubscriber(trx, now, { channel: channel.name, address, locale })
    if (consent) {
      const confirmed = {
        locale,
        everything: componentIds.length ? 0 : 1,
        confirmedAt: now,
        closedAt: null,
        closedReason: null,
        consentAt: consent.at,
        consentWording: consent.wording,
      }
      await changeSubscriber(trx, subscriber.id, confirmed)
      await saveComponents(trx, subscriber.id, componentIds)
      // Its owner finds the way to its secret, and to everything else, in a mail.
      if (await openEndpoint(app, trx, subscriber, endpoint))
        await askOrRemind(app, trx, now, channel, { ...subscriber, ...confirmed }, { componentIds, locale }, 'link')
    } else await askOrRemind(app, trx, now, channel, subscriber, { componentIds, locale, ...endpoint }, 'already')
    await record(trx, now, actor, consent ? 'subscriber.imported' : 'subscriber.invited', subscriber.id, {
      after: { channel: channel.name, componentIds, locale, consent },
    })
    await settle(trx, more.claim, subscriber.id)
    return { id: subscriber.id }
  })
  app.wake()
  return added
}

/**
 * Lets messages go to a subscriber's address again, at their own wish or because what made them come back is mended.
 * Who had confirmed and was closed by what is lifted hears from us again; who marked our mail as spam must subscribe
 * again themselves. Throws not_found without a suppression, conflict when the person said STOP.
 */
export async function liftBar(app: App, actor: Actor, subscriberId: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const subscriber = await findSubscriber(trx, subscriberId)
    const bar = subscriber && (await findSuppression(trx, subscriber.channel, subscriber.address))
    if (!bar) throw notFound('This suppression')
    const may = mayLift(bar)
    if (!may) throw conflict('They said STOP themselves. Only they can take it back, by sending START.')
    await liftSuppression(trx, bar.channel, bar.address)
    const reopened = may === 'reopen' && subscriber.confirmedAt !== null && subscriber.closedReason === bar.reason
    if (reopened) await changeSubscriber(trx, subscriberId, { closedAt: null, closedReason: null })
    await record(trx, app.now(), actor, 'address.restored', subscriberId, {
      before: { channel: bar.channel, reason: bar.reason, source: bar.source },
      after: { reopened },
    })
  })
}

/** Addresses forgotten in one transaction: short enough for the writers beside it. */
const sweepSize = 200
const countsKeptMs = 2 * dayMs

/**
 * Forgets addresses that did not confirm within 7 days, their questions and old counters; seals anew what an older key
 * sealed. Gives how many addresses were forgotten.
 */
export async function sweepSubscribers(app: App): Promise<number> {
  await resealEndpoints(app)
  const now = app.now()
  let addresses = 0
  for (;;) {
    const gone = await app.db.transaction().execute(async (trx) => {
      await dropCountsBefore(trx, plusMs(now, -countsKeptMs))
      const forgotten = await forgetUnconfirmed(trx, plusMs(now, -forgetAfterMs), sweepSize)
      if (forgotten.addresses || forgotten.questions)
        await record(trx, now, system, 'subscriber.forgotten', 'unconfirmed', { after: forgotten })
      return forgotten
    })
    addresses += gone.addresses
    if (gone.questions < sweepSize && gone.addresses < sweepSize) return addresses
  }
}
