import type { Db } from '#api/db/connect.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'

/** What was done to an incident besides the words published on it, oldest first; by whom, to be shown by role. */
export const actsOn = (db: Db, incidentId: string): Promise<{ at: Instant; actorId: string; action: string }[]> =>
  db
    .selectFrom('audit')
    .select(['at', 'actorId', 'action'])
    .where('subjectId', '=', incidentId)
    .where('action', 'in', ['incident.changed', 'incident.reopened'])
    .orderBy('at')
    .orderBy('id')
    .execute()

/** The roles that these people hold. */
export async function rolesHeld(db: Db, ids: readonly string[]): Promise<Map<string, string[]>> {
  const held = new Map<string, string[]>()
  if (!ids.length) return held
  const rows = await db.selectFrom('staffRole').selectAll().where('userId', 'in', ids).orderBy('role').execute()
  for (const { userId, role } of rows) held.set(userId, [...(held.get(userId) ?? []), role])
  return held
}

/** What was offered to customers of an incident, and how many have claimed it; only what customers know of. */
export async function offersOn(db: Db, incidentId: string) {
  const rows = await db
    .selectFrom('offer')
    .select(['id', 'title', 'state', 'createdAt'])
    .select((eb) =>
      eb
        .selectFrom('claim')
        .whereRef('claim.offerId', '=', 'offer.id')
        .where('claim.state', 'in', ['requested', 'in_review', 'accepted', 'issued', 'redeemed'])
        .select((claims) => claims.cast<number>(claims.fn.countAll(), 'integer').as('count'))
        .as('claims'),
    )
    .where('incidentId', '=', incidentId)
    .where('state', 'in', ['live', 'paused', 'closed'])
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
  return rows.map(({ title, state, claims }) => ({ name: fromJson<Words>(title), state, claims: claims ?? 0 }))
}

/** What the company has stated in public; what waits under an embargo or is confidential stays out of here. */
export async function statementsOn(db: Db, incidentId: string) {
  const rows = await db
    .selectFrom('statement')
    .innerJoin('statementVersion', 'statementVersion.id', 'statement.publishedVersionId')
    .select(['statement.state', 'statement.publishedAt', 'statementVersion.title', 'statementVersion.number'])
    .where('statement.incidentId', '=', incidentId)
    .where('statement.visibility', '=', 'public')
    .where('statement.publishedAt', 'is not', null)
    .orderBy('statement.publishedAt')
    .orderBy('statement.id')
    .execute()
  return rows.map(({ title, state, number }) => ({ title: fromJson<Words>(title), state, number }))
}
