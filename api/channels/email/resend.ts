import { Resend } from 'resend'
import { AppError } from '#api/errors.ts'
import { type Channel, DeliveryFailed, type FrozenBatch, type Receipt, type ReceiptEvent } from '../channel.ts'
import { parseEmail } from './address.ts'
import { allowedBy, judge, retryAfterOf } from './errors.ts'
import { freezeMails, isApiBody, readMails, type Sender, splitMails } from './mail.ts'

/** Resend takes this many mails in one request. */
const batchSizeMax = 100
/** The SDK has no timeout of its own. */
const timeoutMs = 15_000
/** Resend keeps an idempotency key for 24 hours, and would send again under it afterwards: an hour less is sure. */
const keyKeptMs = 23 * 3_600_000
/** Old news is not sent any more. */
export const mailExpiresAfterMs = 12 * 3_600_000
/** Requests a second until the first answer: the least that Resend ever allowed a team. */
const perSecondBefore = 2

interface ResendSettings extends Sender {
  apiKey: string
  baseUrl: string | null
  /** At the most; null leaves it to what the answers allow. */
  requestsPerSecond: number | null
  webhookSecrets: string[]
}

/** Mail through Resend: batches of 100 under one idempotency key each, one recipient per mail. */
export function resendChannel(settings: ResendSettings): Channel {
  const resend = new Resend(settings.apiKey, settings.baseUrl ? { baseUrl: settings.baseUrl } : {})

  /** The stored bytes are the request: the SDK's own call would read and write a megabyte once more for each hundred mails. */
  function post({ bytes, key }: FrozenBatch) {
    const signal = AbortSignal.timeout(timeoutMs)
    if (!isApiBody(bytes)) {
      const mails = readMails(bytes).map(({ reply_to, ...mail }) => ({
        ...mail,
        ...(reply_to && { replyTo: reply_to }),
      }))
      return resend.batch.send(mails, { batchValidation: 'permissive', idempotencyKey: key, signal })
    }
    return resend.fetchRequest<BatchAnswer>('/emails/batch', {
      method: 'POST',
      body: bytes,
      headers: {
        Authorization: `Bearer ${settings.apiKey}`,
        'User-Agent': resend.userAgent,
        'Content-Type': 'application/json',
        'x-batch-validation': 'permissive',
        'Idempotency-Key': key,
      },
      signal,
    })
  }

  return {
    name: 'email',
    provider: 'resend',
    offReason: null,
    confirmation: 'link',
    batchSizeMax,
    perSecond: settings.requestsPerSecond ?? perSecondBefore,
    ...(settings.requestsPerSecond === null ? {} : { perSecondMax: settings.requestsPerSecond }),
    keyKeptMs,
    expiresAfterMs: mailExpiresAfterMs,
    sendTimeoutMs: timeoutMs,
    idempotent: true,
    parse: parseEmail,
    freeze: (messages) => freezeMails(settings, messages),
    split: splitMails,
    async send(batch, heard) {
      const result = await post(batch)
      heard?.({ perSecond: allowedBy(result.headers) })
      if (result.error) throw judge(result.error, retryAfterOf(result.headers))
      return receiptsOf(batch, result.data)
    },
    callback: {
      path: '/hooks/resend',
      read: async (request) => {
        const headers = {
          id: request.headers['svix-id'] ?? '',
          timestamp: request.headers['svix-timestamp'] ?? '',
          signature: request.headers['svix-signature'] ?? '',
        }
        for (const webhookSecret of settings.webhookSecrets) {
          try {
            const event = resend.webhooks.verify({ payload: request.body, headers, webhookSecret })
            return eventsOf(headers.id, event as unknown as ResendEvent)
          } catch {
            // The next secret may be the one: two are valid while one is being replaced.
          }
        }
        throw new AppError('forbidden', 'The signature of this callback does not fit.')
      },
    },
  }
}

interface BatchAnswer {
  data?: { id: string }[]
  errors?: { index: number; message: string }[]
}

/** Ids come in the order of the mails that were taken; the others are named by their place. */
export function receiptsOf(batch: Pick<FrozenBatch, 'deliveryIds'>, answer: BatchAnswer | null): Receipt[] {
  const refused = new Map((answer?.errors ?? []).map(({ index, message }) => [index, message]))
  const ids = answer?.data ?? []
  if (ids.length + refused.size !== batch.deliveryIds.length)
    throw new DeliveryFailed('The answer does not fit the batch.', { outcomeUnknown: true })
  let taken = 0
  return batch.deliveryIds.map((deliveryId, index) => {
    const message = refused.get(index)
    if (message !== undefined) return { deliveryId, state: 'failed', reason: message.slice(0, 300) }
    return { deliveryId, state: 'sent', providerId: ids[taken++]!.id }
  })
}

/** The parts we read of resend.com/docs/webhooks. */
interface ResendEvent {
  type: string
  data: {
    email_id?: string
    email?: string
    origin?: string
    tags?: Record<string, string>
    bounce?: { type?: string; subType?: string }
    failed?: { reason?: string }
    suppressed?: { type?: string }
  }
}

/** What a callback says, as receipt events; none for what we do not follow (opened, clicked, contacts). */
export function eventsOf(eventId: string, { type, data }: ResendEvent): ReceiptEvent[] {
  const event = { eventId, deliveryId: data.tags?.delivery ?? null, providerId: data.email_id ?? null, reason: null }
  switch (type) {
    case 'email.sent':
      return [{ ...event, state: 'sent' }]
    case 'email.delivered':
      return [{ ...event, state: 'delivered' }]
    case 'email.delivery_delayed':
      return [{ ...event, state: 'delayed' }]
    case 'email.bounced':
      return [
        {
          ...event,
          state: 'bounced',
          reason: `bounced: ${data.bounce?.type ?? 'unknown'}/${data.bounce?.subType ?? 'unknown'}`,
          closesAddress: data.bounce?.type !== 'Transient',
        },
      ]
    case 'email.complained':
      return [{ ...event, state: 'complained', reason: 'marked as spam', closesAddress: true }]
    case 'email.failed':
      return [{ ...event, state: 'failed', reason: `failed: ${data.failed?.reason ?? 'unknown'}`.slice(0, 300) }]
    case 'email.suppressed':
      return [
        {
          ...event,
          state: 'suppressed',
          reason: `suppressed: ${data.suppressed?.type ?? 'unknown'}`,
          closesAddress: true,
        },
      ]
    case 'suppression.added':
      return data.email
        ? [
            {
              ...event,
              state: 'suppressed',
              reason: `suppressed: ${data.origin ?? 'unknown'}`,
              address: data.email.toLowerCase(),
              closesAddress: true,
            },
          ]
        : []
    default:
      return []
  }
}
