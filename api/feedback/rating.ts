import { createHmac } from 'node:crypto'
import { invalid } from '#api/errors.ts'
import { clientNetwork } from '#api/lib/network.ts'
import { dayMs, hourMs } from '#api/lib/time.ts'
import type { Limit } from '#api/subscribers/limits.ts'

/** The longest words beside a rating, in characters. */
export const commentLengthMax = 1_000
/** With fewer answers than this none is published: nobody's own answer is to be guessed (2.6.2). */
export const publishedFrom = 5

/** Answers of one network, an hour, to any incident; and to one incident, a day: an office behind one address gets in. */
export const answersPerNetwork: Limit = { name: 'answers', windowMs: hourMs, most: 30 }
export const answersPerIncident: Limit = { name: 'helped', windowMs: dayMs, most: 20 }
/** Changes that one link may make to its rating in an hour. */
export const ratingsPerLink: Limit = { name: 'ratings', windowMs: hourMs, most: 20 }

/**
 * Who answers on the public page, without a cookie and without keeping who it was: a keyed hash over the incident, the
 * network and what the browser calls itself. The same person answers once and may change it; the hash is of this
 * incident alone, so that nobody is followed from one to the next. Two people behind one address with the same browser
 * count as one: rather one too few than a hundred of the same.
 */
export const voterOf = (secretKeys: readonly string[], incidentId: string, ip: string, agent: string): string =>
  createHmac('sha256', secretKeys[0]!)
    .update(['helped', incidentId, clientNetwork(ip), agent.slice(0, 300)].join('\u0000'))
    .digest('base64url')

export type Score = 1 | 2 | 3 | 4 | 5
export const scores: readonly Score[] = [1, 2, 3, 4, 5]

export interface RatingSummary {
  answers: number
  /** To one decimal, "4.1"; null without an answer. */
  mean: string | null
  /** How many gave 1, 2, 3, 4, 5. */
  distribution: [number, number, number, number, number]
  /** Share of 4 and 5 of all answers, in percent to one decimal (2.6.2: external evaluation); null without an answer. */
  satisfied: string | null
}

/** What the answers come to. Means are rounded to the nearest tenth. */
export function summaryOf(counts: readonly { score: number; count: number }[]): RatingSummary {
  const distribution = scores.map((score) =>
    counts.filter((one) => one.score === score).reduce((sum, { count }) => sum + count, 0),
  ) as RatingSummary['distribution']
  const answers = distribution.reduce((sum, count) => sum + count, 0)
  if (!answers) return { answers, mean: null, distribution, satisfied: null }
  const total = distribution.reduce((sum, count, at) => sum + count * (at + 1), 0)
  return {
    answers,
    mean: (Math.round((total / answers) * 10) / 10).toFixed(1),
    distribution,
    satisfied: (Math.round(((distribution[3] + distribution[4]) / answers) * 1_000) / 10).toFixed(1),
  }
}

/** Refuses to publish what is too little to be said of anybody. */
export function checkPublishable({ answers }: RatingSummary): void {
  if (answers < publishedFrom)
    throw invalid(`A rating is published from ${publishedFrom} answers on; there are ${answers}.`)
}
