import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** Batches of a channel whose outcome is unknown and that the program still looks after. */
const doubtful = (db: Db | Trx, channel: string) =>
  db.selectFrom('batch').where('state', '=', 'unknown').where('channel', '=', channel).where('lookEndedAt', 'is', null)

/** A few that nobody planned a look for. */
export const unplanned = (db: Db | Trx, channel: string, limit: number): Promise<Row<'batch'>[]> =>
  doubtful(db, channel).selectAll().where('nextLookAt', 'is', null).limit(limit).execute()

/** Whether a look is to be planned or is due: without a lock, so that waiting costs no write. */
export async function lookWanted(db: Db, channel: string, now: Instant): Promise<'plan' | 'due' | null> {
  const first = await doubtful(db, channel)
    .select('nextLookAt')
    .where((eb) => eb.or([eb('nextLookAt', 'is', null), eb('nextLookAt', '<=', now)]))
    .limit(1)
    .executeTakeFirst()
  return first ? (first.nextLookAt === null ? 'plan' : 'due') : null
}

/** The next look of a channel; null when none is planned. */
export async function nextLookOf(db: Db, channel: string): Promise<Instant | null> {
  const { at } = await doubtful(db, channel)
    .select((eb) => eb.fn.min('nextLookAt').as('at'))
    .executeTakeFirstOrThrow()
  return at
}

/** Takes some whose look is due and puts off their next, so that no other worker takes them meanwhile. */
export async function takeDue(
  trx: Trx,
  channel: string,
  { now, next, limit }: { now: Instant; next: Instant; limit: number },
): Promise<Row<'batch'>[]> {
  const due = await claimable(
    trx,
    doubtful(trx, channel).selectAll().where('nextLookAt', '<=', now).orderBy('nextLookAt').orderBy('id').limit(limit),
  ).execute()
  const ids = due.map(({ id }) => id)
  if (ids.length) await trx.updateTable('batch').set({ nextLookAt: next }).where('id', 'in', ids).execute()
  return due
}

/** When the attempts of a batch began of which nobody knows how they ended, oldest first. */
export const doubtfulAttempts = async (db: Db | Trx, batchId: string): Promise<Instant[]> =>
  (
    await db
      .selectFrom('attempt')
      .select('startedAt')
      .where('batchId', '=', batchId)
      .where('outcome', 'in', ['unknown', 'lost'])
      .orderBy('number')
      .execute()
  ).map(({ startedAt }) => startedAt)

/** Which of these messages are known to be another delivery's. */
export async function ownedByOthers(
  trx: Trx,
  channel: string,
  deliveryIds: string[],
  providerIds: string[],
): Promise<Set<string>> {
  if (!providerIds.length) return new Set()
  const now = trx
    .selectFrom('delivery')
    .select('providerId')
    .where('channel', '=', channel)
    .where('providerId', 'in', providerIds)
    .where('id', 'not in', deliveryIds)
  const earlier = trx
    .selectFrom('earlierTry')
    .select('providerId')
    .where('providerId', 'in', providerIds)
    .where('deliveryId', 'not in', deliveryIds)
  const rows = await now.unionAll(earlier).execute()
  return new Set(rows.flatMap(({ providerId }) => providerId ?? []))
}

/**
 * A callback names the delivery of a message that the list had given to another, with the same words to the same
 * number: that one is unknown again.
 */
export async function takeFromOther(
  trx: Trx,
  now: Instant,
  channel: string,
  { deliveryId, providerId }: { deliveryId: string; providerId: string },
): Promise<void> {
  const other = await trx
    .selectFrom('delivery')
    .select('id')
    .where('providerId', '=', providerId)
    .where('channel', '=', channel)
    .where('id', '<>', deliveryId)
    .executeTakeFirst()
  if (!other) return
  const reason = 'nobody knows whether it arrived: the message that was found is another with the same words'
  await trx
    .updateTable('delivery')
    .set({ state: 'unknown', reason, providerId: null, sentAt: null, updatedAt: now })
    .where('id', '=', other.id)
    .execute()
}

/** Whether nothing of a batch waits to be sent any more: a callback was faster than its being sent once more. */
export const isAnnounced = async (trx: Trx, batchId: string): Promise<boolean> =>
  (await trx
    .selectFrom('delivery')
    .select('id')
    .where('batchId', '=', batchId)
    .where('state', 'in', ['queued', 'sending'])
    .executeTakeFirst()) === undefined

/** Says of deliveries that another message of theirs was taken before, that they were told twice. Call it before the new ids are noted. */
export async function noteTwice(
  trx: Trx,
  sent: { deliveryId: string; providerId: string | null }[],
  reason: string,
): Promise<void> {
  for (const { deliveryId, providerId } of sent)
    await trx
      .updateTable('delivery')
      .set({ reason })
      .where('id', '=', deliveryId)
      .where('providerId', 'is not', null)
      .where('providerId', '<>', providerId)
      .where('state', 'not in', ['failed', 'bounced', 'suppressed', 'expired', 'delayed'])
      .execute()
}

/** Lets the deliveries of a batch whose outcome is unknown wait to be sent once more. */
export const queueOnceMore = (trx: Trx, batchId: string, now: Instant, reason: string) =>
  trx
    .updateTable('delivery')
    .set({ state: 'queued', possibleDuplicate: 1, reason, updatedAt: now })
    .where('batchId', '=', batchId)
    .where('state', '=', 'unknown')
    .execute()
