import { type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { newId } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'
import { addReview } from './queries.ts'
import { isReviewed } from './review.ts'

/**
 * Opens the review of an incident that is over and of severity 1 or 2, in the transaction of whatever made it so, with
 * its audit line. An incident that has one keeps it; any other needs none.
 */
export async function openReview(
  trx: Trx,
  now: Instant,
  actor: Actor,
  incident: Pick<Row<'incident'>, 'id' | 'severity' | 'resolvedAt'>,
): Promise<void> {
  if (!incident.resolvedAt || !isReviewed(incident.severity)) return
  const review = { id: newId(), incidentId: incident.id, openedAt: now, openedBy: actor.id }
  if (await addReview(trx, review)) await record(trx, now, actor, 'review.opened', incident.id, { after: review })
}
