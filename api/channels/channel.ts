import type { DeliveryState } from '#api/db/schema.ts'
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
  /** Chat only: the parts of what `text` says in one. */
  chat?: ChatParts
  text: string
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
  /** What `freeze` made. */
  bytes: string
  /** In the order of the messages inside the bytes. */
  deliveryIds: string[]
  /** What requests to this address are signed with, sealed, the newest first. No part of the bytes: a rotation counts for retries too. */
  secrets?: readonly string[]
}

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
      state: 'failed' | 'suppressed'
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
}

/**
 * The whole batch did not go through. `permanent`: the same bytes will never be taken. `stopsChannel`: nothing on this
 * channel will (a wrong key, a used-up quota). `outcomeUnknown`: it may have been accepted. `unanswered`: the provider
 * said nothing at all, so this tells nothing about the account.
 */
export class DeliveryFailed extends Error {
  readonly reason: string
  readonly permanent: boolean
  readonly stopsChannel: boolean
  readonly outcomeUnknown: boolean
  readonly unanswered: boolean
  readonly retryAfterSeconds: number | undefined
  constructor(
    reason: string,
    more: {
      permanent?: boolean
      stopsChannel?: boolean
      outcomeUnknown?: boolean
      unanswered?: boolean
      retryAfterSeconds?: number
    } = {},
  ) {
    super(reason)
    this.name = 'DeliveryFailed'
    this.reason = reason
    this.permanent = more.permanent ?? false
    this.stopsChannel = more.stopsChannel ?? false
    this.outcomeUnknown = more.outcomeUnknown ?? false
    this.unanswered = more.unanswered ?? false
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

export interface Channel {
  /** Written in the ledger; never renamed. */
  name: string
  /** "off" says why in `offReason`; "letterbox" keeps messages for staff to read instead of sending. */
  provider: string
  offReason: string | null
  confirmation: 'link' | 'code' | 'none'
  /** Messages in one request, at the most. */
  batchSizeMax: number
  /** Requests (mail) or segments (SMS) a second; Infinity when nothing limits it. */
  perSecond: number
  /** How much of `perSecond` these bytes use up; one when left out. */
  cost?(bytes: string): number
  /** A message older than this is not sent any more: late news does harm, and a provider forgets its keys. */
  expiresAfterMs: number
  /** How long one send may take, in milliseconds, before its outcome counts as unknown. */
  sendTimeoutMs: number
  /** Whether sending the same batch key again is harmless at the provider. When not, an unknown outcome is never retried blindly. */
  idempotent: boolean
  /**
   * Set when each address is a server of its own: what one answers says nothing of the others, so each waits for itself,
   * one message at a time, and is switched off by itself when it has failed for long. It has an owner, who is written
   * to by mail. `restMs` is the least time between two messages to one address, in milliseconds.
   */
  perAddress?: { restMs: number }
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
  /** Sends; one receipt per delivery, or DeliveryFailed for the batch. Throws nothing else. */
  send(batch: FrozenBatch): Promise<Receipt[]>
  /** Callbacks the provider makes: verified against its signature (AppError forbidden), read into events. */
  callback?: { path: string; read(request: RawRequest): Promise<ReceiptEvent[]> }
  /** Texts that people send back: verified like callbacks; null when there is no text in it. */
  inbound?: { path: string; read(request: RawRequest): InboundText | null }
}
