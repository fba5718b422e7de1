import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Words } from '#content/locales.ts'
import type { Rounding } from './amount.ts'
import type { Admission, ApprovalPolicy } from './approvers.ts'
import { standingOf } from './approvers.ts'
import type { OfferInput } from './check.ts'
import type { Eligibility } from './eligibility.ts'
import { hashOf } from './terms.ts'
import type { Value } from './value.ts'

/** The value and the rule of an offer's row, read. */
export const readOffer = (row: Row<'offer'>) => ({
  ...row,
  title: fromJson<Words>(row.title),
  value: fromJson<Value>(row.value),
  eligibility: fromJson<Eligibility>(row.eligibility),
  rounding: row.rounding as Rounding,
  admission: row.admission as Admission,
  requiredSeats: row.requiredSeats ? fromJson<string[]>(row.requiredSeats) : null,
})
export type ReadOffer = ReturnType<typeof readOffer>

/** The offer as its writer gave it, from its row and its words. */
export function inputOf(row: Row<'offer'>, terms: Row<'offerTerms'>): OfferInput {
  const offer = readOffer(row)
  return {
    title: offer.title,
    terms: fromJson<Words>(terms.terms),
    basis: offer.basis,
    value: offer.value,
    currency: offer.currency,
    rounding: offer.rounding,
    eligibility: offer.eligibility,
    delivery: offer.delivery,
    claimFrom: offer.claimFrom,
    claimUntil: offer.claimUntil,
    useWithinDays: offer.useWithinDays,
    useUntil: offer.useUntil,
    budgetMinor: offer.budgetMinor,
    perCustomerMinor: offer.perCustomerMinor,
    maxClaims: offer.maxClaims,
    admission: offer.admission,
  }
}

/** What an approval is given for: exactly these words, this value, these people and this sum. */
export const bindingOf = (
  input: OfferInput,
  reach: { eligible: number; committedMinor: number; listHash: string | null },
): string => hashOf({ ...input, ...reach })

/** The part of an approval that a person reads: who must, who did, who is missing. */
export function approvalOf(offer: ReadOffer, approvals: Row<'offerApproval'>[], policy: ApprovalPolicy) {
  const required = offer.requiredSeats ?? []
  const valid = approvals.filter(
    ({ voidedAt, decision, hash }) => voidedAt === null && decision === 'approved' && hash === offer.requestedHash,
  )
  const given = valid.map(({ personId, seats }) => ({ personId, seats: fromJson<string[]>(seats) }))
  const state = offer.approvedHash
    ? ('approved' as const)
    : offer.state === 'pending_approval'
      ? ('pending' as const)
      : approvals.some(({ voidedAt }) => voidedAt !== null)
        ? ('void' as const)
        : ('none' as const)
  return {
    state,
    hash: offer.requestedHash,
    required: required.map((seat) => ({
      seat,
      role: policy.seats[seat]?.role ?? '',
      title: policy.seats[seat]?.title ?? {},
      filledBy: given.find(({ seats }) => seats.includes(seat))?.personId ?? null,
    })),
    needsSecondPerson: standingOf(policy, required, given).needsSecondPerson,
    given: approvals.map(({ id, decision, seats, personId, reason, createdAt, voidedAt, termsVersion }) => ({
      id,
      decision,
      seats: fromJson<string[]>(seats),
      personId,
      reason,
      termsVersion,
      createdAt,
      voidedAt,
    })),
  }
}
