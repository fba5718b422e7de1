import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import type { DeliveryState, NewRow, Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** The next batch of a channel that may be tried: due, or held by somebody whose lease ran out. */
export function nextBatch(
  trx: Trx,
  channel: string,
  now: Instant,
  except: string[],
): Promise<Row<'batch'> | undefined> {
  let query = trx
    .selectFrom('batch')
    .selectAll()
    .where('channel', '=', channel)
    .where((eb) =>
      eb.or([
        eb.and([eb('state', '=', 'ready'), eb('nextAttemptAt', '<=', now)]),
        eb.and([eb('state', '=', 'sending'), eb('leaseUntil', '<=', now)]),
      ]),
    )
    .orderBy('priority')
    .orderBy('nextAttemptAt')
    .orderBy('createdAt')
    .orderBy('id')
    .limit(1)
  if (except.length) query = query.where('id', 'not in', except)
  return claimable(trx, query).executeTakeFirst()
}

/** A batch of a channel that was made before this instant and that nobody holds. */
export function overdueBatch(
  trx: Trx,
  channel: string,
  before: Instant,
  now: Instant,
): Promise<Row<'batch'> | undefined> {
  const query = trx
    .selectFrom('batch')
    .selectAll()
    .where('channel', '=', channel)
    .where((eb) =>
      eb.or([eb('state', '=', 'ready'), eb.and([eb('state', '=', 'sending'), eb('leaseUntil', '<=', now)])]),
    )
    .where('createdAt', '<=', before)
    .limit(1)
  return claimable(trx, query).executeTakeFirst()
}

/** When the next batch of a channel may be tried; null when none waits. */
export async function nextDueOf(db: Db | Trx, channel: string): Promise<Instant | null> {
  const { ready, held } = await db
    .selectFrom('batch')
    .select((eb) => [
      eb.fn.min(eb.case().when('state', '=', 'ready').then(eb.ref('nextAttemptAt')).end()).as('ready'),
      eb.fn.min(eb.case().when('state', '=', 'sending').then(eb.ref('leaseUntil')).end()).as('held'),
    ])
    .where('channel', '=', channel)
    .where('state', 'in', ['ready', 'sending'])
    .executeTakeFirstOrThrow()
  const due = [ready, held].filter((at): at is Instant => at !== null).sort()
  return due[0] ?? null
}

export const saveBatch = (trx: Trx, id: string, change: Partial<Omit<Row<'batch'>, 'id'>>) =>
  trx.updateTable('batch').set(change).where('id', '=', id).execute()

export const findBatch = (db: Db | Trx, id: string) =>
  db.selectFrom('batch').selectAll().where('id', '=', id).executeTakeFirst()

export const insertAttempt = (trx: Trx, row: NewRow<'attempt'>) => trx.insertInto('attempt').values(row).execute()

/** Ends the attempts of a batch that have no outcome yet. */
export const endAttempt = (
  trx: Trx,
  batchId: string,
  end: { endedAt: Instant; outcome: string; detail: string | null },
) => trx.updateTable('attempt').set(end).where('batchId', '=', batchId).where('endedAt', 'is', null).execute()

/** How many attempts of a batch count towards its waits: those that met a stopped channel say nothing about the batch. */
export async function countTries(trx: Trx, batchId: string): Promise<number> {
  const { count } = await trx
    .selectFrom('attempt')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('batchId', '=', batchId)
    .where((eb) => eb.or([eb('outcome', 'is', null), eb('outcome', '<>', stoppedOutcome)]))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** What is written of an attempt that met a channel on which nothing goes out. */
export const stoppedOutcome = 'stopped'

/** Whether some attempt of a batch may have been accepted without our knowing. */
export const hadUnknown = async (trx: Trx, batchId: string): Promise<boolean> =>
  (await trx
    .selectFrom('attempt')
    .select('id')
    .where('batchId', '=', batchId)
    .where('outcome', 'in', ['unknown', 'lost'])
    .executeTakeFirst()) !== undefined

/** The deliveries of a batch in their order. */
export const membersOf = (db: Db | Trx, batchId: string): Promise<Row<'delivery'>[]> =>
  db.selectFrom('delivery').selectAll().where('batchId', '=', batchId).orderBy('position').execute()

/** Moves deliveries of a batch from one of these states to another. */
export const moveMembers = (
  trx: Trx,
  batchId: string,
  from: DeliveryState[],
  change: Partial<Pick<Row<'delivery'>, 'state' | 'reason' | 'updatedAt' | 'sentAt'>>,
) => trx.updateTable('delivery').set(change).where('batchId', '=', batchId).where('state', 'in', from).execute()

/** Notes the provider's ids, and "sent" where no callback was faster. */
export async function markSent(
  trx: Trx,
  now: Instant,
  receipts: { deliveryId: string; providerId: string | null }[],
): Promise<void> {
  if (!receipts.length) return
  const ids = receipts.map(({ deliveryId }) => deliveryId)
  await trx
    .updateTable('delivery')
    .set((eb) => {
      const [first, ...rest] = receipts
      let providerId = eb.case().when('id', '=', first!.deliveryId).then(first!.providerId)
      for (const receipt of rest) providerId = providerId.when('id', '=', receipt.deliveryId).then(receipt.providerId)
      return { providerId: providerId.else(null).end(), sentAt: now }
    })
    .where('id', 'in', ids)
    .execute()
  await trx
    .updateTable('delivery')
    .set({ state: 'sent', reason: null, updatedAt: now })
    .where('id', 'in', ids)
    .where('state', 'in', ['queued', 'sending', 'unknown'])
    .execute()
}

/** Brings forward what waits after a failure, because the channel works again. */
export const bringForward = (trx: Trx, channel: string, now: Instant) =>
  trx
    .updateTable('batch')
    .set({ nextAttemptAt: now })
    .where('channel', '=', channel)
    .where('state', '=', 'ready')
    .where('nextAttemptAt', '>', now)
    .execute()

export const leasedBatches = (db: Db | Trx): Promise<Row<'batch'>[]> =>
  db.selectFrom('batch').selectAll().where('state', '=', 'sending').execute()
