import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale, Words } from '#content/locales.ts'
import { type Door, doorOf } from './claim.ts'
import type { OfferKind } from './value.ts'

/** What a customer's own page shows, and nothing more: no name of anybody, no total, no other customer. */
export interface ClaimView {
  door: Door
  locale: Locale
  title: Words
  terms: Words
  termsVersion: number
  kind: OfferKind
  basis: 'sla' | 'goodwill'
  automatic: boolean
  amountMinor: number
  currency: string
  days: number | null
  claimFrom: Instant
  /** The last moment to claim: an offer may be closed before its day. */
  claimUntil: Instant
  useWithinDays: number | null
  claimedAt: Instant | null
  usableUntil: Instant | null
  /** Its holder sees it again whenever they open their link. */
  code: string | null
  /** Why it was taken back or refused, in the words of the staff. */
  reason: string | null
  incidentId: string
  /** Opens the page on which its holder says that they want no more offers. */
  goodbye: string
}

export function viewClaim({
  claim,
  offer,
  terms,
  code,
  locale,
  goodbye,
  now,
}: {
  claim: Row<'claim'>
  offer: Row<'offer'>
  terms: Row<'offerTerms'>
  code: string | null
  locale: Locale
  goodbye: string
  now: Instant
}): ClaimView {
  const door = doorOf(claim, offer, now)
  return {
    door,
    locale,
    title: fromJson<Words>(terms.title),
    terms: fromJson<Words>(terms.terms),
    termsVersion: terms.version,
    kind: offer.kind,
    basis: offer.basis,
    automatic: offer.delivery === 'automatic',
    amountMinor: claim.amountMinor,
    currency: offer.currency,
    days: claim.days,
    claimFrom: offer.claimFrom,
    claimUntil: [offer.claimUntil, offer.closedAt ?? offer.claimUntil].sort()[0]!,
    useWithinDays: offer.useWithinDays,
    claimedAt: claim.claimedAt ?? claim.issuedAt,
    usableUntil: claim.usableUntil,
    code: door === 'issued' || door === 'redeemed' ? code : null,
    reason: door === 'revoked' || door === 'rejected' ? claim.reason : null,
    incidentId: offer.incidentId,
    goodbye,
  }
}
