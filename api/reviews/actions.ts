import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { findIncidentRow } from '#api/incidents/queries.ts'
import { newId } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'
import { isUnowned } from './action.ts'
import { type Cause, checkCause, type FactorKind } from './cause.ts'
import {
  actionsOf,
  addReview,
  factorsOf,
  holdReview,
  insertFactor,
  insertText,
  removeFactor,
  saveReview,
  textsOf,
} from './queries.ts'
import { checkMove, checkOpen, isReviewed, type ReviewState } from './review.ts'
import type { Section } from './sections.ts'

/** What every change of a review is done with: its row, held, and that of its incident. */
export interface Held {
  trx: Trx
  now: Instant
  review: Row<'review'>
}

/**
 * Does one thing to an incident's review in one transaction, in turn with whoever else does. Throws `not_found` when the
 * incident has none, and `conflict` when it is closed, unless `closed` says that this may be.
 */
export function onReview<T>(
  app: App,
  incidentId: string,
  change: (held: Held) => Promise<T>,
  { closed = false } = {},
): Promise<T> {
  return app.db.transaction().execute(async (trx) => {
    const review = await holdReview(trx, incidentId)
    if (!review) throw notFound('A review of this incident')
    if (!closed) checkOpen(review.state)
    return change({ trx, now: app.now(), review })
  })
}

/**
 * Opens a review by hand, of an incident that was over before reviews were kept. Throws `conflict` when it has one, is
 * not over, or is of a severity that needs none.
 */
export async function startReview(app: App, actor: Actor, incidentId: string, claim?: Claim): Promise<{ id: string }> {
  return app.db.transaction().execute(async (trx) => {
    const incident = await findIncidentRow(trx, incidentId)
    if (!incident) throw notFound('This incident')
    if (!incident.resolvedAt) throw conflict('The review is opened when the incident is resolved.')
    if (!isReviewed(incident.severity)) throw conflict('Incidents of severity 1 and 2 are reviewed.')
    const review = { id: newId(), incidentId, openedAt: app.now(), openedBy: actor.id }
    if (!(await addReview(trx, review))) throw conflict('This incident has a review.')
    await record(trx, review.openedAt, actor, 'review.opened', incidentId, { after: review })
    await settle(trx, claim, review.id)
    return { id: review.id }
  })
}

/**
 * Saves a section's text as a new version; earlier ones stay. `follows` is the number of the version that was read, 0
 * for none: when another was saved since, `conflict`, and nothing is lost on either side.
 */
export function saveSection(
  app: App,
  actor: Actor,
  incidentId: string,
  section: Section,
  { body, follows }: { body: string; follows: number },
): Promise<{ id: string }> {
  return onReview(app, incidentId, async ({ trx, now, review }) => {
    const before = (await textsOf(trx, review.id)).find((text) => text.section === section)
    const number = before?.number ?? 0
    if (number !== follows)
      throw conflict(`Version ${number} of this section was saved meanwhile. Read it, then save yours after it.`)
    if (before?.body === body) return { id: before.id }
    const text = {
      id: newId(),
      reviewId: review.id,
      section,
      number: number + 1,
      body,
      createdAt: now,
      createdBy: actor.id,
    }
    await insertText(trx, text)
    await record(trx, now, actor, 'review.written', incidentId, { after: { section, number: text.number } })
    return { id: text.id }
  })
}

/** Names something that contributed. */
export function addFactor(
  app: App,
  actor: Actor,
  incidentId: string,
  { text, kind }: { text: string; kind: FactorKind },
  claim?: Claim,
): Promise<{ id: string }> {
  return onReview(app, incidentId, async ({ trx, now, review }) => {
    const factor = { id: newId(), reviewId: review.id, kind, body: text, createdAt: now, createdBy: actor.id }
    await insertFactor(trx, { ...factor, removedAt: null, removedBy: null })
    await record(trx, now, actor, 'review.factorAdded', incidentId, { after: factor })
    await settle(trx, claim, factor.id)
    return { id: factor.id }
  })
}

/** Takes a factor away, and with it a category of the cause that rested on it alone. */
export function dropFactor(app: App, actor: Actor, incidentId: string, id: string): Promise<{ id: string }> {
  return onReview(app, incidentId, async ({ trx, now, review }) => {
    const factors = await factorsOf(trx, review.id)
    const factor = factors.find((one) => one.id === id)
    if (!factor) throw notFound('This factor')
    const cause = review.causeCategory as Cause | null
    if (cause)
      checkCause(
        cause,
        factors.filter((one) => one !== factor),
      )
    await removeFactor(trx, id, now, actor.id)
    await record(trx, now, actor, 'review.factorRemoved', incidentId, { before: factor })
    return { id }
  })
}

export interface ReviewPatch {
  state?: ReviewState | undefined
  /** Closes a review of severity 2 that was held elsewhere. */
  reason?: string | null | undefined
  causeCategory?: Cause | null | undefined
  meetingAt?: Instant | null | undefined
}

/** Moves a review on, says when it meets, or names the category of its cause. Throws `conflict` with all that is missing. */
export function changeReview(app: App, actor: Actor, incidentId: string, patch: ReviewPatch): Promise<{ id: string }> {
  return onReview(
    app,
    incidentId,
    async ({ trx, now, review: before }) => {
      const reopens = before.state === 'closed' && patch.state === 'in_review'
      if (!reopens) checkOpen(before.state)
      const factors = await factorsOf(trx, before.id)
      if (patch.causeCategory) checkCause(patch.causeCategory, factors)
      const after = { ...before }
      if (patch.causeCategory !== undefined) after.causeCategory = patch.causeCategory
      if (patch.meetingAt !== undefined) after.meetingAt = patch.meetingAt
      if (patch.state !== undefined) {
        const reason = patch.reason?.trim() || null
        checkMove(await standingOf(trx, after, factors.length), patch.state, reason)
        const closes = patch.state === 'closed'
        after.state = patch.state
        after.closedAt = closes ? now : null
        after.closedBy = closes ? actor.id : null
        after.closedReason = closes ? reason : null
      }
      await saveReview(trx, after)
      const moved = patch.state === undefined ? 'review.changed' : (`review.${moves[patch.state]}` as const)
      await record(trx, now, actor, moved, incidentId, { before, after })
      return { id: before.id }
    },
    { closed: true },
  )
}

const moves = {
  open: 'changed',
  in_review: 'takenUp',
  approved: 'approved',
  closed: 'closed',
} as const satisfies Record<ReviewState, string>

async function standingOf(trx: Trx, review: Row<'review'>, factors: number) {
  const incident = await findIncidentRow(trx, review.incidentId)
  const texts = await textsOf(trx, review.id)
  return {
    state: review.state,
    severity: incident?.severity ?? 1,
    resolvedAt: incident?.resolvedAt ?? null,
    summary: texts.find(({ section }) => section === 'summary')?.body ?? '',
    factors,
    causeCategory: review.causeCategory,
    unowned: (await actionsOf(trx, review.id)).filter(isUnowned).length,
    reportPublishedAt: review.reportPublishedAt,
  }
}
