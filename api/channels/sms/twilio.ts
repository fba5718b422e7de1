import type twilio from 'twilio'
import { AppError } from '#api/errors.ts'
import type { Clock } from '#api/lib/clock.ts'
import { load } from '#api/lib/load.ts'
import { dayMs, type Instant, toMs } from '#api/lib/time.ts'
import { deriveToken, readToken } from '#api/lib/tokens.ts'
import { type Channel, DeliveryFailed, type RawRequest, readFrozen } from '../channel.ts'
import { judge } from './errors.ts'
import { exampleNumber, parseNumber } from './number.ts'
import { fits, orderOf, type SmsRequest, type SmsSender, smsExpiresAfterMs, smsRequest } from './request.ts'
import { smsLength } from './segments.ts'
import { eventOf, eventsOf } from './status.ts'

const timeoutMs = 15_000
/** A list that takes longer is asked for again later: nobody waits for it. */
const listTimeoutMs = 8_000
/** Messages to one number that are looked through, newest first. */
const listMax = 200
const statusPurpose = 'sms-status'

interface TwilioSettings {
  accountSid: string
  authToken: string
  sender: SmsSender
  /** Content templates (HX…) by the sentence and language they stand for, such as "failing/en"; empty sends texts. */
  contentSids: ReadonlyMap<string, string>
  baseUrl: string | null
  segmentsPerSecond: number
  publicUrl: string
  secretKeys: string[]
  /** Whose numbers are served; the first reads numbers without a country. */
  countries: readonly string[]
  clock: Clock
}

/** An answer that is no success, with the header that the SDK's own exception leaves out. */
class Answered extends Error {
  readonly status: number
  readonly code: number | null
  readonly retryAfterSeconds: number | undefined
  constructor(status: number, body: unknown, retryAfter: unknown) {
    super(`Twilio answered ${status}.`)
    this.status = status
    let parsed = body
    if (typeof body === 'string') {
      try {
        parsed = JSON.parse(body)
      } catch {
        parsed = null
      }
    }
    const code = (parsed as { code?: unknown } | null)?.code
    this.code = typeof code === 'number' ? code : null
    const seconds = Number(retryAfter ?? Number.NaN)
    this.retryAfterSeconds = Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3_600) : undefined
  }
}

const twilioSdk = () => load<typeof twilio>('twilio')

function clientOf(sdk: typeof twilio) {
  return class Client extends sdk.RequestClient {
    readonly #baseUrl: string | null
    constructor(baseUrl: string | null) {
      super({ timeout: timeoutMs })
      this.#baseUrl = baseUrl
    }
    override async request<T>(options: Parameters<InstanceType<typeof twilio.RequestClient>['request']>[0]) {
      const { pathname, search } = new URL(options.uri)
      const uri = this.#baseUrl ? `${this.#baseUrl.replace(/\/+$/, '')}${pathname}${search}` : options.uri
      const timeout = options.method === 'get' ? listTimeoutMs : timeoutMs
      const response = await super.request<T>({ ...options, uri, timeout } as Parameters<
        InstanceType<typeof twilio.RequestClient>['request']
      >[0] & { data?: T })
      if (response.statusCode >= 400)
        throw new Answered(response.statusCode, response.body, response.headers?.['retry-after'])
      return response
    }
  }
}

/** The connection was never made: nothing was sent, and trying again is safe. */
const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** SMS through Twilio, one message per request: Twilio has no idempotency key, so a lost answer is never tried again blindly. */
export function twilioChannel(settings: TwilioSettings): Channel {
  const sdk = twilioSdk()
  const Client = clientOf(sdk)
  const client = sdk(settings.accountSid, settings.authToken, { httpClient: new Client(settings.baseUrl) })
  return {
    name: 'sms',
    provider: 'twilio',
    offReason: null,
    confirmation: 'code',
    batchSizeMax: 1,
    perSecond: settings.segmentsPerSecond,
    cost: (bytes) => smsLength(readFrozen<SmsRequest>(bytes).body).segments,
    expiresAfterMs: smsExpiresAfterMs,
    sendTimeoutMs: timeoutMs,
    idempotent: false,
    mode: settings.contentSids.size ? 'template' : 'text',
    parse: (input) => parseNumber(input, settings.countries),
    example: exampleNumber(settings.countries[0] ?? ''),
    freeze([message]) {
      const callback = new URL('/hooks/twilio/status', settings.publicUrl)
      callback.searchParams.set('d', deriveToken(settings.secretKeys, statusPurpose, message!.deliveryId, 0))
      return JSON.stringify(smsRequest(message!, callback.href, settings.sender, settings.contentSids))
    },
    async send(batch) {
      const deliveryId = batch.deliveryIds[0]!
      try {
        const order = orderOf(readFrozen<SmsRequest>(batch.bytes), batch.at ?? settings.clock.now())
        if (!order) return [{ deliveryId, state: 'expired', reason: 'too old to be sent' }]
        const { sid } = await client.messages.create(order)
        if (!sid) throw new DeliveryFailed('Twilio answered without an id.', { outcomeUnknown: true })
        return [{ deliveryId, state: 'sent', providerId: sid }]
      } catch (error) {
        if (error instanceof DeliveryFailed) throw error
        if (error instanceof Answered) {
          const { status, code, retryAfterSeconds } = error
          const judged = judge(deliveryId, {
            status,
            code,
            ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
          })
          if (judged instanceof DeliveryFailed) throw judged
          return [judged]
        }
        const code = (error as { code?: unknown }).code
        const reason = `twilio ${typeof code === 'string' ? code : (error as Error).name}`
        const outcomeUnknown = typeof code !== 'string' || !neverConnected.has(code)
        throw new DeliveryFailed(reason, { outcomeUnknown, unanswered: true })
      }
    },
    async lookUp(batch, since) {
      const request = readFrozen<SmsRequest>(batch.bytes)
      const deliveryId = batch.deliveryIds[0]!
      try {
        // What still waits in Twilio's queue has no date of sending, so a list by that date may leave it out.
        for (const days of [{ dateSentAfter: dayOf(since) }, {}]) {
          const listed = await client.messages.list({ to: request.to, ...days, pageSize: 100, limit: listMax })
          const found = listed
            .filter((message) => fits(request, message, since))
            .sort((a, b) => a.dateCreated.getTime() - b.dateCreated.getTime())
            .flatMap((message) => eventOf({ ...message, errorCode: message.errorCode || null }, deliveryId) ?? [])
          if (found.length) return found
        }
        return []
      } catch {
        return null
      }
    },
    callback: {
      path: '/hooks/twilio/status',
      read: async (request) => {
        const form = verifyTwilioSignature(settings.authToken, settings.publicUrl, request)
        const token = new URL(request.path, settings.publicUrl).searchParams.get('d') ?? ''
        return eventsOf(form, readToken(settings.secretKeys, statusPurpose, token)?.subject ?? null)
      },
    },
    inbound: {
      path: '/hooks/twilio/inbound',
      read(request) {
        const form = verifyTwilioSignature(settings.authToken, settings.publicUrl, request)
        const { MessageSid: messageId, From: from, Body: text = '', OptOutType: optOutType = null } = form
        return messageId && from ? { messageId, from, text, optOutType } : null
      },
    },
  }
}

/**
 * Reads a form that Twilio posted. The signature covers the address as Twilio called it, which behind a proxy only
 * PUBLIC_URL knows. Throws AppError('forbidden') when it does not fit.
 */
function verifyTwilioSignature(authToken: string, publicUrl: string, request: RawRequest): Record<string, string> {
  const form = Object.fromEntries(new URLSearchParams(request.body))
  const signature = request.headers['x-twilio-signature'] ?? ''
  if (!twilioSdk().validateRequest(authToken, signature, `${publicUrl}${request.path}`, form))
    throw new AppError('forbidden', 'The signature of this callback does not fit.')
  return form
}

/** Midnight of the day before an instant, UTC: Twilio filters by days, and its clock is not ours. */
const dayOf = (instant: Instant): Date => new Date(Math.floor(toMs(instant) / dayMs) * dayMs - dayMs)
