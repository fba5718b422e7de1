import type { Generated } from 'kysely'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'

// Who is told, and what became of each message. The marks are those of schema.ts.
type Json = string
type Flag = number

export type DeliveryState =
  | 'queued'
  | 'sending'
  | 'sent'
  | 'delivered'
  | 'delayed'
  | 'bounced'
  | 'complained'
  | 'suppressed'
  | 'failed'
  | 'unknown'
  | 'expired'
  | 'superseded'
  | 'skipped'

export interface Ledger {
  subscriber: {
    id: string
    channel: string
    /** In the channel's normal form: lower-case mail address, E.164 number. */
    address: string
    locale: Locale
    everything: Flag
    generation: number
    createdAt: Instant
    confirmedAt: Instant | null
    closedAt: Instant | null
    closedReason: string | null
    consentAt: Instant | null
    consentWording: string | null
  }
  subscriberComponent: { subscriberId: string; componentId: string }
  /** A question we asked an address: "was it you?". What was chosen is applied when it is answered. */
  confirmation: {
    id: string
    subscriberId: string
    kind: 'link' | 'code'
    secretHash: string
    choice: Json
    attempts: number
    createdAt: Instant
    expiresAt: Instant
    usedAt: Instant | null
  }
  /** What a webhook or a robot in a chat has beside its subscription, from its confirmation on. */
  endpoint: {
    subscriberId: string
    /** The mail address of whoever answers for it. */
    owner: string
    /** Sealed: what its requests are signed with; null where nothing is signed. */
    secret: string | null
    /** Sealed: signs beside the new one until `oldSecretUntil`, so that its owner can change over. */
    oldSecret: string | null
    oldSecretUntil: Instant | null
    /** The first failure of those that may make it count as failing; null after a success. */
    firstFailedAt: Instant | null
    /** Since when it counts as failing: many failures over half a day, and no success. */
    failingSince: Instant | null
    /** Switched off by us, and why; its subscription is closed meanwhile. */
    disabledAt: Instant | null
    disabledReason: string | null
    /** Nothing is sent to it earlier. */
    nextSendAt: Instant | null
  }
  suppression: { channel: string; address: string; reason: string; source: string; createdAt: Instant }
  rateCount: { key: string; windowStart: Instant; count: number }

  notice: {
    id: string
    /** The outbox row it was made of; null for a message to one person (a confirmation), which no outbox row announces. */
    seq: number | null
    kind: string
    incidentId: string | null
    updateId: string | null
    audience: Json | null
    /** How far the expansion came: "<channel>:<last subscriber id>". */
    cursor: string
    createdAt: Instant
    expandedAt: Instant | null
    /** When no delivery of it waits for a batch any more. */
    frozenAt: Instant | null
    /** Since when nothing of it is sent, and why, until a person decides; null when nothing stands against it. */
    heldAt: Generated<Instant | null>
    heldReason: Generated<string | null>
    /** When a person looked at what did not arrive and left it as it was: what ended later is shown to them again. */
    seenAt: Generated<Instant | null>
    /** When a person ended it, and what its rows say then: what still waits is not sent. */
    endedAt: Generated<Instant | null>
    endedReason: Generated<string | null>
    /** Until when it is worth sending, where that is sooner than its channel says: a code is dead after ten minutes. */
    expiresAt: Generated<Instant | null>
    /** Not before this: what is folded into one message is gathered until then, and its age counts from then. */
    dueAt: Generated<Instant | null>
    /** Names a message into which others are folded, so that there is one of it: "<channel> <due>". */
    foldKey: Generated<string | null>
    /** Mails of it that had bounced, and that had an outcome, when a person let it go on. */
    bouncesSeen: Generated<number | null>
    outcomesSeen: Generated<number | null>
  }
  /** One notice to one address. Written before the send, kept after it. */
  delivery: {
    id: string
    noticeId: string
    channel: string
    subscriberId: string
    address: string
    locale: Locale
    state: DeliveryState
    batchId: string | null
    position: number | null
    reason: string | null
    providerId: string | null
    possibleDuplicate: Flag
    createdAt: Instant
    updatedAt: Instant
    sentAt: Instant | null
    /** When a person last asked for one more attempt: its age counts from then. */
    askedAt: Generated<Instant | null>
    /** When it is tried again because the network did not deliver it; null when it is not. */
    againAt: Generated<Instant | null>
    /** How often it was tried again for that. */
    resends: Generated<number>
    /** The address of a message to one person, by which it is found; null in a fan-out, whose rows are found by their subscriber. */
    directTo: Generated<string | null>
    /** The delivery whose message tells this too, when it is not sent by itself. */
    foldedInto: Generated<string | null>
  }
  /** How a delivery had ended before a person asked for one more attempt. */
  earlierTry: {
    id: string
    deliveryId: string
    batchId: string | null
    state: DeliveryState
    reason: string | null
    providerId: string | null
    sentAt: Instant | null
    endedAt: Instant
    askedAt: Instant
  }
  /** Deliveries that go in one request: membership, order and bytes stand before the first attempt. */
  batch: {
    id: string
    noticeId: string
    channel: string
    /** Whom the bytes were written for, where a channel has more than one provider; null means its first. */
    provider: Generated<string | null>
    size: number
    /** The exact request, until the batch is final; its hash stays. */
    bytes: string | null
    bytesHash: string
    state: 'ready' | 'sending' | 'final' | 'unknown'
    /** 0 goes first: somebody waits for a confirmation; 1 is a notice to many. */
    priority: number
    attempts: number
    nextAttemptAt: Instant
    leaseOwner: string | null
    leaseUntil: Instant | null
    createdAt: Instant
    finalAt: Instant | null
    /** When a person asked for the attempts of this batch; null for the notice's own. */
    askedAt: Generated<Instant | null>
    /** When the provider is next asked what became of it, while its outcome is unknown; null when it is not. */
    nextLookAt: Generated<Instant | null>
    /** When the program gave up finding out: a person decides. */
    lookEndedAt: Generated<Instant | null>
    /** When it was sent once more without knowing whether the first was accepted; never twice. */
    blindRetryAt: Generated<Instant | null>
  }
  attempt: {
    id: string
    batchId: string
    number: number
    startedAt: Instant
    endedAt: Instant | null
    outcome: string | null
    detail: string | null
  }
  /** How a provider of a channel stands; the channel's name stands for its first. */
  channelState: {
    channel: string
    stoppedAt: Instant | null
    stoppedReason: string | null
    nextSendAt: Instant | null
    /** Requests a second that its last answer allowed. */
    perSecond: Generated<number | null>
    /** Since when it has answered nothing but trouble, where another provider could take over. */
    silentSince: Generated<Instant | null>
  }
  /** Callbacks already folded in, so that a replay changes nothing. */
  providerEvent: {
    channel: string
    eventId: string
    receivedAt: Instant
    /** What it said of which delivery; null when it was about none of ours. */
    deliveryId: Generated<string | null>
    state: Generated<string | null>
    reason: Generated<string | null>
  }
}
