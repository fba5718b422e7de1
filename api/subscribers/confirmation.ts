import { createHmac } from 'node:crypto'
import { randomWord } from '#api/lib/ids.ts'
import { dayMs, hourMs, type Instant, minuteMs } from '#api/lib/time.ts'
import { hashSecret, newSecret } from '#api/lib/tokens.ts'

export type ConfirmationKind = 'link' | 'code'

/** How long a confirmation may be answered, in milliseconds. */
export const validForMs: Record<ConfirmationKind, number> = { link: 48 * hourMs, code: 10 * minuteMs }
/** How often a code may be tried; 15 tries a day against a million codes is as far as the limits let anybody go. */
export const codeTriesMax = 5
/** Addresses that never confirmed, and answered or expired questions, are forgotten after this. */
export const forgetAfterMs = 7 * dayMs

const codePattern = /^\d{6}$/

/** A new secret: six digits to type, or a random word for a link. */
export const newConfirmationSecret = (kind: ConfirmationKind): string =>
  kind === 'code' ? randomWord(6, '0123456789') : newSecret()

/** What a person typed as a code: full-width digits and spaces are theirs to use. Null when it cannot be one. */
export function readCode(input: string): string | null {
  const code = input.normalize('NFKC').replace(/[\s-]/g, '')
  return codePattern.test(code) ? code : null
}

/**
 * What the record keeps of a secret. A link is random enough for a plain hash. A code is one of a million, so it is
 * keyed: without SECRET_KEY a copy of the record does not give it away.
 */
export const keepSecret = (key: string, kind: ConfirmationKind, subscriberId: string, secret: string): string =>
  kind === 'link'
    ? hashSecret(secret)
    : createHmac('sha256', key).update(`code|${subscriberId}|${secret}`).digest('hex')

export type ConfirmationState = 'open' | 'used' | 'expired'

/** Whether a question can still be answered at an instant. */
export function stateOf(row: { usedAt: Instant | null; expiresAt: Instant }, now: Instant): ConfirmationState {
  if (row.usedAt !== null) return 'used'
  return row.expiresAt > now ? 'open' : 'expired'
}
