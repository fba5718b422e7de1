import type { Config } from '#api/config.ts'
import { type Clock, realClock } from '#api/lib/clock.ts'
import { openOutgoing } from '#api/lib/outgoing.ts'
import type { Channel } from './channel.ts'
import { parseEmail } from './email/address.ts'
import { mailExpiresAfterMs, resendChannel } from './email/resend.ts'
import { smtpChannel } from './email/smtp.ts'
import { feishuChannel } from './feishu/feishu.ts'
import { keepingInvented } from './letterbox/invented.ts'
import { letterboxChannel } from './letterbox/letterbox.ts'
import { offChannel } from './off.ts'
import { slackChannel } from './slack/slack.ts'
import { exampleNumber, parseNumber } from './sms/number.ts'
import { smsExpiresAfterMs } from './sms/request.ts'
import { twilioChannel } from './sms/twilio.ts'
import { webhookChannel } from './webhook/webhook.ts'

/**
 * Every way a notice can travel: one folder and one line here. A channel without a provider keeps its messages in the
 * letterbox; in production it is off instead and says so. Webhooks and chats need no provider: they go where somebody
 * subscribed them to go, in a demonstration too; only what would go to an invented address is kept there.
 */
export function openChannels(
  config: Config,
  clock: Clock,
  letterboxDir: string,
  smsCountries: readonly string[] = ['CN'],
): Channel[] {
  const email = {
    name: 'email',
    confirmation: 'link',
    parse: parseEmail,
    expiresAfterMs: mailExpiresAfterMs,
  } as const
  const sms = {
    name: 'sms',
    confirmation: 'code',
    parse: (input: string) => parseNumber(input, smsCountries),
    example: exampleNumber(smsCountries[0] ?? ''),
    expiresAfterMs: smsExpiresAfterMs,
  } as const
  const without = (rest: typeof email | typeof sms, offReason: string) =>
    config.mode === 'production' ? offChannel(offReason, rest) : letterboxChannel(letterboxDir, clock, rest)
  const { twilio } = config.sms
  const local = config.outgoingLocal
  // A receiver compares a signature's time with its own clock, which knows nothing of one that was moved.
  const endpoints = { secretKeys: config.secretKeys, outgoing: openOutgoing({ local }), clock: realClock, local }
  return [
    emailChannel(config) ?? without(email, 'No mail provider is set up: RESEND_API_KEY and SMTP_URL are missing.'),
    twilio
      ? twilioChannel({
          ...twilio,
          publicUrl: config.publicUrl,
          secretKeys: config.secretKeys,
          countries: smsCountries,
          clock,
        })
      : without(sms, 'No SMS provider is set up: TWILIO_ACCOUNT_SID is missing.'),
    ...[webhookChannel, slackChannel, feishuChannel].map((open) => {
      const channel = open(endpoints)
      const where = { dir: letterboxDir, clock, secretKeys: config.secretKeys }
      return config.mode === 'production' ? channel : keepingInvented(channel, where)
    }),
  ]
}

/** Mail by Resend or by SMTP; with both set up, SMTP takes over while Resend takes none. */
function emailChannel({ email }: Config): Channel | null {
  const { resend, smtp, from, replyTo } = email
  const sender = { from, replyTo }
  if (!resend) return smtp && smtpChannel({ ...smtp, ...sender })
  const first = resendChannel({ ...resend, ...sender })
  return smtp ? { ...first, fallback: smtpChannel({ ...smtp, ...sender }, 'email/smtp') } : first
}
