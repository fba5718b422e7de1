import type { Trx } from '#api/db/connect.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Labels } from '#content/words.ts'

/** Who does something: a person of the staff, a machine with a token, a subscriber, or the program itself. */
export interface Actor {
  id: string
  roles: readonly string[]
}

export const system: Actor = { id: 'system', roles: [] }

/** What can be done, by names that stand in the record for good; each has its words at the desk. */
export type Action = keyof Labels['admin']['actions']

/** Writes who did what, in the transaction of the change. `before` and `after` are the rows, never a secret. */
export async function record(
  trx: Trx,
  now: Instant,
  actor: Actor,
  action: Action,
  subjectId: string,
  change: { before?: unknown; after?: unknown } = {},
): Promise<void> {
  await trx
    .insertInto('audit')
    .values({
      id: newId(),
      at: now,
      actorId: actor.id,
      action,
      subjectId,
      before: change.before === undefined ? null : toJson(change.before),
      after: change.after === undefined ? null : toJson(change.after),
    })
    .execute()
}
