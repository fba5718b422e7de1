import type { Actor } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict, invalid } from '#api/errors.ts'
import { type Instant, toMs } from '#api/lib/time.ts'

/** The life of a statement. While a correction of a published one is written, the work has a state of its own again. */
export const statementStates = [
  'draft',
  'legal_review',
  'changes_requested',
  'approved',
  'scheduled',
  'published',
  'corrected',
  'withdrawn',
  'superseded',
  'discarded',
] as const
export type StatementState = (typeof statementStates)[number]

/** What a person does to a statement. */
export type Step =
  | 'save'
  | 'ask'
  | 'request_changes'
  | 'approve'
  | 'schedule'
  | 'unschedule'
  | 'publish'
  | 'correct'
  | 'withdraw'
  | 'supersede'
  | 'discard'

const unpublished: StatementState[] = ['draft', 'changes_requested', 'legal_review', 'approved', 'scheduled']
const standing: StatementState[] = ['published', 'corrected']

const from: Record<Step, StatementState[]> = {
  save: unpublished,
  ask: ['draft', 'changes_requested'],
  request_changes: ['legal_review', 'approved'],
  approve: ['legal_review'],
  schedule: ['draft', 'changes_requested', 'legal_review', 'approved', 'scheduled'],
  unschedule: ['scheduled'],
  publish: unpublished,
  correct: standing,
  withdraw: [...standing, ...unpublished],
  supersede: standing,
  discard: unpublished,
}

/** Why a step cannot be taken from a state, as somebody who wants to take it needs to hear it. */
const refusals: Record<StatementState, string> = {
  draft: 'This statement is a draft. Ask legal to review it first.',
  changes_requested: 'Changes were asked for. Save the changed text and ask again.',
  legal_review: 'Legal is reading this statement. Wait for the answer, or save another text.',
  approved: 'This text is approved already.',
  scheduled: 'This statement is scheduled. Take it off the schedule first.',
  published: 'This statement is published. Write a correction, or withdraw it.',
  corrected: 'This statement is published and was corrected. Write another correction, or withdraw it.',
  withdrawn: 'This statement was withdrawn. What was withdrawn stays so: write a new one.',
  superseded: 'A newer statement took the place of this one. Change that one.',
  discarded: 'This statement was discarded and never published. Write a new one.',
}

/** Refuses a step that does not fit the state, with a sentence that says what does. */
export function checkStep(state: StatementState, step: Step): void {
  if (!from[step].includes(state)) throw conflict(refusals[state])
}

type Life = Pick<
  Row<'statement'>,
  'state' | 'publishedVersionId' | 'withdrawnAt' | 'supersededById' | 'correctedAt' | 'publishedAt'
>

/** What readers see of it, whatever is being written behind it; null when nothing of it is out. */
export function publicState(statement: Life): 'published' | 'corrected' | 'withdrawn' | 'superseded' | null {
  if (!statement.publishedVersionId) return null
  if (statement.withdrawnAt) return 'withdrawn'
  if (statement.supersededById) return 'superseded'
  return statement.correctedAt ? 'corrected' : 'published'
}

/** Whether readers have seen it and nothing took it back: a withdrawal or a newer statement makes sense. */
export function checkOut(statement: Life): void {
  const out = publicState(statement)
  if (!out) throw conflict('This statement is not published: there is nothing to take back. Discard it instead.')
  if (out === 'withdrawn' || out === 'superseded') throw conflict(refusals[out])
}

/** Refuses words written without having read the newest version: two people would undo each other's. */
export function checkFollows(follows: string | undefined, newest: { id: string; number: number }): void {
  if (follows !== undefined && follows !== newest.id)
    throw conflict(`Version ${newest.number} was saved meanwhile. Read it first, then save yours.`)
}

/** An embargo ends at a time that is still to come. */
export function checkSchedule(at: Instant, now: Instant): void {
  if (toMs(at) > toMs(now)) return
  const sentence = 'The embargo must end at a time that is still to come. To publish now, publish.'
  throw invalid(sentence, { at: sentence })
}

/**
 * Refuses to let out another text than the approved one. `approvedHash` is null when nothing was approved; `changed` is
 * what was changed since, for whoever has to read it again.
 */
export function checkApproved(
  version: Pick<Row<'statementVersion'>, 'number' | 'hash'>,
  approvedHash: string | null,
  changed: { fields: Record<string, string>; number: number } | null,
): void {
  if (approvedHash === version.hash) return
  if (!changed) throw conflict('Legal has not approved this text. Ask for a review first.')
  throw new AppError(
    'conflict',
    `The text was changed after it was approved: version ${changed.number} was, version ${version.number} was not. Ask for approval again.`,
    { fields: changed.fields },
  )
}

/** Legal approves what it has read, word for word, and never its own words. */
export function checkApproval(
  version: Pick<Row<'statementVersion'>, 'number' | 'hash' | 'createdBy'>,
  {
    hash,
    by,
    changed,
  }: { hash: string; by: string; changed: { fields: Record<string, string>; number: number } | null },
): void {
  if (version.hash !== hash)
    throw new AppError(
      'conflict',
      changed
        ? `You have read version ${changed.number}; version ${version.number} was saved since. This is what changed: read it and approve that one.`
        : 'There is no version with this hash. Read the newest one and approve that.',
      changed ? { fields: changed.fields } : {},
    )
  if (version.createdBy === by)
    throw new AppError('forbidden', 'You wrote this version. Somebody else of legal has to approve it.')
}

/** A report is let out by the lead, and legal is somebody else. `approvedBy` is who of legal approved its words. */
export function checkLead({ id, roles }: Pick<Actor, 'id' | 'roles'>, approvedBy: string | undefined): void {
  if (!roles.includes('lead'))
    throw new AppError('forbidden', 'A report has two people behind it: legal has approved it, the lead lets it out.')
  if (id === approvedBy)
    throw new AppError('forbidden', 'You approved this text as legal. Somebody else has to let it out as the lead.')
}

/** From how late on a publication says that it was late, in milliseconds. */
export const lateAfterMs = 60_000

/** How late a scheduled publication is, in milliseconds; 0 when it is on time. */
export const lateness = (publishAt: Instant | null, now: Instant): number => {
  const lateMs = publishAt ? toMs(now) - toMs(publishAt) : 0
  return lateMs >= lateAfterMs ? lateMs : 0
}
