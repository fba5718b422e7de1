import { createHmac, randomBytes } from 'node:crypto'
import { openWire, type WireServer } from './server.ts'

/** One SMS as it was ordered. */
export interface WireSms {
  sid: string
  to: string
  body: string
  statusCallback: string
  validityPeriod: string | null
  sender: string
}

export interface WireTwilio extends WireServer {
  accountSid: string
  authToken: string
  sent: WireSms[]
  smsTo(number: string): WireSms[]
  /** A callback with its signature, for the address that the message named. */
  callback(
    sms: WireSms,
    status: string,
    more?: Record<string, string>,
  ): { path: string; body: string; headers: Record<string, string> }
}

const landline = '+862112345678'
const optedOut = '+8613900000021'

/** Stands in for api.twilio.com: basic auth, Messages.json, the codes of numbers that cannot be reached. */
export async function openTwilio(): Promise<WireTwilio> {
  const accountSid = `AC${'0'.repeat(32)}`
  const authToken = 'twilio-test-token'
  const sent: WireSms[] = []
  const problem = (status: number, code: number, message: string) => ({
    status,
    body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
  })
  const basic = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
  const server = await openWire(
    (req, text) => {
      if (req.headers.authorization !== basic) return problem(401, 20003, 'Authenticate')
      if (req.method !== 'POST' || req.url !== `/2010-04-01/Accounts/${accountSid}/Messages.json`)
        return problem(404, 20404, 'The requested resource was not found')
      const form = new URLSearchParams(text)
      const to = form.get('To') ?? ''
      const body = form.get('Body') ?? ''
      const sender = form.get('MessagingServiceSid') ?? form.get('From') ?? ''
      if (!/^\+[1-9]\d{6,14}$/.test(to)) return problem(400, 21211, `The 'To' number ${to} is not valid.`)
      if (!body || !sender) return problem(400, 21602, 'Message body or sender is required.')
      if (body.length > 1_600) return problem(400, 21617, 'The concatenated message body exceeds 1600 characters.')
      if (to === landline) return problem(400, 21614, 'To number is not a valid mobile number')
      if (to === optedOut) return problem(400, 21610, 'Attempt to send to unsubscribed recipient')
      const sid = `SM${randomBytes(16).toString('hex')}`
      sent.push({
        sid,
        to,
        body,
        statusCallback: form.get('StatusCallback') ?? '',
        validityPeriod: form.get('ValidityPeriod'),
        sender,
      })
      return {
        status: 201,
        body: { sid, status: 'accepted', to, body, num_segments: '1', error_code: null, account_sid: accountSid },
      }
    },
    (status) => ({ code: status === 429 ? 20429 : 20500, message: 'It was told to fail.', status }),
  )
  return {
    ...server,
    accountSid,
    authToken,
    sent,
    smsTo: (number) => sent.filter(({ to }) => to === number),
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
}

/** Numbers that the stand-in treats in their own way. */
export const wireNumbers = { landline, optedOut }

/** The settings with which the real SDK finds this server. */
export const twilioEnv = (wire: WireTwilio): Record<string, string> => ({
  TWILIO_ACCOUNT_SID: wire.accountSid,
  TWILIO_AUTH_TOKEN: wire.authToken,
  TWILIO_MESSAGING_SERVICE_SID: `MG${'1'.repeat(32)}`,
  TWILIO_BASE_URL: wire.url,
  TWILIO_SEGMENTS_PER_SECOND: '1000',
})
