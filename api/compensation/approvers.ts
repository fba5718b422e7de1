import type { Words } from '#content/locales.ts'
import type { OfferKind } from './value.ts'

/** content/policy/approvals.yaml: who approves an offer, by what it may cost in all. */
export interface ApprovalPolicy {
  currency: string
  seats: Record<string, { role: string; title: Words }>
  /** From the smallest amount up; the last has no limit. */
  limits: { upToMinor: number | null; seats: string[] }[]
  always: { refund: string[]; admission: string[] }
}

export type Admission = 'none' | 'regret' | 'apology'
export const admissions = ['none', 'regret', 'apology'] as const

/** What decides who approves. */
export interface Weight {
  /** What it may cost at the most, together with the other offers of its incident. */
  committedMinor: number
  currency: string
  kind: OfferKind
  admission: Admission
}

/** The seats an offer needs, in the order of the policy. Money paid back and an admission need their own whatever the amount. */
export function seatsFor(policy: ApprovalPolicy, { committedMinor, currency, kind, admission }: Weight): string[] {
  const comparable = currency === policy.currency
  const row = policy.limits.find(({ upToMinor }) => upToMinor === null || (comparable && committedMinor <= upToMinor))
  const more = [
    ...(kind === 'refund' ? policy.always.refund : []),
    ...(admission === 'none' ? [] : policy.always.admission),
  ]
  const needed = new Set([...(row?.seats ?? []), ...more])
  return Object.keys(policy.seats).filter((seat) => needed.has(seat))
}

/** One person's approval as it was given. */
export interface Given {
  personId: string
  seats: readonly string[]
}

export interface Standing {
  missing: string[]
  /** Every seat is filled, and still one person decided alone where more than one role is asked for. */
  needsSecondPerson: boolean
  complete: boolean
}

/** How far an approval has come. Four eyes: where more than one role is asked for, two people decide. */
export function standingOf(policy: ApprovalPolicy, required: readonly string[], given: readonly Given[]): Standing {
  const filled = new Set(given.flatMap(({ seats }) => seats))
  const missing = required.filter((seat) => !filled.has(seat))
  const roles = new Set(required.map((seat) => policy.seats[seat]?.role))
  const people = new Set(given.map(({ personId }) => personId))
  const needsSecondPerson = missing.length === 0 && roles.size > 1 && people.size < 2
  return { missing, needsSecondPerson, complete: missing.length === 0 && !needsSecondPerson }
}

/** The seats that somebody with these roles fills; also such as another has filled, when a second person is needed. */
export const seatsOf = (policy: ApprovalPolicy, required: readonly string[], held: readonly string[]): string[] =>
  required.filter((seat) => held.includes(policy.seats[seat]?.role ?? ''))
