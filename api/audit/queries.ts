import type { Db } from '#api/db/connect.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { namesOf } from './names.ts'

/** One line of the audit as staff read it. */
export interface AuditLine {
  id: string
  at: Instant
  actorId: string
  /** The name of the person or token; null for the program, a provider or a subscriber. */
  actor: string | null
  action: string
  subjectId: string
  before: unknown
  after: unknown
}

/** The audit, the newest first; of one incident: what was done to it, its updates, its notices and their deliveries. */
export async function listAudit(
  db: Db,
  query: { incidentId?: string | undefined; before: { instant: Instant; id: string } | null; limit: number },
): Promise<AuditLine[]> {
  const { incidentId, before, limit } = query
  let lines = db.selectFrom('audit').selectAll().orderBy('at', 'desc').orderBy('id', 'desc').limit(limit)
  if (incidentId)
    lines = lines.where((eb) =>
      eb.or([
        eb('subjectId', '=', incidentId),
        eb('subjectId', 'in', eb.selectFrom('incidentUpdate').select('id').where('incidentId', '=', incidentId)),
        eb('subjectId', 'in', eb.selectFrom('notice').select('id').where('incidentId', '=', incidentId)),
        eb('subjectId', 'in', eb.selectFrom('statement').select('id').where('incidentId', '=', incidentId)),
        eb('subjectId', 'in', eb.selectFrom('qaEntry').select('id').where('incidentId', '=', incidentId)),
        eb('subjectId', 'in', eb.selectFrom('rumour').select('id').where('incidentId', '=', incidentId)),
        eb(
          'subjectId',
          'in',
          eb
            .selectFrom('earlierTry')
            .innerJoin('delivery', 'delivery.id', 'earlierTry.deliveryId')
            .innerJoin('notice', 'notice.id', 'delivery.noticeId')
            .select('earlierTry.deliveryId')
            .where('notice.incidentId', '=', incidentId),
        ),
      ]),
    )
  if (before)
    lines = lines.where((eb) =>
      eb.or([eb('at', '<', before.instant), eb.and([eb('at', '=', before.instant), eb('id', '<', before.id)])]),
    )
  const rows = await lines.execute()
  const names = await namesOf(db, [...new Set(rows.map(({ actorId }) => actorId))])
  return rows.map((row) => ({
    ...row,
    actor: names.get(row.actorId) ?? null,
    before: row.before === null ? null : fromJson(row.before),
    after: row.after === null ? null : fromJson(row.after),
  }))
}
