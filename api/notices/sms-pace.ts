import type { Channel } from '#api/channels/channel.ts'
import { senderRates } from '#api/config-sms.ts'
import { costOf, type Price } from '#api/lib/money.ts'
import { secondMs } from '#api/lib/time.ts'

/** What it takes to tell so many people by SMS. */
export interface SmsEstimate {
  segments: number
  /** What the sender carries; null when nothing limits it. */
  segmentsPerSecond: number | null
  /** How long the sending takes. */
  seconds: number
  /** How many people, about, it would not reach before the message is too old to be sent. */
  notReached: number
  /** Null when no price is set. */
  cost: { amountMinor: number; currency: string } | null
}

type Sender = Pick<Channel, 'perSecond' | 'expiresAfterMs'>

/** Estimates a send of `segments` to `people`. A network takes a fixed number of segments a second from one sender, and what waits too long is not sent any more. */
export function estimateSms(
  { people, segments }: { people: number; segments: number },
  { perSecond, expiresAfterMs }: Sender,
  price: Price | null,
): SmsEstimate {
  const carried = Math.floor((perSecond * expiresAfterMs) / secondMs)
  const left = Math.max(0, segments - carried)
  return {
    segments,
    segmentsPerSecond: Number.isFinite(perSecond) ? perSecond : null,
    seconds: Math.ceil(segments / perSecond),
    notReached: left ? Math.min(people, Math.ceil((left * people) / segments)) : 0,
    cost: price && costOf(price, segments),
  }
}

/**
 * A sentence when a sender cannot carry this many segments before they are too old to be sent, with how long each kind
 * of sender takes that could; null when it can.
 */
export function tooSlow(audience: { people: number; segments: number }, sender: Sender): string | null {
  const { segments, seconds, notReached, segmentsPerSecond } = estimateSms(audience, sender, null)
  if (!notReached) return null
  const kinds = [
    ['a toll-free number', senderRates.tollFree],
    ['a short code', senderRates.shortCode],
  ] as const
  const faster = kinds
    .filter(([, rate]) => rate > sender.perSecond)
    .map(([kind, rate]) => `${kind} (${rate} a second) takes ${timeOf(Math.ceil(segments / rate))}`)
  return [
    `The SMS take ${timeOf(seconds)} to send (${segments} segments, ${segmentsPerSecond} a second), but none is sent that is older than ${timeOf(sender.expiresAfterMs / secondMs)}:`,
    `about ${notReached} of ${audience.people} people would not be reached.`,
    faster.length ? `For comparison: ${faster.join(', ')}.` : '',
    'Set what your sender carries in TWILIO_SEGMENTS_PER_SECOND.',
  ]
    .filter(Boolean)
    .join(' ')
}

/** "1 minute", "31 minutes", and from two hours on "27.8 hours". */
function timeOf(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  if (minutes === 1) return '1 minute'
  return minutes < 120 ? `${minutes} minutes` : `${(Math.ceil(minutes / 6) / 10).toFixed(1)} hours`
}

/** Said where people are told by SMS and nobody set what that costs. */
export const noPrice = 'No price of an SMS segment is set (SMS_PRICE_PER_SEGMENT), so nobody can say what it costs.'
