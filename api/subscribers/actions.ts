import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Channel } from '#api/channels/channel.ts'
import { listComponents } from '#api/components/queries.ts'
import type { Trx } from '#api/db/connect.ts'
import { AppError, invalid } from '#api/errors.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import { seal } from '#api/lib/seal.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { expireDirect, sendDirect } from '#api/notices/direct.ts'
import type { Locale, Words } from '#content/locales.ts'
import { maskAddress } from './address.ts'
import { type Choice, chooseComponents, consentWordings, isSubscribedChannel } from './choice.ts'
import { keepSecret, newConfirmationSecret, validForMs } from './confirmation.ts'
import { addConfirmation, latestQuestion, retireConfirmations } from './confirmation-queries.ts'
import { disabledReason } from './endpoint.ts'
import { findEndpoint } from './endpoint-queries.ts'
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
export interface PendingChoice extends Wanted {
  wording: string
}

/** What an address is to get, and of an endpoint who answers for it. */
export interface Wanted extends Choice {
  /** The mail address that is asked in the endpoint's place. */
  owner?: string
  /** Sealed: what the endpoint wants its requests signed with, where it says so itself. */
  secret?: string
}

interface Wish {
  channel: string
  address: string
  /** None means everything. */
  components: string[]
  locale: Locale
  /** Of an endpoint: the mail address of whoever answers for it, and a secret of its own. */
  owner?: string | undefined
  secret?: string | undefined
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
  const endpoint = endpointWish(app, channel, wish)
  await inTurn(app, channel, ip, async (trx, now) => {
    const known = await listComponents(trx)
    const componentIds = chooseComponents(wish.components, new Set(known.map(({ id }) => id)))
    const subscriber = await findOrAddSubscriber(trx, now, { channel: channel.name, address, locale: wish.locale })
    await record(trx, now, visitor, 'subscription.requested', subscriber.id, {
      after: { channel: channel.name, componentIds, locale: wish.locale },
    })
    const wanted = { componentIds, locale: wish.locale, ...endpoint }
    await askOrRemind(app, trx, now, channel, subscriber, wanted, 'already')
  })
}

/**
 * Who answers for an endpoint and what it wants signed, sealed; nothing on other channels. Throws AppError invalid when
 * the owner is no mail address, or when no mail can be sent to one.
 */
export function endpointWish(
  app: App,
  channel: Channel,
  { owner = '', secret = '' }: Pick<Wish, 'owner' | 'secret'>,
): Pick<Wanted, 'owner' | 'secret'> {
  if (!channel.perAddress) return {}
  const sentence = 'Enter the mail address of whoever answers for it, such as ops@example.com.'
  let address: string
  try {
    address = channelFor(app, 'email').parse(owner)
  } catch (error) {
    if (!(error instanceof AppError) || error.fields?.channel) throw error
    throw invalid(sentence, { owner: sentence })
  }
  const given = channel.takesSecret ? secret.trim() : ''
  return { owner: address, ...(given ? { secret: seal(app.config.secretKeys, given) } : {}) }
}

/**
 * Sends a confirmed subscriber the link to their preferences, and one who has not answered yet the question again.
 * An unknown address gets nothing, and the answer is the same. Throws like requestSubscription.
 */
export async function sendAgain(app: App, wish: { channel: string; address: string }, ip: string): Promise<void> {
  const channel = channelFor(app, wish.channel)
  const address = channel.parse(wish.address)
  await inTurn(app, channel, ip, async (trx, now) => {
    const subscriber = await findByAddress(trx, channel.name, address)
    if (!subscriber) return
    const asked = await latestQuestion(trx, subscriber.id)
    if (!asked && !isActive(subscriber) && !isDisabled(subscriber)) return
    const choice = asked ? fromJson<PendingChoice>(asked.choice) : { componentIds: [], locale: subscriber.locale }
    await record(trx, now, visitor, 'subscription.askedAgain', subscriber.id)
    await askOrRemind(app, trx, now, channel, subscriber, choice, 'link')
  })
}

const isActive = (row: Pick<SubscriberRow, 'confirmedAt' | 'closedAt'>) =>
  row.confirmedAt !== null && row.closedAt === null

/** Switched off by us: its owner may switch it on again. */
const isDisabled = (row: Pick<SubscriberRow, 'closedReason'>) => row.closedReason === disabledReason

/** One transaction within the limits of a network and of the whole page. */
async function inTurn(app: App, channel: Channel, ip: string, work: (trx: Trx, now: Instant) => Promise<void>) {
  const now = app.now()
  await app.db.transaction().execute(async (trx) => {
    for (const [limit, key] of [
      [perNetwork, networkKey(perNetwork, ip)],
      [perHour[askedBy(channel)]!, limitKey(perHour[askedBy(channel)]!)],
    ] as const)
      if (!(await countWithin(trx, now, limit, key)))
        throw new AppError('too_many', 'Too many requests came in. Wait, then send this again.', {
          retryAfterSeconds: secondsLeft(now, limit.windowMs),
        })
    await work(trx, now)
  })
  app.wake()
}

/** The channel on which somebody is asked: an endpoint's owner by mail, everybody else where they are to hear. */
const askedBy = (channel: Channel): string => (channel.perAddress ? 'email' : channel.name)

/** Asks an address whether the wish is theirs, or sends a confirmed one their link: within the limits of the address. */
export async function askOrRemind(
  app: App,
  trx: Trx,
  now: Instant,
  channel: Channel,
  subscriber: SubscriberRow,
  wanted: Wanted,
  reminder: 'already' | 'link',
): Promise<void> {
  const active = isActive(subscriber) || (reminder === 'link' && isDisabled(subscriber))
  const by = askedBy(channel)
  // Whoever answers for an endpoint already is told, and not whoever asks now.
  const owner = active ? (await findEndpoint(trx, subscriber.id))?.owner : wanted.owner
  const address = channel.perAddress ? owner : subscriber.address
  if (address === undefined) return
  const within =
    (await countWithin(trx, now, perAddress, limitKey(perAddress, `${by}|${address}`))) &&
    (channel.name !== 'sms' || (await countWithin(trx, now, perSmsPrefix, limitKey(perSmsPrefix, smsPrefix(address)))))
  if (!within) return
  const suppressed = await suppressionOf(trx, by, address)
  const kind = channel.confirmation === 'code' ? 'code' : 'link'
  const secret = newConfirmationSecret(kind)
  const pending: PendingChoice = {
    ...wanted,
    wording: isSubscribedChannel(channel.name) ? consentWordings[channel.name] : '',
  }
  // A code that was sent before is worth nothing once a new one is on its way. A link may still lie in the inbox.
  await retireConfirmations(trx, subscriber.id, now, 'code')
  if (kind === 'code') await expireDirect(trx, now, { kind: question, channel: by, address })
  const expiresAt = plusMs(now, validForMs[kind])
  await addConfirmation(trx, {
    subscriberId: subscriber.id,
    kind,
    secretHash: keepSecret(app.config.secretKeys[0]!, kind, subscriber.id, secret),
    choice: toJson(pending),
    createdAt: now,
    expiresAt,
    // Whoever is subscribed or suppressed is asked nothing, so nobody can answer; the row is written all the same.
    usedAt: active || suppressed ? now : null,
  })
  const componentIds = active ? await componentsOf(trx, subscriber.id) : wanted.componentIds
  const locale = active ? subscriber.locale : wanted.locale
  const to = {
    channel: channel.name,
    endpoint: channel.perAddress ? maskAddress(subscriber.address) : null,
    locale,
    site: app.site,
    config: app.config,
    components: await namesOf(trx, componentIds, locale),
  }
  await sendDirect(app, trx, {
    kind: active ? `subscription.${reminder}` : question,
    channel: by,
    subscriberId: subscriber.id,
    address,
    locale,
    message: active ? linkLetter(to, reminder, subscriber) : questionLetter(to, secret),
    suppressed,
    ...(active ? {} : { expiresAt }),
  })
}

/** What the ledger calls the question whether a subscription is theirs. */
const question = 'subscription.question'

async function namesOf(trx: Trx, ids: readonly string[], locale: Locale): Promise<string[]> {
  return (await listComponents(trx))
    .filter(({ id }) => ids.includes(id))
    .map(({ name }) => {
      const words = fromJson<Words>(name)
      return words[locale] ?? Object.values(words)[0] ?? ''
    })
}
