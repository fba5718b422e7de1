import type { App } from '#api/app.ts'
import { type Actor, system } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict, invalid } from '#api/errors.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { differences, openBraces } from './facts.ts'
import { dueStatements, eventsOf, findStatement } from './queries.ts'
import { checkComplete } from './review-actions.ts'
import { type Statement, wordingOf } from './show.ts'
import { checkApproved, checkLead, checkOut, checkSchedule, checkStep, lateness, publicState } from './statement.ts'
import { type Asked, changedSince, nextVersion, type Outcome, step, stepWith, type Turn, takeTurn } from './turn.ts'
import { needsLead, needsLegal } from './types.ts'

/** Refuses to let out anything but what legal approved, or the words of a pre-approved template. */
async function checkMayGo(turn: Turn): Promise<{ preapproved: boolean }> {
  const { trx, actor, statement, versions, newest } = turn
  checkComplete(turn)
  const approved = statement.approvedHash === newest.hash
  if (!approved && needsLegal(statement.type, newest.fromTemplate === 1)) {
    const last = (await eventsOf(trx, [statement.id])).findLast(({ kind }) => kind === 'approved')
    const read = versions.find(({ id }) => id === last?.versionId)
    checkApproved(newest, statement.approvedHash, changedSince(read, newest))
  }
  if (needsLead(statement.type)) {
    const approval = (await eventsOf(trx, [statement.id])).findLast(({ kind }) => kind === 'approved')
    checkLead(actor, approval?.by)
  }
  return { preapproved: !approved }
}

const preapproval = (preapproved: boolean) => (preapproved ? [{ kind: 'preapproved' as const }] : [])

/** Lets an approved text go out at a time that is still to come: until then nothing outside shows that it exists. */
export const scheduleStatement = stepWith<{ at: Instant }>(async (turn, { at }) => {
  const { statement, now } = turn
  checkStep(statement.state, 'schedule')
  checkSchedule(at, now)
  const { preapproved } = await checkMayGo(turn)
  if (differencesIn(turn).length)
    throw conflict('Facts have changed since this text was saved. Save it with today’s facts, and ask for approval.')
  return {
    after: { ...statement, state: 'scheduled', approvedHash: turn.newest.hash, publishAt: at },
    events: [...preapproval(preapproved), { kind: 'scheduled', note: at }],
  }
})

/** Takes a text off the schedule; what was approved stays approved. */
export const unscheduleStatement = step(({ statement }) => {
  checkStep(statement.state, 'unschedule')
  return { after: { ...statement, state: 'approved', publishAt: null }, events: [{ kind: 'unscheduled' }] }
})

/**
 * Says it, now: the newest version in every language, if it is the approved one, or a pre-approved template's words.
 * Throws `conflict` with what was changed since the approval, `invalid` while a brace is open.
 */
export const publishStatement = (
  app: App,
  actor: Actor,
  id: string,
  input: { hash?: string | undefined } = {},
  asked: Asked = {},
): Promise<Statement> => letOut(app, actor, id, input, asked)

const letOut = stepWith<{ hash?: string | undefined }>(async (turn, { hash }) => {
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
})

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
    events: [
      ...preapproval(preapproved),
      { kind },
      ...(lateMs ? [{ kind: 'late' as const, note: String(lateMs) }] : []),
    ],
    announced: correction ? 'statement.corrected' : 'statement.published',
  }
}

const differencesIn = ({ newest, facts }: Turn) => differences(wordingOf(newest).facts, facts)

/**
 * What comes of a text whose facts are no longer so when its embargo ends: nobody reads it once more before it goes, so
 * it does not go. Today's facts are put into its words as another version, and whoever approves is asked; where a fact
 * is known no more, or the words need no approval, whoever writes is.
 */
async function stopped(turn: Turn): Promise<Outcome> {
  const { statement, newest } = turn
  const told = differencesIn(turn).map(({ locale, fact, used, now }) => `${fact} (${locale}): ${used} → ${now ?? '?'}`)
  const version = (await nextVersion(turn, wordingOf(newest)))!
  const { title, body, facts } = wordingOf(version)
  const open = Object.keys(openBraces({ title, body }, facts)).length > 0
  const asks = !open && needsLegal(statement.type, version.fromTemplate === 1)
  return {
    after: {
      ...statement,
      state: asks ? 'legal_review' : 'changes_requested',
      versionId: version.id,
      approvedHash: null,
      publishAt: null,
    },
    events: [
      { kind: 'facts_changed', note: told.join('; '), versionId: newest.id },
      ...(asks ? [{ kind: 'review_asked' as const }] : []),
    ],
  }
}

/**
 * Publishes what the clock has let free: every statement whose embargo has ended, each in a transaction of its own, so
 * that one that cannot go holds up no other; then throws why it could not. What comes out a minute or more after its
 * time is marked late; what tells facts that have changed since stays in. Gives how many went out.
 */
export async function publishDue(app: App): Promise<number> {
  let count = 0
  let trouble: unknown
  for (const id of await dueStatements(app.db, app.now())) {
    try {
      let stays = false
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
          stays = differencesIn(turn).length > 0
          if (stays) return stopped(turn)
          count++
          return goneOut(turn, false, lateness(statement.publishAt, now))
        },
        { program: true },
      )
      if (whole.lateMs) app.log('warn', 'statement.late', { statement: id, minutes: Math.floor(whole.lateMs / 60_000) })
      // It is not out: the log names what is public of it, its incident.
      if (stays) app.log('warn', 'statement.stopped', { incident: whole.incidentId })
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
export const correctStatement = stepWith<{ title: Words; body: Words; note: Words }>(async (turn, input) => {
  const { statement } = turn
  checkStep(statement.state, 'correct')
  const version = await nextVersion(turn, input)
  if (!version) throw invalid('This is the text that is published. Change it first.', { body: 'Nothing was changed.' })
  return {
    after: { ...statement, state: 'draft', versionId: version.id, approvedHash: null },
    events: [{ kind: 'correction_drafted' }],
  }
})

/** Takes a published statement back: its text goes, its page stays with the date and the reason. */
export const withdrawStatement = stepWith<{ reason: Words }>(({ statement, now }, { reason }) => {
  checkOut(statement)
  checkStep(statement.state, 'withdraw')
  return {
    after: { ...statement, state: 'withdrawn', withdrawnAt: now, withdrawnReason: toJson(reason) },
    events: [{ kind: 'withdrawn', note: Object.values(reason).join(' / ') }],
    announced: 'statement.withdrawn',
  }
})

/** Says that a newer statement takes the place of this one; both stay readable. */
export const supersedeStatement = stepWith<{ by: string }>(async ({ trx, statement, now }, { by }) => {
  checkOut(statement)
  checkStep(statement.state, 'supersede')
  const other = await findStatement(trx, by)
  const standing = other && ['published', 'corrected'].includes(publicState(other) ?? '')
  const fits = other?.incidentId === statement.incidentId && other.visibility === statement.visibility
  if (!other || other.id === statement.id || !standing || !fits) {
    const sentence = 'Name another published statement on the same incident.'
    throw invalid(sentence, { by: sentence })
  }
  return {
    after: { ...statement, state: 'superseded', supersededById: by, supersededAt: now },
    events: [{ kind: 'superseded' }],
    announced: 'statement.superseded',
  }
})
