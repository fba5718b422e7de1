import { namesOf } from '#api/audit/names.ts'
import { conflict, invalid } from '#api/errors.ts'
import { toMs, wallOf } from '#api/lib/time.ts'
import { openBraces } from './facts.ts'
import { eventsOf } from './queries.ts'
import { wordingOf } from './show.ts'
import { checkApproval, checkStep } from './statement.ts'
import { changedSince, step, stepWith, type Turn } from './turn.ts'
import { kinds } from './types.ts'

/** Refuses a text with an open brace: nobody can approve, and no reader understand, what is not filled in yet. */
export function checkComplete({ newest }: Pick<Turn, 'newest'>): void {
  const { title, body, facts } = wordingOf(newest)
  const fields = openBraces({ title, body }, facts)
  if (Object.keys(fields).length) throw invalid('Something in braces is not filled in yet.', fields)
}

/** Gives the newest version to legal. */
export const askForReview = step((turn) => {
  const { statement } = turn
  checkStep(statement.state, 'ask')
  if (kinds[statement.type].legal === 'no')
    throw conflict('This kind of statement needs no review: publish it when it is right.')
  checkComplete(turn)
  return { after: { ...statement, state: 'legal_review' }, events: [{ kind: 'review_asked' }] }
})

/** Legal sends a text back with what has to change. */
export const requestChanges = stepWith<{ note: string }>(({ statement }, { note }) => {
  checkStep(statement.state, 'request_changes')
  return {
    after: { ...statement, state: 'changes_requested', approvedHash: null },
    events: [{ kind: 'changes_requested', note }],
  }
})

/**
 * Legal lets one wording go out, named by its hash, in every language at once. Throws `conflict`: with what changed when
 * that is not the newest version, and with the name of whoever was faster when it is approved already.
 */
export const approveStatement = stepWith<{ hash: string; note?: string | undefined }>(
  async ({ app, actor, trx, statement, versions, newest }, { hash, note }) => {
    const read = versions.findLast((version) => version.hash === hash)
    if (statement.state === 'approved' && newest.hash === hash) {
      const last = (await eventsOf(trx, [statement.id])).findLast(({ kind }) => kind === 'approved')
      const name = (await namesOf(trx, [last?.by ?? ''])).get(last?.by ?? '') ?? 'Somebody else'
      throw conflict(
        `${name} approved this version${last ? ` at ${hourOf(last.at, app.site.zone)}` : ''} already. Nothing is left for you to do.`,
      )
    }
    const changed = read && read.id !== newest.id ? changedSince(read, newest) : null
    if (newest.hash === hash) checkStep(statement.state, 'approve')
    checkApproval(newest, { hash, by: actor.id, changed })
    return {
      after: { ...statement, state: 'approved', approvedHash: hash },
      events: [{ kind: 'approved', note: note || null }],
    }
  },
)

const hourOf = (at: string, zone: string): string => {
  const { hour, minute } = wallOf(toMs(at), zone)
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
}
