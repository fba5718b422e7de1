import { AppError, conflict, invalid } from '#api/errors.ts'
import { isPast, plusBusinessDays, plusDays } from '#api/lib/business.ts'
import { dateIn, hourMs, type Instant, plusMs, toMs } from '#api/lib/time.ts'

/** A review as its incident's review goes on: domain words Draft, In Review, Reviewed, Closed. */
export const reviewStates = ['open', 'in_review', 'approved', 'closed'] as const
export type ReviewState = (typeof reviewStates)[number]

type Span = { calendarDays: number } | { businessDays: number }

/** content/policy/reviews.yaml */
export interface ReviewPolicy {
  meeting: Record<1 | 2, Span>
  report: Record<1 | 2, { preliminaryHours?: number | undefined; businessDays: number }>
  holidays: string[]
  workdays: string[]
}

/** Days are days of the page's zone; what is due on a day is late when that day is over. */
export interface ReviewDue {
  meetingOn: string
  reportOn: string
  /** A first account; severity 2 needs none. */
  preliminaryAt: Instant | null
}

/** Severity 1 and 2 are reviewed and reported on in public (2.2.3, 2.8). */
export const isReviewed = (severity: number): severity is 1 | 2 => severity === 1 || severity === 2

/**
 * When the meeting and the report are due, from the end of the incident; null while it is open or when its severity asks
 * for none. Severity 1: meeting within 3 calendar days, report within 5 business days; severity 2: 5 and 10.
 */
export function dueOf(
  { severity, resolvedAt }: { severity: number; resolvedAt: Instant | null },
  policy: ReviewPolicy,
  zone: string,
): ReviewDue | null {
  if (!resolvedAt || !isReviewed(severity)) return null
  const day = dateIn(toMs(resolvedAt), zone)
  const calendar = { zone, holidays: policy.holidays, workdays: policy.workdays }
  const meeting = policy.meeting[severity]
  const report = policy.report[severity]
  return {
    meetingOn:
      'calendarDays' in meeting
        ? plusDays(day, meeting.calendarDays)
        : plusBusinessDays(day, meeting.businessDays, calendar),
    reportOn: plusBusinessDays(day, report.businessDays, calendar),
    preliminaryAt: report.preliminaryHours === undefined ? null : plusMs(resolvedAt, report.preliminaryHours * hourMs),
  }
}

export const isLate = (day: string, now: Instant, zone: string): boolean => isPast(day, now, zone)

/** What decides whether a review may go on. */
export interface Standing {
  state: ReviewState
  severity: number
  resolvedAt: Instant | null
  summary: string
  factors: number
  causeCategory: string | null
  /** Actions that are neither done nor dropped and that nobody owns. */
  unowned: number
  reportPublishedAt: Instant | null
}

export type Blocker = 'reopened' | 'summary' | 'factors' | 'cause' | 'unowned' | 'report' | 'approval'

/** What is missing before a review may take this state; nothing when it may. */
export function blockersOf(review: Standing, next: ReviewState): Blocker[] {
  if (next === 'open' || next === 'in_review') return []
  const blockers: Blocker[] = []
  if (!review.resolvedAt) blockers.push('reopened')
  if (!review.summary.trim()) blockers.push('summary')
  if (!review.factors) blockers.push('factors')
  if (!review.causeCategory) blockers.push('cause')
  if (next === 'approved') return blockers
  if (review.state !== 'approved') blockers.push('approval')
  // 2.8: a review of level 1 cannot close with an action that nobody owns.
  if (review.severity === 1 && review.unowned) blockers.push('unowned')
  if (!review.reportPublishedAt) blockers.push('report')
  return blockers
}

const sentences: Record<Blocker, string> = {
  reopened: 'The incident is open again. Resolve it first.',
  summary: 'Write the summary first.',
  factors: 'Name at least one contributing factor first.',
  cause: 'Choose the category of the cause first.',
  unowned: 'A review of severity 1 cannot close while an action has no owner.',
  report: 'Publish the public report first.',
  approval: 'The review is closed once it is approved.',
}

/**
 * Refuses a state that does not follow, with a sentence for all that is missing. A review of severity 2 may be closed
 * with a reason instead, when it was held elsewhere.
 */
export function checkMove(review: Standing, next: ReviewState, reason: string | null): void {
  if (next === review.state) throw conflict('The review is in this state already.')
  if (next === 'open') throw conflict('A review that has begun goes back to review, not to its beginning.')
  if (reason !== null && next !== 'closed')
    throw invalid('Only closing takes a reason.', { reason: 'Only closing takes a reason.' })
  if (next === 'closed' && reason !== null) {
    if (review.severity === 1)
      throw new AppError('conflict', 'A review of severity 1 is held here: it cannot be closed with a reason instead.')
    return
  }
  if (next === 'approved' && review.state !== 'in_review')
    throw conflict('Take the review up first: it is approved after the meeting.')
  const missing = blockersOf(review, next)
  if (missing.length) throw conflict(missing.map((one) => sentences[one]).join(' '))
}

/** Refuses to change what is closed: it is taken up again first. */
export function checkOpen(state: string): void {
  if (state === 'closed') throw conflict('This review is closed. Take it up again first.')
}
