import type { Instant } from '#api/lib/time.ts'
import type { OfferState } from './offer.ts'

export const claimStates = [
  'eligible',
  'notified',
  'viewed',
  'requested',
  'in_review',
  'accepted',
  'issued',
  'redeemed',
  'expired',
  'exhausted',
  'revoked',
  'rejected',
] as const
export type ClaimState = (typeof claimStates)[number]

const next: Record<ClaimState, readonly ClaimState[]> = {
  eligible: ['notified', 'viewed', 'requested', 'issued', 'expired', 'exhausted', 'revoked', 'rejected'],
  notified: ['viewed', 'requested', 'issued', 'expired', 'exhausted', 'revoked'],
  viewed: ['requested', 'issued', 'expired', 'exhausted', 'revoked'],
  requested: ['in_review', 'accepted', 'issued', 'rejected', 'revoked'],
  in_review: ['accepted', 'issued', 'rejected', 'revoked'],
  accepted: ['issued', 'exhausted', 'revoked'],
  issued: ['redeemed', 'expired', 'revoked'],
  redeemed: [],
  expired: [],
  // When the budget is raised, whoever came too late may still have it.
  exhausted: ['viewed', 'requested', 'issued', 'expired', 'revoked'],
  revoked: [],
  rejected: ['in_review'],
}

/** The states from which a claim may come into this one. */
export const statesBefore = (state: ClaimState): ClaimState[] =>
  claimStates.filter((before) => next[before].includes(state))

/** In these a customer may still take what is offered. */
export const openStates = ['eligible', 'notified', 'viewed', 'exhausted'] as const satisfies ClaimState[]
export const isOpen = (state: ClaimState): boolean => (openStates as readonly ClaimState[]).includes(state)
/** A person of the staff decides about these. */
export const reviewStates = ['requested', 'in_review'] as const satisfies ClaimState[]

interface OfferWindow {
  state: OfferState
  claimFrom: Instant
  claimUntil: Instant
}

/** What a customer's page says, and whether it has a button. */
export type Door =
  | 'open'
  | 'not_yet'
  | 'paused'
  | 'closed'
  | 'expired'
  | 'exhausted'
  | 'revoked'
  | 'in_review'
  | 'rejected'
  | 'issued'
  | 'redeemed'

/** Where a customer stands. What they have taken stays theirs, whatever becomes of the offer. */
export function doorOf(claim: { state: ClaimState }, offer: OfferWindow, now: Instant): Door {
  switch (claim.state) {
    case 'issued':
    case 'redeemed':
    case 'revoked':
    case 'rejected':
    case 'expired':
      return claim.state
    case 'requested':
    case 'in_review':
    case 'accepted':
      return 'in_review'
  }
  if (now >= offer.claimUntil) return 'closed'
  if (offer.state === 'closed' || offer.state === 'cancelled') return 'closed'
  if (offer.state !== 'live') return 'paused'
  if (now < offer.claimFrom) return 'not_yet'
  return claim.state === 'exhausted' ? 'exhausted' : 'open'
}

/** Until when something taken at this instant may be used; null when for ever. */
export function usableUntil(
  { useWithinDays, useUntil }: { useWithinDays: number | null; useUntil: Instant | null },
  at: Instant,
): Instant | null {
  const within = useWithinDays === null ? null : new Date(Date.parse(at) + useWithinDays * 86_400_000).toISOString()
  return [within, useUntil].filter((until) => until !== null).sort()[0] ?? null
}
