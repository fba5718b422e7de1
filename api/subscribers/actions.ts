import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Channel } from '#api/channels/channel.ts'
import { listComponents } from '#api/components/queries.ts'
import type { Trx } from '#api/db/connect.ts'
import { AppError, invalid } from '#api/errors.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { sendDirect } from '#api/notices/direct.ts'
import type { Locale, Words } from '#content/locales.ts'
import { type Choice, chooseComponents, consentWordings, isSubscribedChannel } from './choice.ts'
import { keepSecret, newConfirmationSecret, validForMs } from './confirmation.ts'
import { addConfirmation, latestQuestion, retireConfirmations } from './confirmation-queries.ts'
import { countWithin } from './limit-queries.ts'
import {
  limitKey,
  networkKey,
  perAddress,
  perHour,
  perNetwork,
  perSmsPrefix,
  secondsLeft,
  smsPrefix,
} from './limits.ts'
import { linkLetter, questionLetter } from './messages.ts'
import { componentsOf, findByAddress, findOrAddSubscriber, type SubscriberRow, suppressionOf } from './queries.ts'

/** What a confirmation row holds until it is answered. */
export interface PendingChoice extends Choice {
  wording: string
}

interface Wish {
  channel: string
  address: string
  /** None means everything. */
  components: string[]
  locale: Locale
}

/** Whoever filled in a form: nobody knows yet whether the address is theirs. */
const visitor: Actor = { id: 'visitor', roles: [] }

/** The channel that an address is for; throws AppError invalid when there is none that takes subscribers. */
export function channelFor(app: App, name: string): Channel {
  const channel = app.channels.find((one) => one.name === name)
  if (!channel || channel.confirmation === 'none' || !isSubscribedChannel(name))
    throw invalid('This channel takes no subscribers.', { channel: 'Choose one of the offered ways.' })
  if (channel.offReason)
    throw invalid('This channel is off.', { channel: 'This way of getting messages is not set up at the moment.' })
  return channel
}

/**
 * Takes a wish to subscribe and asks the address whether it is theirs. Known and unknown, confirmed, closed and
 * suppressed addresses cost the same work and get the same answer; what a confirmed subscriber chose is not touched.
 * Throws AppError invalid (address, components, channel) and too_many for the asker's network or the whole page;
 * a limit of the address alone is kept silently.
 */
export async function requestSubscription(app: App, wish: Wish, ip: string): Promise<void> {
  const channel = channelFor(app, wish.channel)
  const address = channel.parse(wish.address)
  await inTurn(app, wish.channel, ip, async (trx, now) => {
    const known = await listComponents(trx)
    const componentIds = chooseComponents(wish.components, new Set(known.map(({ id }) => id)))
    const subscriber = await findOrAddSubscriber(trx, now, { channel: channel.name, address, locale: wish.locale })
    await record(trx, now, visitor, 'subscription.requested', subscriber.id, {
      after: { channel: channel.name, componentIds, locale: wish.locale },
    })
    await askOrRemind(app, trx, now, channel, subscriber, { componentIds, locale: wish.locale }, 'already')
  })
}

/**
 * Sends a confirmed subscriber the link to their preferences, and one who has not answered yet the question again.
 * An unknown address gets nothing, and the answer is the same. Throws like requestSubscription.
 */
export async function sendAgain(app: App, wish: { channel: string; address: string }, ip: string): Promise<void> {
  const channel = channelFor(app, wish.channel)
  const address = channel.parse(wish.address)
  await inTurn(app, wish.channel, ip, async (trx, now) => {
    const subscriber = await findByAddress(trx, channel.name, address)
    if (!subscriber) return
    const asked = await latestQuestion(trx, subscriber.id)
    if (!asked && !isActive(subscriber)) return
    const choice = asked ? fromJson<PendingChoice>(asked.choice) : { componentIds: [], locale: subscriber.locale }
    await record(trx, now, visitor, 'subscription.askedAgain', subscriber.id)
    await askOrRemind(app, trx, now, channel, subscriber, choice, 'link')
  })
}

const isActive = (row: Pick<SubscriberRow, 'confirmedAt' | 'closedAt'>) =>
  row.confirmedAt !== null && row.closedAt === null

/** One transaction within the limits of a network and of the whole page. */
async function inTurn(app: App, channel: string, ip: string, work: (trx: Trx, now: Instant) => Promise<void>) {
  const now = app.now()
  await app.db.transaction().execute(async (trx) => {
    for (const [limit, key] of [
      [perNetwork, networkKey(perNetwork, ip)],
      [perHour[channel]!, limitKey(perHour[channel]!)],
    ] as const)
      if (!(await countWithin(trx, now, limit, key)))
        throw new AppError('too_many', 'Too many requests came in. Wait, then send this again.', {
          retryAfterSeconds: secondsLeft(now, limit.windowMs),
        })
    await work(trx, now)
  })
  app.wake()
}

/** Asks an address whether the wish is theirs, or sends a confirmed one their link: within the limits of the address. */
export async function askOrRemind(
  app: App,
  trx: Trx,
  now: Instant,
  channel: Channel,
  subscriber: SubscriberRow,
  wanted: Choice,
  reminder: 'already' | 'link',
): Promise<void> {
  const { address } = subscriber
  const within =
    (await countWithin(trx, now, perAddress, limitKey(perAddress, `${channel.name}|${address}`))) &&
    (channel.name !== 'sms' || (await countWithin(trx, now, perSmsPrefix, limitKey(perSmsPrefix, smsPrefix(address)))))
  if (!within) return
  const suppressed = await suppressionOf(trx, channel.name, address)
  const active = isActive(subscriber)
  const kind = channel.confirmation === 'code' ? 'code' : 'link'
  const secret = newConfirmationSecret(kind)
  const pending: PendingChoice = {
    componentIds: wanted.componentIds,
    locale: wanted.locale,
    wording: isSubscribedChannel(channel.name) ? consentWordings[channel.name] : '',
  }
  // A code that was sent before is worth nothing once a new one is on its way. A link may still lie in the inbox.
  await retireConfirmations(trx, subscriber.id, now, 'code')
  await addConfirmation(trx, {
    subscriberId: subscriber.id,
    kind,
    secretHash: keepSecret(app.config.secretKeys[0]!, kind, subscriber.id, secret),
    choice: toJson(pending),
    createdAt: now,
    expiresAt: plusMs(now, validForMs[kind]),
    // Whoever is subscribed or suppressed is asked nothing, so nobody can answer; the row is written all the same.
    usedAt: active || suppressed ? now : null,
  })
  const componentIds = active ? await componentsOf(trx, subscriber.id) : wanted.componentIds
  const locale = active ? subscriber.locale : wanted.locale
  const to = {
    channel: channel.name,
    locale,
    site: app.site,
    config: app.config,
    components: await namesOf(trx, componentIds, locale),
  }
  await sendDirect(app, trx, {
    kind: active ? `subscription.${reminder}` : 'subscription.question',
    channel: channel.name,
    subscriberId: subscriber.id,
    address,
    locale,
    message: active ? linkLetter(to, reminder, subscriber) : questionLetter(to, secret),
    suppressed,
  })
}

async function namesOf(trx: Trx, ids: readonly string[], locale: Locale): Promise<string[]> {
  return (await listComponents(trx))
    .filter(({ id }) => ids.includes(id))
    .map(({ name }) => {
      const words = fromJson<Words>(name)
      return words[locale] ?? Object.values(words)[0] ?? ''
    })
}
