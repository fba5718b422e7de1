import type { Db } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'

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
