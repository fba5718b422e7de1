/** Who an offer is for. Every empty list means "whichever"; what is named must all hold. */
export interface Eligibility {
  /** A list of who was affected, of the same incident: the surest source. */
  listId: string | null
  componentIds: string[]
  plans: string[]
  regions: string[]
  segments: string[]
  minAffectedMinutes: number | null
  excludeInternal: boolean
}

/** How it is known that a customer fits: by a list (and where that came from), else by the rule. */
export type ClaimSource = 'csv' | 'api' | 'component' | 'rule'

const meet = (a: readonly string[], b: readonly string[]) => !a.length || !b.length || a.some((one) => b.includes(one))

/** Whether somebody may fit both. Components do not part people: one customer uses many. */
export const mayOverlap = (a: Eligibility, b: Eligibility): boolean =>
  meet(a.plans, b.plans) && meet(a.regions, b.regions) && meet(a.segments, b.segments)
