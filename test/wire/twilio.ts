import { createHmac, randomBytes } from 'node:crypto'
import { type Fault, openWire, type WireServer } from './server.ts'
import { listMessages } from './twilio-list.ts'

/** Decides about one order: the how many-th it is, from 1, and to whom. Listings never fail by it. */
export type SmsFaults = (request: { n: number; to: string }) => Fault | null

/** One SMS as it was ordered. */
export interface WireSms {
  sid: string
  to: string
  body: string
  statusCallback: string
  validityPeriod: string | null
  /** The Messaging Service (MG…) or the number it was ordered from. */
  sender: string
  contentSid: string | null
  contentVariables: string | null
  createdAt: Date
  /** Null while it waits in Twilio's queue: then a listing by the date of sending does not name it. */
  sentAt: Date | null
  status: string
  errorCode: number | null
}

export interface WireTwilio extends WireServer {
  accountSid: string
  authToken: string
  sent: WireSms[]
  /** Content templates by their id: the text, with {{1}} for its first parameter. */
  templates: Map<string, string>
  /** Its clock; the machine's unless a story brings its own. */
  now: () => Date
  /** Messages stay in the queue from now on, without a date of sending. */
  queue(on: boolean): void
  smsTo(number: string): WireSms[]
  /** What a listing shows of what was sent; everything unless a story says otherwise, for a list may lag behind. */
  shows: (sms: WireSms) => boolean
  /** How often messages were listed. */
  listings(): number
  /** A callback with its signature, for the address that the message named. */
  callback(
    sms: WireSms,
    status: string,
    more?: Record<string, string>,
  ): { path: string; body: string; headers: Record<string, string> }
}

/** Numbers that the stand-in refuses in their own way, with the code that Twilio answers. */
export const wireNumbers = { landline: '+862112345678', optedOut: '+8613900000021' }
const refusedNumbers = new Map<string, [code: number, message: string]>([
  [wireNumbers.landline, [21614, 'To number is not a valid mobile number']],
  [wireNumbers.optedOut, [21610, 'Attempt to send to unsubscribed recipient']],
])
/** Numbers +861397…: the five digits that follow are the code that such a number is refused with, as in +8613972140800. */
const refusedByNumber = /^\+861397(\d{5})\d*$/
const statusOf = (code: number) =>
  code === 20003 ? 401 : code === 20429 ? 429 : code >= 20500 && code < 20600 ? 500 : 400

/** The longest validity Twilio takes, in seconds. */
const validityMax = 36_000
const bodyMax = 1_600

/**
 * Stands in for api.twilio.com: basic auth, Messages.json to send and to list, the codes of numbers that cannot be
 * reached, signed callbacks. It knows no idempotency: the same order twice is two messages. `faults` is asked at every
 * order that `failNext` leaves alone.
 */
export async function openTwilio({ faults }: { faults?: SmsFaults } = {}): Promise<WireTwilio> {
  const accountSid = `AC${'0'.repeat(32)}`
  const authToken = 'twilio-test-token'
  const sent: WireSms[] = []
  const templates = new Map<string, string>()
  let orders = 0
  let listings = 0
  let queued = false
  const problem = (status: number, code: number, message: string) => ({
    status,
    body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
  })
  const basic = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
  const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`

  function order(form: URLSearchParams) {
    const field = (name: string) => form.get(name) ?? ''
    const to = field('To')
    const service = field('MessagingServiceSid')
    const contentSid = form.get('ContentSid')
    const validity = form.get('ValidityPeriod')
    const body = contentSid ? rendered(contentSid, form.get('ContentVariables')) : field('Body')
    if (!to) return problem(400, 21604, "A 'To' phone number is required.")
    if (!/^\+[1-9]\d{6,14}$/.test(to)) return problem(400, 21211, `The 'To' number ${to} is not valid.`)
    if (service ? !/^MG[0-9a-fA-F]{32}$/.test(service) : !field('From'))
      return problem(400, 21603, "A 'From' phone number or a Messaging Service is required.")
    if (!service && !/^(\+[1-9]\d{6,14}|\d{5,6}|[A-Za-z0-9 ]{1,11})$/.test(field('From')))
      return problem(400, 21212, `The 'From' number ${field('From')} is not valid.`)
    if (body === null) return problem(404, 20404, `The content ${contentSid} was not found`)
    if (!body) return problem(400, 21602, 'Message body is required.')
    if (body.length > bodyMax) return problem(400, 21617, 'The concatenated message body exceeds 1600 characters.')
    if (validity !== null && !(/^\d+$/.test(validity) && Number(validity) >= 1 && Number(validity) <= validityMax))
      return problem(400, 21621, 'ValidityPeriod must be from 1 to 36000.')
    const callback = form.get('StatusCallback')
    if (callback !== null && !fitsCallback(callback))
      return problem(400, 21609, `The 'StatusCallback' URL ${callback} is not valid.`)
    const [code, message] = refusedNumbers.get(to) ?? [Number(refusedByNumber.exec(to)?.[1] ?? 0), 'Refused.']
    if (code) return problem(statusOf(code), code, message)
    const sid = `SM${randomBytes(16).toString('hex')}`
    const createdAt = wire.now()
    const status = service ? 'accepted' : 'queued'
    sent.push({
      sid,
      to,
      body,
      statusCallback: callback ?? '',
      validityPeriod: validity,
      sender: service || field('From'),
      contentSid,
      contentVariables: form.get('ContentVariables'),
      createdAt,
      sentAt: queued ? null : createdAt,
      status: queued ? status : 'sent',
      errorCode: null,
    })
    return {
      status: 201,
      body: { sid, status, to, body, num_segments: '1', error_code: null, account_sid: accountSid },
    }
  }

  function rendered(contentSid: string, variables: string | null): string | null {
    const template = templates.get(contentSid)
    if (template === undefined) return null
    const values: Record<string, string> = variables ? JSON.parse(variables) : {}
    return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '')
  }

  const server = await openWire(
    (req, text) => {
      if (req.headers.authorization !== basic) return problem(401, 20003, 'Authenticate')
      const url = new URL(req.url ?? '', 'http://twilio.invalid')
      if (url.pathname !== path) return problem(404, 20404, 'The requested resource was not found')
      if (req.method === 'GET') {
        listings++
        return listMessages(sent.filter(wire.shows), accountSid, url)
      }
      if (req.method !== 'POST') return problem(405, 20004, 'Method not allowed')
      if (req.headers['content-type'] !== 'application/x-www-form-urlencoded')
        return problem(415, 20415, 'Content type must be application/x-www-form-urlencoded')
      return order(new URLSearchParams(text))
    },
    (status) => ({ code: status === 429 ? 20429 : 20500, message: 'It was told to fail.', status }),
    {
      keyOf: (req, text) => (req.method === 'POST' ? (new URLSearchParams(text).get('To') ?? '') : ''),
      faults: ({ key }) => (key && faults ? faults({ n: ++orders, to: key }) : null),
    },
  )
  const wire: WireTwilio = {
    ...server,
    accountSid,
    authToken,
    sent,
    templates,
    now: () => new Date(),
    shows: () => true,
    queue(on) {
      queued = on
    },
    smsTo: (number) => sent.filter(({ to }) => to === number),
    listings: () => listings,
    callback(sms, status, more = {}) {
      const form = { MessageSid: sms.sid, MessageStatus: status, To: sms.to, AccountSid: accountSid, ...more }
      const signed = Object.keys(form)
        .sort()
        .reduce((text, name) => `${text}${name}${form[name as keyof typeof form]}`, sms.statusCallback)
      const { pathname, search } = new URL(sms.statusCallback)
      return {
        path: `${pathname}${search}`,
        body: new URLSearchParams(form).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': createHmac('sha1', authToken).update(signed).digest('base64'),
        },
      }
    },
  }
  return wire
}

/** Twilio calls hosts of the internet only, and refuses names with an underscore. */
const fitsCallback = (url: string): boolean =>
  url.length <= 4_000 &&
  URL.canParse(url) &&
  /^https?:$/.test(new URL(url).protocol) &&
  !new URL(url).host.includes('_')

/** The settings with which the real SDK finds this server. */
export const twilioEnv = (wire: WireTwilio): Record<string, string> => ({
  TWILIO_ACCOUNT_SID: wire.accountSid,
  TWILIO_AUTH_TOKEN: wire.authToken,
  TWILIO_MESSAGING_SERVICE_SID: `MG${'1'.repeat(32)}`,
  TWILIO_BASE_URL: wire.url,
  TWILIO_SEGMENTS_PER_SECOND: '1000',
})
