import { createHash, createHmac, randomUUID } from 'node:crypto'
import { openWire, type WireServer } from './server.ts'

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
  /** A callback with its signature: the body and the headers to post it with. */
  callback(type: string, data: Record<string, unknown>, id?: string): { body: string; headers: Record<string, string> }
}

const batchSizeMax = 100
/** Domains that Resend refuses. */
const refusedDomains = /@(example|test)\.(com|net|org)$/

/** Stands in for api.resend.com: bearer, batches, permissive validation, idempotency keys, rate headers. */
export async function openResend(apiKey = 're_test_key'): Promise<WireResend> {
  const batches: WireBatch[] = []
  const known = new Map<string, { hash: string; answer: unknown }>()
  const rate = { 'ratelimit-limit': '5', 'ratelimit-remaining': '4', 'ratelimit-reset': '1' }
  const problem = (statusCode: number, name: string, message: string) => ({
    status: statusCode,
    body: { statusCode, name, message },
    headers: rate,
  })
  const server = await openWire(
    (req, text) => {
      const bearer = req.headers.authorization?.replace(/^Bearer /, '')
      if (!bearer) return problem(401, 'missing_api_key', 'Missing API key in the authorization header.')
      if (bearer !== apiKey) return problem(403, 'invalid_api_key', 'API key is invalid.')
      if (req.method !== 'POST' || req.url !== '/emails/batch')
        return problem(404, 'not_found', 'The requested endpoint does not exist.')
      const key = req.headers['idempotency-key']
      if (typeof key !== 'string' || key.length < 1 || key.length > 256)
        return problem(400, 'invalid_idempotency_key', 'The key must be between 1 and 256 characters.')
      const hash = createHash('sha256').update(text).digest('hex')
      const before = known.get(key)
      if (before && before.hash !== hash)
        return problem(409, 'invalid_idempotent_request', 'The key was used with another payload.')
      const mails = JSON.parse(text) as (Omit<WireMail, 'id' | 'to'> & { to: string | string[] })[]
      if (before) {
        batches.push({ key, mails: [], replay: true })
        return { status: 200, body: before.answer, headers: rate }
      }
      if (mails.length > batchSizeMax) return problem(422, 'validation_error', 'A batch holds 100 emails at the most.')
      const errors: { index: number; message: string }[] = []
      const taken: WireMail[] = []
      for (const [index, mail] of mails.entries()) {
        const to = Array.isArray(mail.to) ? mail.to : [mail.to]
        const wrong =
          to.length !== 1 || !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(to[0]!)
            ? 'The `to` field is not an address.'
            : refusedDomains.test(to[0]!)
              ? `Invalid \`to\` field. The domain of ${to[0]} cannot receive mail.`
              : !mail.subject
                ? 'Missing `subject` field.'
                : (mail.tags ?? []).some(
                      ({ name, value }) => !/^[\w-]{1,256}$/.test(name) || !/^[\w-]{1,256}$/.test(value),
                    )
                  ? 'Tags should only contain ASCII letters, numbers, underscores, or dashes.'
                  : null
        if (wrong) errors.push({ index, message: wrong })
        else taken.push({ ...mail, to: to[0]!, id: randomUUID() })
      }
      if (errors.length && req.headers['x-batch-validation'] !== 'permissive')
        return problem(422, 'validation_error', errors[0]!.message)
      const answer = { data: taken.map(({ id }) => ({ id })), ...(errors.length ? { errors } : {}) }
      known.set(key, { hash, answer })
      batches.push({ key, mails: taken, replay: false })
      return { status: 200, body: answer, headers: rate }
    },
    (status) => ({
      statusCode: status,
      name: status === 429 ? 'rate_limit_exceeded' : status >= 500 ? 'internal_server_error' : 'validation_error',
      message: 'It was told to fail.',
    }),
  )
  const secret = Buffer.from('a secret that only this test knows').toString('base64')
  return {
    ...server,
    apiKey,
    webhookSecret: `whsec_${secret}`,
    batches,
    mailTo: (address) => batches.flatMap(({ mails }) => mails).filter(({ to }) => to === address),
    mails: () => batches.flatMap(({ mails }) => mails),
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

/** The settings with which the real SDK finds this server. */
export const resendEnv = (wire: WireResend): Record<string, string> => ({
  RESEND_API_KEY: wire.apiKey,
  RESEND_BASE_URL: wire.url,
  RESEND_WEBHOOK_SECRET: wire.webhookSecret,
  RESEND_REQUESTS_PER_SECOND: '1000',
  EMAIL_FROM: 'Hezhou status <status@hezhou.example>',
})
