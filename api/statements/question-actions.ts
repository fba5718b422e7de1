import type { App } from '#api/app.ts'
import { type Action, type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { settle } from '#api/http/claims.ts'
import { holdIncident } from '#api/incidents/queries.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { openBraces, usedFacts } from './facts.ts'
import { factsNow, findStatement } from './queries.ts'
import { checkAnswer, questionState } from './question.ts'
import {
  findQuestion,
  holdQuestion,
  holdRumour,
  insertQuestion,
  insertRumour,
  saveQuestion,
  saveRumour,
} from './question-queries.ts'
import { type Asked, placeOf } from './turn.ts'
import { hashOf } from './version.ts'

/** One change, with its audit line, all or nothing. `run` gives the id of what it is about and what to write down. */
async function change(
  app: App,
  actor: Actor,
  { claim }: Asked,
  run: (trx: Trx, now: Instant) => Promise<{ id: string; action: Action; before?: unknown; after: unknown }>,
): Promise<{ id: string }> {
  return app.db.transaction().execute(async (trx) => {
    const now = app.now()
    const { id, action, before, after } = await run(trx, now)
    await record(trx, now, actor, action, id, { before, after })
    await settle(trx, claim, id)
    return { id }
  })
}

/**
 * Adds an answer that support may give once legal has approved it. With `replaces` it takes the place of an earlier
 * answer, which is given until then. Throws `not_found`, `invalid` while a brace is open.
 */
export const addQuestion = (
  app: App,
  actor: Actor,
  incidentId: string,
  input: { question: Words; answer: Words; replaces?: string | null | undefined },
  asked: Asked = {},
): Promise<{ id: string }> =>
  change(app, actor, asked, async (trx, now) => {
    if (!(await holdIncident(trx, incidentId))) throw notFound('This incident')
    const earlier = input.replaces ? await findQuestion(trx, input.replaces) : null
    if (input.replaces && (earlier?.incidentId !== incidentId || earlier.endedAt))
      throw invalid('An answer takes the place of one that stands.', { replaces: 'There is no such answer here.' })
    const { question, answer } = input
    const known = (await factsNow(trx, incidentId, placeOf(app)))!
    const facts = usedFacts([question, answer], known)
    const open = openBraces({ question, answer }, facts)
    if (Object.keys(open).length) throw invalid('Something in braces is not filled in yet.', open)
    const row: Row<'qaEntry'> = {
      id: newId(),
      incidentId,
      question: toJson(question),
      answer: toJson(answer),
      facts: toJson(facts),
      hash: hashOf({ title: question, body: answer, facts, note: {} }),
      replacesId: input.replaces ?? null,
      createdAt: now,
      createdBy: actor.id,
      approvedAt: null,
      approvedBy: null,
      returnedAt: null,
      returnedBy: null,
      returnedNote: null,
      endedAt: null,
      endedBy: null,
    }
    // An answer that legal sent back, or that nobody has read yet, is not needed any more.
    if (earlier && questionState(earlier) !== 'approved')
      await saveQuestion(trx, { ...earlier, endedAt: now, endedBy: actor.id })
    await insertQuestion(trx, row)
    return { id: row.id, action: 'answer.written', after: row }
  })

/** Legal lets support give an answer; the one whose place it takes ends with it. */
export const approveAnswer = (
  app: App,
  actor: Actor,
  id: string,
  { hash }: { hash: string },
  asked: Asked = {},
): Promise<{ id: string }> =>
  change(app, actor, asked, async (trx, now) => {
    const before = await holdQuestion(trx, id)
    if (!before) throw notFound('This answer')
    checkAnswer(before, { hash, by: actor.id })
    const after = { ...before, approvedAt: now, approvedBy: actor.id }
    await saveQuestion(trx, after)
    const earlier = before.replacesId ? await holdQuestion(trx, before.replacesId) : null
    if (earlier && !earlier.endedAt) await saveQuestion(trx, { ...earlier, endedAt: now, endedBy: actor.id })
    return { id, action: 'answer.approved', before, after }
  })

/** Legal sends an answer back with what has to change. */
export const returnAnswer = (
  app: App,
  actor: Actor,
  id: string,
  { note }: { note: string },
  asked: Asked = {},
): Promise<{ id: string }> =>
  change(app, actor, asked, async (trx, now) => {
    const before = await holdQuestion(trx, id)
    if (!before) throw notFound('This answer')
    if (questionState(before) !== 'waiting') throw conflict('This answer does not wait for legal.')
    const after = { ...before, returnedAt: now, returnedBy: actor.id, returnedNote: note }
    await saveQuestion(trx, after)
    return { id, action: 'answer.returned', before, after }
  })

/** Support gives this answer no longer. It stays in the record. */
export const endAnswer = (app: App, actor: Actor, id: string, asked: Asked = {}): Promise<{ id: string }> =>
  change(app, actor, asked, async (trx, now) => {
    const before = await holdQuestion(trx, id)
    if (!before) throw notFound('This answer')
    if (before.endedAt) throw conflict('This answer is not given any more.')
    const after = { ...before, endedAt: now, endedBy: actor.id }
    await saveQuestion(trx, after)
    return { id, action: 'answer.ended', before, after }
  })

/** Writes down what is said about an incident elsewhere, where, and since when. */
export const noteRumour = (
  app: App,
  actor: Actor,
  incidentId: string,
  input: { text: string; source: string; seenAt?: Instant | undefined },
  asked: Asked = {},
): Promise<{ id: string }> =>
  change(app, actor, asked, async (trx, now) => {
    if (!(await holdIncident(trx, incidentId))) throw notFound('This incident')
    const { text, source, seenAt = now } = input
    if (seenAt > now) throw invalid('This time is still to come.', { seenAt: 'This time is still to come.' })
    const row: Row<'rumour'> = {
      id: newId(),
      incidentId,
      text,
      source,
      seenAt,
      createdAt: now,
      createdBy: actor.id,
      decision: null,
      decidedAt: null,
      decidedBy: null,
      statementId: null,
    }
    await insertRumour(trx, row)
    return { id: row.id, action: 'rumour.noted', after: row }
  })

/**
 * Decides about a rumour: it is answered, within the hour from now, or watched. `statementId` names the statement that
 * answers it. The hour runs from the first decision to answer; naming the statement later does not begin it anew.
 */
export const decideRumour = (
  app: App,
  actor: Actor,
  id: string,
  input: { decision: 'answer' | 'watch'; statementId?: string | null | undefined },
  asked: Asked = {},
): Promise<{ id: string }> =>
  change(app, actor, asked, async (trx, now) => {
    const before = await holdRumour(trx, id)
    if (!before) throw notFound('This rumour')
    const { decision, statementId = before.statementId } = input
    const statement = statementId ? await findStatement(trx, statementId) : null
    if (statementId && statement?.incidentId !== before.incidentId)
      throw invalid('The answer is a statement on the same incident.', {
        statementId: 'There is no such statement here.',
      })
    const again = before.decision === decision
    const after: Row<'rumour'> = {
      ...before,
      decision,
      statementId: decision === 'answer' ? statementId : null,
      decidedAt: again ? before.decidedAt : now,
      decidedBy: again ? before.decidedBy : actor.id,
    }
    await saveRumour(trx, after)
    return { id, action: 'rumour.decided', before, after }
  })
