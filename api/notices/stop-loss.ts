import type { DeliveryState } from '#api/db/schema.ts'

/** From how many mails with an outcome on the share of bounces means something. */
export const outcomesMin = 500
/** More than this share of bounces pauses a fan-out: providers close accounts at 4 to 5 %. */
export const bounceShareMax = 0.05

export interface Outcomes {
  bounces: number
  outcomes: number
}

/**
 * How many mails of a notice bounced, of how many that had an outcome: delivered, complained of or bounced. Where nothing
 * is ever reported as delivered, as by a mail server that tells of failures only, what was handed over counts as such.
 */
export function outcomesOf(counts: readonly { state: DeliveryState; count: number }[]): Outcomes {
  const of = (...states: DeliveryState[]) =>
    counts.filter(({ state }) => states.includes(state)).reduce((sum, { count }) => sum + count, 0)
  const bounces = of('bounced')
  const arrived = of('delivered', 'complained')
  return { bounces, outcomes: bounces + (arrived || of('sent', 'delayed')) }
}

/** Fewer bounces than this stop nothing, whatever else had an outcome. */
export const bouncesMin = outcomesMin * bounceShareMax

/**
 * Whether a fan-out must stop until a person has looked: more than 5 % of at least 500 mails with an outcome bounced.
 * What a person had seen when they let it go on counts no more.
 */
export function mustStop(now: Outcomes, seen: Outcomes): boolean {
  const outcomes = now.outcomes - seen.outcomes
  return outcomes >= outcomesMin && now.bounces - seen.bounces > outcomes * bounceShareMax
}

/** Why a notice is held that lost too many mails. */
export const bouncedReason = ({ bounces, outcomes }: Outcomes): string =>
  `${bounces} of ${outcomes} mails bounced (${((100 * bounces) / outcomes).toFixed(1)} %): more than ${100 * bounceShareMax} % may cost us the mail provider`
