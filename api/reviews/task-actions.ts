import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { newId } from '#api/lib/ids.ts'
import { type ActionFacts, type ActionState, type ActionType, checkAction, type Priority } from './action.ts'
import { onReview } from './actions.ts'
import { actionsOf, insertAction, saveAction } from './queries.ts'

export type NewAction = Pick<ActionFacts, 'text' | 'type'> & Partial<Omit<ActionFacts, 'state' | 'evidence'>>

/** What is going to be done about it. Throws `invalid` with the fields. */
export function addAction(app: App, actor: Actor, incidentId: string, given: NewAction, claim?: Claim) {
  return onReview(app, incidentId, async ({ trx, now, review }) => {
    const { text, type, owner = null, due = null, priority = 'normal', link = null } = given
    const facts: ActionFacts = { text, type, owner, due, priority, link, state: 'open', evidence: null }
    checkAction(facts)
    const made = { createdAt: now, createdBy: actor.id, endedAt: null, endedBy: null }
    const action: Row<'reviewAction'> = { id: newId(), reviewId: review.id, ...columnsOf(facts), ...made }
    await insertAction(trx, action)
    await record(trx, now, actor, 'review.actionAdded', incidentId, { after: action })
    await settle(trx, claim, action.id)
    return { id: action.id }
  })
}

/**
 * Changes what is done, by whom and by when, or says that it is done. Actions outlive their review: they are changed
 * when it is closed, too. Throws `not_found`, and `invalid` with the fields.
 */
export function changeAction(app: App, actor: Actor, incidentId: string, id: string, patch: Partial<ActionFacts>) {
  return onReview(
    app,
    incidentId,
    async ({ trx, now, review }) => {
      const before = (await actionsOf(trx, review.id)).find((action) => action.id === id)
      if (!before) throw notFound('This action')
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
      const facts: ActionFacts = { ...factsOf(before), ...given }
      checkAction(facts)
      const ended = facts.state !== 'open'
      const after: Row<'reviewAction'> = {
        ...before,
        ...columnsOf(facts),
        endedAt: ended ? (before.endedAt ?? now) : null,
        endedBy: ended ? (before.endedBy ?? actor.id) : null,
      }
      await saveAction(trx, after)
      await record(trx, now, actor, 'review.actionChanged', incidentId, { before, after })
      return { id }
    },
    { closed: true },
  )
}

const columnsOf = ({ text, due, ...rest }: ActionFacts) => ({ ...rest, body: text, dueOn: due })

/** An action's row as its rules read it. */
export const factsOf = (row: Row<'reviewAction'>): ActionFacts => ({
  text: row.body,
  type: row.type as ActionType,
  owner: row.owner,
  due: row.dueOn,
  priority: row.priority as Priority,
  link: row.link,
  state: row.state as ActionState,
  evidence: row.evidence,
})
