import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { invalid, notFound } from '#api/errors.ts'
import { settle } from '#api/http/claims.ts'
import { isPrivate } from '#api/incidents/incident.ts'
import { holdIncident } from '#api/incidents/queries.ts'
import { newId } from '#api/lib/ids.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { addEvent, factsNow, insertStatement, readWhole, saveMention, startsOf } from './queries.ts'
import type { Statement } from './show.ts'
import { checkFollows, checkStep } from './statement.ts'
import { findTemplate } from './templates.ts'
import { type Asked, addVersion, nextVersion, placeOf, step, stepWith } from './turn.ts'
import { kinds, type StatementType, type Visibility } from './types.ts'

export interface NewStatement {
  type: StatementType
  visibility?: Visibility | undefined
  /** A pre-approved template: its text stands where none is given. */
  template?: string | null | undefined
  title?: Words | undefined
  body?: Words | undefined
}

/**
 * Begins a statement: a draft that nobody outside may know of. Throws `not_found`, `invalid` with the fields; nothing
 * that would become public can be begun for an incident that is private.
 */
export async function draftStatement(
  app: App,
  actor: Actor,
  incidentId: string,
  input: NewStatement,
  { claim }: Asked = {},
): Promise<Statement> {
  const template = input.template ? findTemplate(input.template) : undefined
  const visibility = input.visibility ?? kinds[input.type].visibilities[0]!
  checkDraft(input, visibility, template)
  return app.db.transaction().execute(async (trx) => {
    const incident = await holdIncident(trx, incidentId)
    if (!incident) throw notFound('This incident')
    if (isPrivate(incident.severity) && visibility === 'public')
      throw invalid('This incident is private: nothing public may speak of it. Write an internal brief or a letter.', {
        type: 'Nothing public may speak of a private incident.',
      })
    const now = app.now()
    const facts = (await factsNow(trx, incidentId, placeOf(app)))!
    const id = newId()
    const words = { title: input.title ?? template?.title ?? {}, body: input.body ?? template?.body ?? {}, note: {} }
    // The version names its statement, and the statement its version: the row comes first, with the version's id known after.
    const statement: Row<'statement'> = {
      id,
      incidentId,
      type: input.type,
      visibility,
      state: 'draft',
      template: template?.key ?? null,
      versionId: '',
      publishedVersionId: null,
      approvedHash: null,
      publishAt: null,
      publishedAt: null,
      lateMs: 0,
      correctedAt: null,
      withdrawnAt: null,
      withdrawnReason: null,
      supersededById: null,
      supersededAt: null,
      createdAt: now,
      createdBy: actor.id,
    }
    await insertStatement(trx, statement)
    const of = { statementId: id, template: statement.template, versions: [], facts }
    const version = (await addVersion(trx, actor, now, of, words))!
    const after = { ...statement, versionId: version.id }
    await trx.updateTable('statement').set({ versionId: version.id }).where('id', '=', id).execute()
    await addEvent(trx, { statementId: id, versionId: version.id, kind: 'drafted', note: null, at: now, by: actor.id })
    await record(trx, now, actor, 'statement.drafted', id, {
      after: { ...after, title: words.title, body: words.body },
    })
    await settle(trx, claim, id)
    return (await readWhole(trx, id, placeOf(app), now))!
  })
}

function checkDraft(input: NewStatement, visibility: Visibility, template: ReturnType<typeof findTemplate>): void {
  const fields: Record<string, string> = {}
  if (!kinds[input.type].visibilities.includes(visibility))
    fields.visibility = `This kind of statement is ${kinds[input.type].visibilities.join(' or ')}.`
  if (input.template && template?.for !== input.type)
    fields.template = 'There is no such template for this kind of statement.'
  for (const field of ['title', 'body'] as const)
    if (!Object.keys(input[field] ?? template?.[field] ?? {}).length)
      fields[field] = 'Write this in at least one language.'
  if (Object.keys(fields).length) throw invalid('Some fields need your attention.', fields)
}

/**
 * Saves another text as a new version. What was approved or scheduled is so no longer: the approval was for other
 * words. The same text again changes nothing. Throws `conflict` when another version than the one it `follows` is the
 * newest.
 */
export const saveVersion = stepWith<{
  title: Words
  body: Words
  note?: Words | undefined
  follows?: string | undefined
}>(async (turn, input) => {
  const { statement, newest } = turn
  checkStep(statement.state, 'save')
  checkFollows(input.follows, newest)
  const note = input.note ?? fromJson<Words>(newest.note)
  const version = await nextVersion(turn, { ...input, note })
  if (!version) return null
  const after: Row<'statement'> = {
    ...statement,
    state: 'draft',
    versionId: version.id,
    approvedHash: null,
    publishAt: null,
  }
  return { after, events: [{ kind: 'saved' }] }
})

/** Ends work that was never published; of a correction, what is published stays as it is. */
export const discardStatement = step(({ statement }) => {
  checkStep(statement.state, 'discard')
  const { publishedVersionId, correctedAt } = statement
  const after: Row<'statement'> = {
    ...statement,
    state: publishedVersionId ? (correctedAt ? 'corrected' : 'published') : 'discarded',
    versionId: publishedVersionId ?? statement.versionId,
    approvedHash: null,
    publishAt: publishedVersionId ? statement.publishAt : null,
  }
  return { after, events: [{ kind: 'discarded', versionId: statement.versionId }] }
})

export interface Mention {
  mentionedAt: Instant | null
  source: string
  declaredAt?: Instant | null | undefined
}

/** Records when others first spoke of an incident in public, and when it was declared: the clocks run from there. */
export async function recordMention(
  app: App,
  actor: Actor,
  incidentId: string,
  input: Mention,
): Promise<{ id: string }> {
  await app.db.transaction().execute(async (trx) => {
    const incident = await holdIncident(trx, incidentId)
    if (!incident) throw notFound('This incident')
    const now = app.now()
    const fields: Record<string, string> = {}
    for (const name of ['mentionedAt', 'declaredAt'] as const)
      if ((input[name] ?? '') > now) fields[name] = 'This time is still to come.'
    if (Object.keys(fields).length) throw invalid('Some times need your attention.', fields)
    const before = await startsOf(trx, incidentId)
    const { mentionedAt, source, declaredAt = null } = input
    await saveMention(trx, { incidentId, mentionedAt, source, declaredAt, recordedAt: now, recordedBy: actor.id })
    await record(trx, now, actor, 'incident.mentioned', incidentId, { before, after: toJson(input) })
  })
  return { id: incidentId }
}
