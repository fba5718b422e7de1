import type { Row } from '#api/db/schema.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'

/** What the billing system knows a message by: the claim's own id, so that it never gives twice. */
export const issuedKey = (claimId: string): string => claimId
export const revokedKey = (claimId: string): string => `${claimId}-revoked`

/** The body of one message to billing, in the envelope of Standard Webhooks. Written once, the same at every attempt. */
export function billingBody(
  type: 'claim.issued' | 'claim.revoked',
  at: Instant,
  offer: Pick<Row<'offer'>, 'id' | 'incidentId' | 'kind' | 'basis' | 'currency'>,
  claim: Pick<Row<'claim'>, 'id' | 'customerId' | 'amountMinor' | 'days' | 'usableUntil'> & { externalId: string },
  code: string | null,
): string {
  return toJson({
    type,
    timestamp: at,
    data: {
      claim: claim.id,
      offer: offer.id,
      incident: offer.incidentId,
      customer: claim.externalId,
      basis: offer.basis,
      kind: offer.kind,
      amountMinor: claim.amountMinor,
      currency: offer.currency,
      days: claim.days,
      code,
      usableUntil: claim.usableUntil,
    },
  })
}

/** Waits after the first attempts, in milliseconds; after the last the message is given up and a person looks. */
export const billingWaitsMs = [5_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, 54_000_000] as const

/** What becomes of a message after this many attempts and this answer. 410 says that nobody listens any more. */
export function afterAnswer(
  attempts: number,
  answer: { status: number; retryAfterSeconds?: number | undefined } | { failed: string },
): { state: 'sent' } | { state: 'dead'; outcome: string } | { state: 'waiting'; outcome: string; waitMs: number } {
  if ('status' in answer && answer.status >= 200 && answer.status < 300) return { state: 'sent' }
  const outcome = 'failed' in answer ? answer.failed : `answered ${answer.status}`
  if ('status' in answer && answer.status === 410) return { state: 'dead', outcome }
  const waitMs = billingWaitsMs[attempts - 1]
  if (waitMs === undefined) return { state: 'dead', outcome }
  const asked = 'status' in answer ? (answer.retryAfterSeconds ?? 0) * 1_000 : 0
  return { state: 'waiting', outcome, waitMs: Math.max(waitMs, asked) }
}
