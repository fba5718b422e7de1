import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { wrongIn } from './resend-shape.ts'
import { type Answer, type Faults, openWire, type WireServer } from './server.ts'

/** One mail as it arrived. */
export interface WireMail {
  id: string
  from: string
  to: string
  subject: string
  html: string
  text: string
  headers: Record<string, string>
  tags: { name: string; value: string }[]
}

/** One accepted request, or one that was answered from memory by its key. */
export interface WireBatch {
  key: string
  mails: WireMail[]
  replay: boolean
}

export interface WireResend extends WireServer {
  apiKey: string
  webhookSecret: string
  batches: WireBatch[]
  /** Everything that was delivered to an address: a replay delivers nothing. */
  mailTo(address: string): WireMail[]
  /** All mails that were delivered. */
  mails(): WireMail[]
  /** How many requests got a real 429: more than `requestsPerSecond` in one second. */
  refusedForPace(): number
  /** A callback with its signature: the body and the headers to post it with. */
  callback(type: string, data: Record<string, unknown>, id?: string): { body: string; headers: Record<string, string> }
}

interface ResendOptions {
  faults?: Faults
  /** Named in the headers and kept to: more in any one second get a 429. Without it the headers name 1000 and nothing is refused. */
  requestsPerSecond?: number
  /** The provider's clock, in milliseconds: it forgets a key 24 hours after it came, and counts requests by it. */
  now?: () => number
  /** Whether mails are remembered with their texts; false keeps who got them, for very many. */
  texts?: boolean
}

const batchSizeMax = 100
const keyKeptMs = 24 * 3_600_000
const unlimited = 1_000

/** Stands in for api.resend.com: bearer, shape, batches, permissive validation, idempotency keys, rate. */
export async function openResend(apiKey = 're_test_key', options: ResendOptions = {}): Promise<WireResend> {
  const { now = Date.now, requestsPerSecond, texts = true } = options
  const batches: WireBatch[] = []
  const known = new Map<string, { hash: string; answer: unknown; at: number }>()
  /** Keys whose first request is not answered yet, and by which request they are held. */
  const open = new Map<string, IncomingMessage>()
  /** When the requests of the last second came. */
  let recent: number[] = []
  let refusedForPace = 0
  const rate = () => ({
    'ratelimit-limit': String(requestsPerSecond ?? unlimited),
    'ratelimit-remaining': String(Math.max((requestsPerSecond ?? unlimited) - recent.length, 0)),
    'ratelimit-reset': '1',
  })
  const problem = (statusCode: number, name: string, message: string, headers = {}): Answer => ({
    status: statusCode,
    body: { statusCode, name, message },
    headers: { ...rate(), ...headers },
  })
  const keyOf = (req: IncomingMessage) => String(req.headers['idempotency-key'] ?? '')
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

  /** All that is refused before any work: who asks, what for, how often, and under which key. */
  function enter(req: IncomingMessage, text: string): Answer | null {
    if (requestsPerSecond !== undefined) {
      const at = now()
      recent = recent.filter((one) => one > at - 1_000)
      if (recent.length >= requestsPerSecond) {
        refusedForPace++
        return problem(429, 'rate_limit_exceeded', 'Too many requests.', { 'retry-after': '1' })
      }
      recent.push(at)
    }
    const bearer = req.headers.authorization?.replace(/^Bearer /, '')
    if (!bearer) return problem(401, 'missing_api_key', 'Missing API key in the authorization header.')
    if (bearer !== apiKey) return problem(403, 'invalid_api_key', 'API key is invalid.')
    if (req.url !== '/emails/batch') return problem(404, 'not_found', 'The requested endpoint does not exist.')
    if (req.method !== 'POST') return problem(405, 'method_not_allowed', 'This endpoint takes POST.')
    const key = keyOf(req)
    if (key.length < 1 || key.length > 256)
      return problem(400, 'invalid_idempotency_key', 'The key must be between 1 and 256 characters.')
    if (open.has(key))
      return problem(409, 'concurrent_idempotent_requests', 'A request with this key is still in progress.')
    const before = known.get(key)
    if (before && before.at <= now() - keyKeptMs) known.delete(key)
    else if (before && before.hash !== hashOf(text))
      return problem(409, 'invalid_idempotent_request', 'The key was used with another payload.')
    open.set(key, req)
    return null
  }

  function answer(req: IncomingMessage, text: string): Answer {
    const key = keyOf(req)
    const before = known.get(key)
    if (before) {
      batches.push({ key, mails: [], replay: true })
      return { status: 200, body: before.answer, headers: rate() }
    }
    const mails: unknown = parsed(text)
    if (!Array.isArray(mails) || !mails.length)
      return problem(422, 'validation_error', 'The body must be an array of emails.')
    if (mails.length > batchSizeMax) return problem(422, 'validation_error', 'A batch holds 100 emails at the most.')
    const errors: { index: number; message: string }[] = []
    const taken: WireMail[] = []
    for (const [index, mail] of mails.entries()) {
      const message = wrongIn(mail)
      if (message) errors.push({ index, message })
      else taken.push(asArrived(mail as ArrivingMail, texts))
    }
    if (errors.length && req.headers['x-batch-validation'] !== 'permissive')
      return problem(422, 'validation_error', errors[0]!.message)
    const said = { data: taken.map(({ id }) => ({ id })), ...(errors.length ? { errors } : {}) }
    known.set(key, { hash: hashOf(text), answer: said, at: now() })
    batches.push({ key, mails: taken, replay: false })
    return { status: 200, body: said, headers: rate() }
  }

  const server = await openWire(
    answer,
    (status) => ({
      statusCode: status,
      name: status === 429 ? 'rate_limit_exceeded' : status >= 500 ? 'internal_server_error' : 'validation_error',
      message: 'It was told to fail.',
    }),
    {
      faults: options.faults,
      keyOf,
      enter,
      leave(req) {
        if (open.get(keyOf(req)) === req) open.delete(keyOf(req))
      },
    },
  )
  const secret = Buffer.from('a secret that only this test knows').toString('base64')
  return {
    ...server,
    apiKey,
    webhookSecret: `whsec_${secret}`,
    batches,
    mailTo: (address) => batches.flatMap(({ mails }) => mails).filter(({ to }) => to === address),
    mails: () => batches.flatMap(({ mails }) => mails),
    refusedForPace: () => refusedForPace,
    callback(type, data, id = `msg_${randomUUID()}`) {
      const body = JSON.stringify({ type, created_at: new Date().toISOString(), data })
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(`${id}.${timestamp}.${body}`)
      return {
        body,
        headers: {
          'content-type': 'application/json',
          'svix-id': id,
          'svix-timestamp': timestamp,
          'svix-signature': `v1,${signature.digest('base64')}`,
        },
      }
    },
  }
}

type ArrivingMail = Omit<WireMail, 'id' | 'to'> & { to: string | string[] }

function asArrived(mail: ArrivingMail, texts: boolean): WireMail {
  const to = typeof mail.to === 'string' ? mail.to : mail.to[0]!
  return { ...mail, ...(texts ? {} : { html: '', text: '', headers: {} }), to, id: randomUUID() }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The settings with which the real SDK finds this server. */
export const resendEnv = (wire: WireResend): Record<string, string> => ({
  RESEND_API_KEY: wire.apiKey,
  RESEND_BASE_URL: wire.url,
  RESEND_WEBHOOK_SECRET: wire.webhookSecret,
  RESEND_REQUESTS_PER_SECOND: '1000',
  EMAIL_FROM: 'Hezhou status <status@hezhou.example>',
})
