import type { App } from '#api/app.ts'
import { type Actor, system } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict, invalid } from '#api/errors.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { dueStatements, eventsOf, findStatement } from './queries.ts'
import { checkComplete } from './review-actions.ts'
import type { Statement } from './show.ts'
import { checkApproved, checkOut, checkSchedule, checkStep, lateness, publicState } from './statement.ts'
import { type Asked, addVersion, changedSince, type Outcome, type Turn, takeTurn } from './turn.ts'
import { needsLegal } from './types.ts'

/** Refuses to let out anything but what legal approved, or the words of a pre-approved template. */
async function checkMayGo(turn: Turn): Promise<{ preapproved: boolean }> {
  const { trx, statement, versions, newest } = turn
  checkComplete(turn)
  const approved = statement.approvedHash === newest.hash
  if (!approved && needsLegal(statement.type, newest.fromTemplate === 1)) {
    const last = (await eventsOf(trx, [statement.id])).findLast(({ kind }) => kind === 'approved')
    const read = versions.find(({ id }) => id === last?.versionId)
    checkApproved(newest, statement.approvedHash, changedSince(read, newest))
  }
  return { preapproved: !approved }
}

const preapproval = (preapproved: boolean) => (preapproved ? [{ kind: 'preapproved' }] : [])

/** Lets an approved text go out at a time that is still to come: until then nothing outside shows that it exists. */
export const scheduleStatement = (
  app: App,
  actor: Actor,
  id: string,
  { at }: { at: Instant },
  asked: Asked = {},
): Promise<Statement> =>
  takeTurn(
    app,
    actor,
    id,
    async (turn) => {
      const { statement, now } = turn
      checkStep(statement.state, 'schedule')
      checkSchedule(at, now)
      const { preapproved } = await checkMayGo(turn)
      return {
        after: { ...statement, state: 'scheduled', approvedHash: turn.newest.hash, publishAt: at },
        events: [...preapproval(preapproved), { kind: 'scheduled', note: at }],
      }
    },
    asked,
  )

/** Takes a text off the schedule; what was approved stays approved. */
export const unscheduleStatement = (app: App, actor: Actor, id: string, asked: Asked = {}): Promise<Statement> =>
  takeTurn(
    app,
    actor,
    id,
    ({ statement }) => {
      checkStep(statement.state, 'unschedule')
      return { after: { ...statement, state: 'approved', publishAt: null }, events: [{ kind: 'unscheduled' }] }
    },
    asked,
  )

/**
 * Says it, now: the newest version in every language, if it is the approved one, or a pre-approved template's words.
 * Throws `conflict` with what was changed since the approval, `invalid` while a brace is open.
 */
export const publishStatement = (
  app: App,
  actor: Actor,
  id: string,
  { hash }: { hash?: string | undefined } = {},
  asked: Asked = {},
): Promise<Statement> =>
  takeTurn(
    app,
    actor,
    id,
    async (turn) => {
      const { newest, versions } = turn
      checkStep(turn.statement.state, 'publish')
      if (hash !== undefined && hash !== newest.hash) {
        const read = versions.findLast((version) => version.hash === hash)
        const changed = changedSince(read, newest)
        throw new AppError(
          'conflict',
          changed
            ? `You have read version ${changed.number}; version ${newest.number} was saved since. Nothing was published.`
            : 'There is no version with this hash. Nothing was published.',
          changed ? { fields: changed.fields } : {},
        )
      }
      const { preapproved } = await checkMayGo(turn)
      return goneOut({ ...turn, statement: { ...turn.statement, publishAt: null } }, preapproved)
    },
    asked,
  )

/** The statement as it stands once its newest version is out. */
function goneOut({ statement, newest, now }: Turn, preapproved: boolean, lateMs = 0): Outcome {
  const correction = statement.publishedVersionId !== null
  const after: Row<'statement'> = {
    ...statement,
    state: correction ? 'corrected' : 'published',
    publishedVersionId: newest.id,
    approvedHash: newest.hash,
    publishedAt: statement.publishedAt ?? now,
    lateMs: correction ? statement.lateMs : lateMs,
    ...(correction ? { correctedAt: now } : {}),
  }
  const kind = correction ? 'corrected' : 'published'
  return {
    after,
    events: [...preapproval(preapproved), { kind }, ...(lateMs ? [{ kind: 'late', note: String(lateMs) }] : [])],
    announced: correction ? 'statement.corrected' : 'statement.published',
  }
}

/**
 * Publishes what the clock has let free: every statement whose embargo has ended, each in a transaction of its own, so
 * that one that cannot go holds up no other; then throws why it could not. What comes out a minute or more after its
 * time is marked late. Gives how many went out.
 */
export async function publishDue(app: App): Promise<number> {
  let count = 0
  let trouble: unknown
  for (const id of await dueStatements(app.db, app.now())) {
    try {
      const whole = await takeTurn(
        app,
        system,
        id,
        (turn) => {
          const { statement, newest, now } = turn
          // Another worker was faster, or a person took it off the schedule.
          if (statement.state !== 'scheduled' || !statement.publishAt || statement.publishAt > now) return null
          if (statement.approvedHash !== newest.hash)
            throw conflict('Another text than the approved one was scheduled.')
          count++
          return goneOut(turn, false, lateness(statement.publishAt, now))
        },
        { program: true },
      )
      if (whole.lateMs) app.log('warn', 'statement.late', { statement: id, minutes: Math.floor(whole.lateMs / 60_000) })
    } catch (error) {
      trouble = error
    }
  }
  if (trouble) throw trouble
  return count
}

/**
 * Begins a correction of what is published: another text, with a note of what changed that readers will see. It goes
 * through the same approval; until it is published readers go on seeing the old text.
 */
export const correctStatement = (
  app: App,
  actor: Actor,
  id: string,
  input: { title: Words; body: Words; note: Words },
  asked: Asked = {},
): Promise<Statement> =>
  takeTurn(
    app,
    actor,
    id,
    async ({ trx, now, statement, versions, facts }) => {
      checkStep(statement.state, 'correct')
      const of = { statementId: id, template: statement.template, versions, facts }
      const version = await addVersion(trx, actor, now, of, input)
      if (!version)
        throw invalid('This is the text that is published. Change it first.', { body: 'Nothing was changed.' })
      return {
        after: { ...statement, state: 'draft', versionId: version.id, approvedHash: null },
        events: [{ kind: 'correction_drafted' }],
      }
    },
    asked,
  )

/** Takes a published statement back: its text goes, its page stays with the date and the reason. */
export const withdrawStatement = (
  app: App,
  actor: Actor,
  id: string,
  { reason }: { reason: Words },
  asked: Asked = {},
): Promise<Statement> =>
  takeTurn(
    app,
    actor,
    id,
    ({ statement, now }) => {
      checkOut(statement)
      checkStep(statement.state, 'withdraw')
      return {
        after: { ...statement, state: 'withdrawn', withdrawnAt: now, withdrawnReason: toJson(reason) },
        events: [{ kind: 'withdrawn', note: Object.values(reason).join(' / ') }],
        announced: 'statement.withdrawn',
      }
    },
    asked,
  )

/** Says that a newer statement takes the place of this one; both stay readable. */
export const supersedeStatement = (
  app: App,
  actor: Actor,
  id: string,
  { by }: { by: string },
  asked: Asked = {},
): Promise<Statement> =>
  takeTurn(
    app,
    actor,
    id,
    async ({ trx, statement, now }) => {
      checkOut(statement)
      checkStep(statement.state, 'supersede')
      const other = await findStatement(trx, by)
      const standing = other && ['published', 'corrected'].includes(publicState(other) ?? '')
      const fits = other?.incidentId === statement.incidentId && other.visibility === statement.visibility
      if (!other || other.id === id || !standing || !fits) {
        const sentence = 'Name another published statement on the same incident.'
        throw invalid(sentence, { by: sentence })
      }
      return {
        after: { ...statement, state: 'superseded', supersededById: by, supersededAt: now },
        events: [{ kind: 'superseded' }],
        announced: 'statement.superseded',
      }
    },
    asked,
  )
