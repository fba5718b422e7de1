import type { ClaimState } from '#api/compensation/claim.ts'
import type { ClaimSource } from '#api/compensation/eligibility.ts'
import type { Basis, DeliveryMode, OfferState } from '#api/compensation/offer.ts'
import type { OfferKind } from '#api/compensation/value.ts'
import type { Instant } from '#api/lib/time.ts'

// What is given after an incident, to whom, and what it costs. The marks are those of schema.ts; amounts are in the
// smallest coin of the offer's currency.
type Json = string

export interface Offers {
  offer: {
    id: string
    incidentId: string
    basis: Basis
    kind: OfferKind
    title: Json
    /** A Value. */
    value: Json
    currency: string
    rounding: string
    /** An Eligibility. */
    eligibility: Json
    delivery: DeliveryMode
    claimFrom: Instant
    claimUntil: Instant
    useWithinDays: number | null
    useUntil: Instant | null
    budgetMinor: number | null
    perCustomerMinor: number | null
    maxClaims: number | null
    admission: string
    /** The month whose days or credits it counts towards, "2026-11". */
    month: string | null
    state: OfferState
    stateReason: string | null
    /** The version of its words that counts. */
    termsVersion: number
    createdAt: Instant
    createdBy: string
    /** What was asked for: how many fit, what that comes to at the most, who must approve, and a hash over all of it. */
    eligibleCount: number | null
    committedMinor: number | null
    requiredSeats: Json | null
    requestedHash: string | null
    requestedAt: Instant | null
    requestedBy: string | null
    /** The hash that was approved; null when nothing is. */
    approvedHash: string | null
    approvedAt: Instant | null
    liveAt: Instant | null
    liveBy: string | null
    /** The version of its words that customers read: the one that was approved when it last went live. */
    liveVersion: number | null
    closedAt: Instant | null
    closedBy: string | null
    /** How far its customers have been written down as claims: the id of the last. */
    preparedCursor: string
    preparedAt: Instant | null
    noticeId: string | null
    // What its claims come to, kept beside them so that the last coupon goes once. `compensation verify` counts again.
    claimCount: number
    claimMinor: number
    issuedCount: number
    issuedMinor: number
    redeemedCount: number
    redeemedMinor: number
    expiredCount: number
    expiredMinor: number
  }
  /** Append-only: the words as they were at each version. */
  offerTerms: {
    offerId: string
    version: number
    title: Json
    terms: Json
    hash: string
    createdAt: Instant
    createdBy: string
  }
  offerApproval: {
    id: string
    offerId: string
    /** What it was given for: exactly this. */
    hash: string
    termsVersion: number
    decision: 'approved' | 'refused'
    /** The seats it fills: string[]. */
    seats: Json
    personId: string
    reason: string | null
    createdAt: Instant
    /** When a change made it void. */
    voidedAt: Instant | null
  }
  /** One customer's share of one offer. */
  claim: {
    id: string
    offerId: string
    customerId: string
    state: ClaimState
    source: ClaimSource
    listId: string | null
    /** Where the customer stood in the file. */
    line: number | null
    /** The version of the words it was taken under. */
    termsVersion: number | null
    minutes: number | null
    days: number | null
    amountMinor: number
    reason: string | null
    createdAt: Instant
    notifiedAt: Instant | null
    viewedAt: Instant | null
    claimedAt: Instant | null
    reviewedAt: Instant | null
    reviewedBy: string | null
    issuedAt: Instant | null
    usableUntil: Instant | null
    redeemedAt: Instant | null
    endedAt: Instant | null
  }
  /** A link that was written to somebody of a customer; its secret is in their message alone. */
  claimLink: { secretHash: string; claimId: string; deliveryId: string; createdAt: Instant; usedAt: Instant | null }
  redemptionCode: {
    id: string
    offerId: string
    /** Sealed; the same code has the same letters under one key, so there is one of it. */
    code: string
    hint: string
    source: 'generated' | 'imported'
    line: number | null
    state: 'free' | 'assigned' | 'redeemed' | 'void'
    claimId: string | null
    createdAt: Instant
    assignedAt: Instant | null
    redeemedAt: Instant | null
  }
  /** What the billing system is told of a claim that was issued, or taken back after that. */
  billingExport: {
    /** What it knows the message by, over all attempts: the claim's id, or that with "-revoked". */
    key: string
    claimId: string
    offerId: string
    state: 'waiting' | 'sent' | 'dead'
    body: Json
    attempts: number
    nextAttemptAt: Instant
    leaseUntil: Instant | null
    lastOutcome: string | null
    createdAt: Instant
    sentAt: Instant | null
  }
  /** Addresses that want no offers. Notices about incidents still go there. */
  offerOptOut: { channel: string; address: string; createdAt: Instant }
}
