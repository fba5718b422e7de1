import type { DeliveryState } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'

/** One message to one address, in the words that will be read. */
export interface Message {
  deliveryId: string
  noticeId: string
  address: string
  locale: Locale
  /** Mail only. */
  subject?: string
  html?: string
  headers?: Record<string, string>
  /** This reader's own words, by their names, where `subject`, `html` and `text` hold marks (filling.ts): all else is the same for many. */
  fills?: Readonly<Record<string, string>>
  /** Chat only: the parts of what `text` says in one. */
  chat?: ChatParts
  text: string
  /** The same words for a provider that takes an agreed template and its parameters instead of a text; SMS only. */
  template?: Template
  /** After this instant it is not worth reading any more, so no provider may keep it longer. */
  expiresAt?: Instant
}

/** A sentence that was agreed with the provider, by its name in the words and its language, and what fills its gaps. */
export interface Template {
  /** "failing/zh-CN" */
  id: string
  /** In the order of their gaps in the sentence. */
  parameters: { name: string; value: string }[]
}

/** What a chat shows of one update; plain texts, nothing in them is markup. */
export interface ChatParts {
  heading: string
  body: string
  facts: { label: string; value: string }[]
  link?: { label: string; url: string }
}

/** What is stored before the first attempt and sent, byte for byte, at every attempt. */
export interface FrozenBatch {
  id: string
  /** The same over all attempts. */
  key: string
  /** What `freeze` made, as it was stored. */
  bytes: Buffer
  /** In the order of the messages inside the bytes. */
  deliveryIds: string[]
  /** What time it is for what is inside, when that is not now: no clock that was set since makes a message too old. */
  at?: Instant
  /** What requests to this address are signed with, sealed, the newest first. No part of the bytes: a rotation counts for retries too. */
  secrets?: readonly string[]
}

/** What `freeze` wrote as JSON. Throws when the bytes are none. */
export const readFrozen = <T>(bytes: Buffer): T => JSON.parse(bytes.toString())

/** What became of one delivery of a batch. */
export type Receipt =
  | {
      deliveryId: string
      state: 'sent'
      providerId: string | null
      /** What else a person should know of it, for the row's reason. */
      note?: string
    }
  | {
      deliveryId: string
      state: 'failed' | 'suppressed' | 'expired'
      reason: string
      closesAddress?: boolean
      /** Set when nobody listens at this address any more: it is switched off until its owner switches it on again. */
      disablesAddress?: boolean
    }

/** A callback of the provider, verified and read. `eventId` makes a replay harmless; `state` is folded in by rank. */
export interface ReceiptEvent {
  eventId: string
  deliveryId: string | null
  providerId: string | null
  state: DeliveryState
  reason: string | null
  closesAddress?: boolean
  /** Set when the event is about an address and no delivery of ours. */
  address?: string
  /** Set when it did not arrive and one more try may: how long to wait first, and how many such tries at the most. */
  again?: { afterSeconds: number; times: number }
  /** Set when nobody was reached at this address, which closes it when it has gone on for several notices. */
  unreachable?: boolean
  /** Set when nothing goes out on this channel until the account is put right. */
  stopsChannel?: boolean
}

/** What a provider said, as text that every record keeps: PostgreSQL takes no U+0000, and a log is one line. */
export const sayable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')

/**
 * The whole batch did not go through. `permanent`: the same bytes will never be taken. `stopsChannel`: nothing on this
 * channel will (a wrong key, a used-up quota). `outcomeUnknown`: it may have been accepted. `unanswered`: the provider
 * said nothing at all, so this tells nothing about the account. `separable`: refused as a whole for what is inside, and
 * certainly not taken, so that each message may be tried alone.
 */
export class DeliveryFailed extends Error {
  readonly reason: string
  readonly permanent: boolean
  readonly stopsChannel: boolean
  readonly outcomeUnknown: boolean
  readonly unanswered: boolean
  readonly separable: boolean
  readonly retryAfterSeconds: number | undefined
  constructor(
    reason: string,
    more: {
      permanent?: boolean
      stopsChannel?: boolean
      outcomeUnknown?: boolean
      unanswered?: boolean
      separable?: boolean
      retryAfterSeconds?: number
    } = {},
  ) {
    super(reason)
    this.name = 'DeliveryFailed'
    this.reason = sayable(reason)
    this.permanent = more.permanent ?? false
    this.stopsChannel = more.stopsChannel ?? false
    this.outcomeUnknown = more.outcomeUnknown ?? false
    this.unanswered = more.unanswered ?? false
    this.separable = more.separable ?? false
    this.retryAfterSeconds = more.retryAfterSeconds
  }
}

/** A text that somebody sent back to us. */
interface InboundText {
  /** The provider's id: the same text delivered twice bears it twice. */
  messageId: string
  /** In the channel's normal form. */
  from: string
  text: string
  /** The provider's own reading, such as Twilio's "STOP", where it has one. */
  optOutType: string | null
}

export interface RawRequest {
  method: string
  /** Path and query as they came; the public address stands in front of it when a signature covers the URL. */
  path: string
  headers: Record<string, string | undefined>
  body: string
}

/** What an answer says about the pace that its provider allows. */
export interface Pace {
  /** Requests a second; null when it says nothing. */
  perSecond: number | null
}

export interface Channel {
  /** Written in the ledger; never renamed. */
  name: string
  /** The other provider of this channel, to which its messages go while the first takes none. Its own `name` is the same. */
  fallback?: Channel
  /** Under which name its pace and its stops are kept, when that is not `name`. */
  account?: string
  /** "off" says why in `offReason`; "letterbox" keeps messages for staff to read instead of sending. */
  provider: string
  offReason: string | null
  confirmation: 'link' | 'code' | 'none'
  /** Messages in one request, at the most. */
  batchSizeMax: number
  /** Requests (mail) or segments (SMS) a second, until an answer says otherwise; Infinity when nothing limits it. */
  perSecond: number
  /** Never more than this a second, whatever an answer allows; nothing limits it when left out. */
  perSecondMax?: number
  /** How much of `perSecond` these bytes use up; one when left out. */
  cost?(bytes: Buffer): number
  /** A message older than this is not sent any more: late news does harm, and a provider forgets its keys. */
  expiresAfterMs: number
  /** How long one send may take, in milliseconds, before its outcome counts as unknown. */
  sendTimeoutMs: number
  /** Whether sending the same batch key again is harmless at the provider. When not, an unknown outcome is never retried blindly. */
  idempotent: boolean
  /** How long the provider surely knows a key again, in milliseconds: some time later the same key would send twice. */
  keyKeptMs?: number
  /**
   * Set when each address is a server of its own: what one answers says nothing of the others, so each waits for itself,
   * and is switched off by itself when it has failed for long. It has an owner, who is written
   * to by mail. `restMs` is the least time between two messages to one address, in milliseconds.
   */
  perAddress?: { restMs: number }
  /** A new secret for a new address, shown to its owner once; what requests are signed with. */
  newSecret?(): string
  /** Whether an address may come with a secret of its own that requests are to be signed with. */
  takesSecret?: boolean
  /** Whether several updates that wait for one address become one message. */
  mergesUpdates?: boolean
  /** Waits after the 1st, 2nd, … failed attempt, in milliseconds, where they are not the usual ones. */
  waitsMs?: readonly number[]
  /** Batches on their way at once, at the most, where it is more than usual. */
  lanes?: number
  /** The address in the form the record keeps: normal, and sealed where it is a secret. Throws AppError('invalid', a sentence). */
  parse(input: string): string
  /** What an address looks like, for a form, where not everybody knows. */
  example?: string
  /** The exact request for these messages; stored before the first attempt. */
  freeze(messages: Message[]): string
  /** Each message of a batch as the bytes of a batch of its own, for this provider or the other one of the channel. */
  split?(bytes: Buffer): string[]
  /** Sends; one receipt per delivery, or DeliveryFailed for the batch. Throws nothing else. `heard` is told what an answer says of the pace. */
  send(batch: FrozenBatch, heard?: (pace: Pace) => void): Promise<Receipt[]>
  /**
   * What the provider knows of a batch whose outcome is unknown: an event for each message that fits it and was made
   * since `since`, oldest first; null when the provider could not be asked. Throws nothing. A message may fit several
   * batches with the same words to the same address: the ledger gives each to one of them.
   */
  lookUp?(batch: FrozenBatch, since: Instant): Promise<ReceiptEvent[] | null>
  /** "template" when the provider takes agreed templates and their parameters; texts when left out. */
  mode?: 'text' | 'template'
  /** Callbacks the provider makes: verified against its signature (AppError forbidden), read into events. */
  callback?: { path: string; read(request: RawRequest): Promise<ReceiptEvent[]> }
  /** Lets go of connections that are kept open; nothing is sent afterwards. */
  close?(): void
  /** Texts that people send back: verified like callbacks; null when there is no text in it. */
  inbound?: { path: string; read(request: RawRequest): InboundText | null }
}

/** Under which name a provider's pace and stops are kept. */
export const accountOf = ({ account, name }: Pick<Channel, 'account' | 'name'>): string => account ?? name

/** A channel by each of its providers, the first before the other. */
export const providersOf = (channel: Channel): Channel[] => (channel.fallback ? [channel, channel.fallback] : [channel])
