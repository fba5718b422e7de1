import type { ReceiptEvent } from '../channel.ts'
import { readFailure } from './errors.ts'

/** Twilio's words for how far a message has come: twilio.com/docs/messaging/api/message-resource. */
const states: Record<string, ReceiptEvent['state']> = {
  accepted: 'sent',
  queued: 'sent',
  scheduled: 'sent',
  sending: 'sent',
  sent: 'sent',
  delivered: 'delivered',
  partially_delivered: 'delivered',
  read: 'delivered',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
}

/** What Twilio says of one message, in a callback or in a list; null when it is a word we do not know. */
export function eventOf(
  { sid, status, errorCode }: { sid: string; status: string; errorCode: number | null },
  deliveryId: string | null,
): ReceiptEvent | null {
  const state = states[status]
  if (!state) return null
  const said = state === 'failed' ? readFailure(errorCode, status) : { state, reason: null }
  return { eventId: `${sid}:${status}`, deliveryId, providerId: sid, ...said }
}

/** What a status callback says. */
export function eventsOf(form: Record<string, string>, deliveryId: string | null): ReceiptEvent[] {
  const { MessageSid: sid, MessageStatus, SmsStatus, ErrorCode } = form
  const event = sid
    ? eventOf({ sid, status: MessageStatus ?? SmsStatus ?? '', errorCode: Number(ErrorCode) || null }, deliveryId)
    : null
  return event ? [event] : []
}
