import type { App } from '#api/app.ts'
import { type Actor, record, system } from '#api/audit/audit.ts'
import { listComponents } from '#api/components/queries.ts'
import { conflict, invalid } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { dayMs, minuteMs, plusMs } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { askOrRemind, channelFor } from './actions.ts'
import { type Consent, chooseComponents } from './choice.ts'
import { forgetAfterMs } from './confirmation.ts'
import { forgetUnconfirmed } from './confirmation-queries.ts'
import { dropCountsBefore } from './limit-queries.ts'
import { changeSubscriber, findByAddress, findOrAddSubscriber, saveComponents, suppressionOf } from './queries.ts'

export interface NewSubscriber {
  channel: string
  address: string
  /** None means everything. */
  components: string[]
  locale: Locale
  /** Given elsewhere and provable: then no question is asked. Null: the address is asked, like anybody's. */
  consent: Consent | null
}

/** Clocks of other systems may be ahead of ours by so much, in milliseconds. */
const clockSkewMs = 5 * minuteMs

/**
 * Adds a subscriber in the name of the staff or of a machine. Throws invalid for the address, a component or a consent
 * of the future, conflict when the address is subscribed already or nothing may be sent to it.
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
      await changeSubscriber(trx, subscriber.id, {
        locale,
        everything: componentIds.length ? 0 : 1,
        confirmedAt: now,
        closedAt: null,
        closedReason: null,
        consentAt: consent.at,
        consentWording: consent.wording,
      })
      await saveComponents(trx, subscriber.id, componentIds)
    } else await askOrRemind(app, trx, now, channel, subscriber, { componentIds, locale }, 'already')
    await record(trx, now, actor, consent ? 'subscriber.imported' : 'subscriber.invited', subscriber.id, {
      after: { channel: channel.name, componentIds, locale, consent },
    })
    await settle(trx, more.claim, subscriber.id)
    return { id: subscriber.id }
  })
  app.wake()
  return added
}

/** Addresses forgotten in one transaction: short enough for the writers beside it. */
const sweepSize = 200
const countsKeptMs = 2 * dayMs

/** Forgets addresses that did not confirm within 7 days, their questions and old counters. Gives how many addresses. */
export async function sweepSubscribers(app: App): Promise<number> {
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
