import type { Config } from '#api/config.ts'
import type { Clock } from '#api/lib/clock.ts'
import type { Channel } from './channel.ts'
import { parseEmail } from './email/address.ts'
import { mailExpiresAfterMs, resendChannel } from './email/resend.ts'
import { letterboxChannel } from './letterbox/letterbox.ts'
import { offChannel } from './off.ts'
import { exampleNumber, parseNumber } from './sms/number.ts'
import { smsExpiresAfterMs, twilioChannel } from './sms/twilio.ts'

/**
 * Every way a notice can travel: one folder and one line here. A channel without a provider keeps its messages in the
 * letterbox; in production it is off instead and says so.
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
  const { resend } = config.email
  const { twilio } = config.sms
  return [
    resend
      ? resendChannel({ ...resend, from: config.email.from, replyTo: config.email.replyTo })
      : without(email, 'No mail provider is set up: RESEND_API_KEY is missing.'),
    twilio
      ? twilioChannel({
          ...twilio,
          publicUrl: config.publicUrl,
          secretKeys: config.secretKeys,
          countries: smsCountries,
        })
      : without(sms, 'No SMS provider is set up: TWILIO_ACCOUNT_SID is missing.'),
  ]
}
