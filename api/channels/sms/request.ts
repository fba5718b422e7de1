import { cutText } from '#api/lib/cut.ts'
import { type Instant, minuteMs, secondMs, toMs } from '#api/lib/time.ts'
import type { Message } from '../channel.ts'

/** Half an hour: an outage notice that comes ten hours late, Twilio's default, does harm. */
export const smsExpiresAfterMs = 30 * minuteMs
/** Twilio advises against a shorter validity, in seconds: what has less left is not sent. */
const validityMin = 5
/** Twilio refuses a longer text. */
const bodyMax = 1_600
/** Our clock and Twilio's may differ by this much. */
const skewMs = minuteMs

export type SmsSender = { messagingServiceSid: string } | { from: string }

/** The one message of a batch, as it is stored before its first attempt. */
export interface SmsRequest {
  to: string
  /** What is read, also where Twilio puts it together from a template. */
  body: string
  statusCallback: string
  /**
   * The end of its validity stands here as an instant and not as seconds, so that the stored bytes are the same over all
   * attempts while each attempt asks Twilio for what is left of the half hour.
   */
  expiresAt?: Instant
  messagingServiceSid?: string
  from?: string
  contentSid?: string
  /** JSON: the parameters by their place, {"1": …}. */
  contentVariables?: string
}

/** The message as it is stored; a template is used where Twilio has one for these words in this language. */
export function smsRequest(
  { address, text, expiresAt, template }: Message,
  statusCallback: string,
  sender: SmsSender,
  contentSids: ReadonlyMap<string, string>,
): SmsRequest {
  const contentSid = template && contentSids.get(template.id)
  return {
    to: address,
    body: cutText(text, bodyMax),
    statusCallback,
    ...(expiresAt ? { expiresAt } : {}),
    ...sender,
    ...(contentSid
      ? {
          contentSid,
          contentVariables: JSON.stringify(
            Object.fromEntries(template.parameters.map(({ value }, place) => [place + 1, value])),
          ),
        }
      : {}),
  }
}

/** What is asked of Twilio at this moment; null when the message is too old to be sent. */
export function orderOf({ expiresAt, ...request }: SmsRequest, now: Instant) {
  const leftMs = expiresAt ? toMs(expiresAt) - toMs(now) : smsExpiresAfterMs
  const validityPeriod = Math.floor(Math.min(leftMs, smsExpiresAfterMs) / secondMs)
  if (validityPeriod < validityMin) return null
  if (!request.contentSid) return { ...request, validityPeriod }
  const { body: _, ...withTemplate } = request
  return { ...withTemplate, validityPeriod }
}

/** A message as Twilio lists it. */
export interface ListedSms {
  to: string
  body: string
  direction: string
  from: string | null
  messagingServiceSid: string | null
  dateCreated: Date
}

/**
 * Whether a message in Twilio's list may be this request, made since an instant: the same number, words and sender. Of
 * a template, whose sentence is kept at Twilio, every parameter has to stand in the words.
 */
export function fits(request: SmsRequest, listed: ListedSms, since: Instant): boolean {
  const sender = request.messagingServiceSid
    ? listed.messagingServiceSid === request.messagingServiceSid
    : listed.from === request.from
  return (
    sender &&
    listed.to === request.to &&
    listed.direction.startsWith('outbound') &&
    listed.dateCreated.getTime() >= toMs(since) - skewMs &&
    sameWords(request, listed.body)
  )
}

function sameWords({ body, contentVariables }: SmsRequest, listed: string): boolean {
  if (!contentVariables) return listed === body
  const values: Record<string, string> = JSON.parse(contentVariables)
  return Object.values(values).every((value) => listed.includes(value))
}
