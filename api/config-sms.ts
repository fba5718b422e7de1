import { type Price, readPrice } from './lib/money.ts'

export interface SmsConfig {
  twilio: {
    accountSid: string
    authToken: string
    sender: { messagingServiceSid: string } | { from: string }
    baseUrl: string | null
    segmentsPerSecond: number
    /** Twilio's content templates (HX…) by the sentence and language they stand for; empty sends texts. */
    contentSids: ReadonlyMap<string, string>
  } | null
  /** What one segment costs, for estimates; null when nobody said. */
  pricePerSegment: Price | null
}

type Env = Record<string, string | undefined>

/** What a sender of each kind carries, in segments a second: twilio.com/docs/messaging/guides/throughput. */
export const senderRates = { longCode: 1, tollFree: 3, shortCode: 10 } as const

/** What a sender carries when no setting says: known by its number, and of a Messaging Service that of one number. */
export function rateOf(sender: { messagingServiceSid: string } | { from: string } | null): number {
  const from = sender && 'from' in sender ? sender.from : ''
  if (/^\d{5,6}$/.test(from)) return senderRates.shortCode
  return /^\+18(00|33|44|55|66|77|88)\d{7}$/.test(from) ? senderRates.tollFree : senderRates.longCode
}

/**
 * Reads what concerns SMS. Puts a sentence into `mistakes` for each setting that cannot be. `number` reads one with its
 * limits.
 */
export function readSms(
  env: Env,
  mistakes: string[],
  number: (name: string, fallback: number, least: number, most: number) => number,
): SmsConfig {
  const sid = env.TWILIO_ACCOUNT_SID
  const sender = env.TWILIO_MESSAGING_SERVICE_SID
    ? { messagingServiceSid: env.TWILIO_MESSAGING_SERVICE_SID }
    : env.TWILIO_FROM
      ? { from: env.TWILIO_FROM }
      : null
  if (sid && !env.TWILIO_AUTH_TOKEN) mistakes.push('TWILIO_AUTH_TOKEN is missing: it signs in and verifies callbacks.')
  if (sid && !sender) mistakes.push('TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM is missing: who the SMS come from.')
  const segmentsPerSecond = number('TWILIO_SEGMENTS_PER_SECOND', rateOf(sender), 0.1, 1_000)
  const contentSids = readContentSids(env.TWILIO_CONTENT_SIDS ?? '', mistakes)
  const price = env.SMS_PRICE_PER_SEGMENT
  const pricePerSegment = price ? readPrice(price) : null
  if (price && !pricePerSegment)
    mistakes.push(
      `SMS_PRICE_PER_SEGMENT is an amount, a space and a currency, such as 0.05 CNY or 0.0079 USD, not "${price}".`,
    )
  return {
    twilio:
      sid && sender
        ? {
            accountSid: sid,
            authToken: env.TWILIO_AUTH_TOKEN ?? '',
            sender,
            baseUrl: env.TWILIO_BASE_URL || null,
            segmentsPerSecond,
            contentSids,
          }
        : null,
    pricePerSegment,
  }
}

/** "failing/en=HX…, failing/zh-CN=HX…" */
function readContentSids(text: string, mistakes: string[]): Map<string, string> {
  const sids = new Map<string, string>()
  for (const pair of text.split(',').map((part) => part.trim())) {
    const [, id, sid] = /^([A-Za-z]+\/[A-Za-z-]+)=(HX[0-9a-f]{32})$/i.exec(pair) ?? []
    if (id && sid) sids.set(id, sid)
    else if (pair)
      mistakes.push(
        `TWILIO_CONTENT_SIDS holds pairs such as failing/en=HX… (HX and 32 hexadecimal digits), not "${pair}".`,
      )
  }
  return sids
}
