import type { ExpressionBuilder } from 'kysely'
import { claimable, type Db, type Trx } from '#api/db/connect.ts'
import { plain, tableOf } from '#api/db/rows.ts'
import type { DeliveryState, NewRow, Row, Schema } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Lane } from './provider.ts'

/** Outcomes of an attempt that may have been accepted without our knowing. */
const unclear = ['unknown', 'lost']

/** Whether a batch belongs to this provider of its channel. */
const inLane =
  ({ channel, provider, unnamed }: Lane) =>
  (eb: ExpressionBuilder<Schema, 'batch'>) => {
    const ofChannel = eb('batch.channel', '=', channel)
    if (provider === null) return ofChannel
    const named = eb('batch.provider', '=', provider)
    return eb.and([ofChannel, unnamed ? eb.or([named, eb('batch.provider', 'is', null)]) : named])
  }

/** Whether nothing stands against a batch: those of a notice that is held wait for a person. */
export const isFree = (eb: ExpressionBuilder<Schema, 'batch'>) =>
  eb('batch.noticeId', 'not in', eb.selectFrom('notice').select('notice.id').where('notice.heldAt', 'is not', null))

/** The next batch of a provider that waits and may be tried: the oldest, also when it was tried before. */
export function nextBatch(trx: Trx, lane: Lane, now: Instant, except: string[]): Promise<Row<'batch'> | undefined> {
  let query = trx
    .selectFrom('batch')
    .selectAll()
    .where(inLane(lane))
    .where(isFree)
    .where('state', '=', 'ready')
    .where('nextAttemptAt', '<=', now)
    .orderBy('priority')
    .orderBy('createdAt')
    .orderBy('nextAttemptAt')
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
    .where('outcome', 'in', unclear)
    .executeTakeFirst()) !== undefined

/** A batch is being sent: those of its deliveries that waited say so. Gives the ids of all in their order. */
export async function takeMembers(trx: Trx, batchId: string, now: Instant): Promise<string[]> {
  const taken = await trx
    .updateTable('delivery')
    .set((eb) => {
      const waits = eb('state', '=', 'queued')
      return {
        state: eb
          .case()
          .when(waits)
          .then('sending' as const)
          .else(eb.ref('state'))
          .end(),
        updatedAt: eb.case().when(waits).then(now).else(eb.ref('updatedAt')).end(),
      }
    })
    .where('batchId', '=', batchId)
    .returning(['id', 'position'])
    .execute()
  return taken.sort((a, b) => (a.position ?? 0) - (b.position ?? 0)).map(({ id }) => id)
}

/** The deliveries of a batch in their order. */
export const membersOf = (db: Db | Trx, batchId: string): Promise<Row<'delivery'>[]> =>
  db.selectFrom('delivery').selectAll().where('batchId', '=', batchId).orderBy('position').execute()

/** Moves deliveries of a batch from one of these states to another. */
export const moveMembers = (
  trx: Trx,
  batchId: string,
  from: DeliveryState[],
  change: Partial<Pick<Row<'delivery'>, 'state' | 'reason' | 'updatedAt' | 'sentAt'>>,
) => trx.updateTable('delivery').set(change).where('batchId', '=', batchId).where(plain('state'), 'in', from).execute()

/** Notes the provider's ids, and "sent" where no callback was faster. */
export async function markSent(
  trx: Trx,
  now: Instant,
  receipts: { deliveryId: string; providerId: string | null }[],
): Promise<void> {
  if (!receipts.length) return
  const given = receipts.map(({ deliveryId: id, providerId }) => ({ id, providerId }))
  await trx
    .updateTable('delivery')
    .from(tableOf(trx, 'given', { id: 'text', providerId: 'text' }, given))
    .set((eb) => {
      const news = eb('delivery.state', 'in', ['queued', 'sending', 'unknown'])
      return {
        providerId: eb.ref('given.providerId'),
        sentAt: now,
        state: eb
          .case()
          .when(news)
          .then('sent' as const)
          .else(eb.ref('delivery.state'))
          .end(),
        // Of what may have arrived before, the reason stays: it is why a person may have it twice.
        reason: eb
          .case()
          .when(eb.and([news, eb('delivery.possibleDuplicate', '=', 0)]))
          .then(null)
          .else(eb.ref('delivery.reason'))
          .end(),
        updatedAt: eb.case().when(news).then(now).else(eb.ref('delivery.updatedAt')).end(),
      }
    })
    .whereRef('delivery.id', '=', 'given.id')
    // Named once more: see putInBatches.
    .where(
      'delivery.id',
      'in',
      receipts.map(({ deliveryId }) => deliveryId),
    )
    .execute()
}

/** Brings forward what waits after a failure, because the provider works again. */
export const bringForward = (trx: Trx, lane: Lane, now: Instant) =>
  trx
    .updateTable('batch')
    .set({ nextAttemptAt: now })
    .where(inLane(lane))
    .where('state', '=', 'ready')
    .where('nextAttemptAt', '>', now)
    .execute()

/** When a batch was first tried; null before. What met a stopped provider does not count: it took no key there. */
export async function firstTriedAt(db: Db | Trx, batchId: string): Promise<Instant | null> {
  const { at } = await db
    .selectFrom('attempt')
    .select((eb) => eb.fn.min('startedAt').as('at'))
    .where('batchId', '=', batchId)
    .where((eb) => eb.or([eb('outcome', 'is', null), eb('outcome', '<>', stoppedOutcome)]))
    .executeTakeFirstOrThrow()
  return at
}

/** The next batch of a provider that waits and may go by another one: with `unclear`, also one that it may have taken. */
export async function nextToMove(db: Db, lane: Lane, may: { unclear: boolean }): Promise<Row<'batch'> | undefined> {
  let query = db
    .selectFrom('batch')
    .selectAll()
    .where(inLane(lane))
    .where('state', '=', 'ready')
    .orderBy('priority')
    .orderBy('createdAt')
    .limit(1)
  if (!may.unclear)
    query = query.where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('attempt')
            .select('attempt.id')
            .whereRef('attempt.batchId', '=', 'batch.id')
            .where('attempt.outcome', 'in', unclear),
        ),
      ),
    )
  return query.executeTakeFirst()
}

/** A batch that waits and was written for a provider that is none of these any more. */
export const nextStranded = (db: Db, channel: string, providers: string[]): Promise<Row<'batch'> | undefined> =>
  db
    .selectFrom('batch')
    .selectAll()
    .where('channel', '=', channel)
    .where('state', '=', 'ready')
    .where('provider', 'not in', providers)
    .limit(1)
    .executeTakeFirst()

/** The batch as it stands, held until the transaction ends, when it waits still and nobody tried it since it was read. */
export const holdReady = (trx: Trx, { id, attempts }: Pick<Row<'batch'>, 'id' | 'attempts'>) =>
  claimable(
    trx,
    trx
      .selectFrom('batch')
      .selectAll()
      .where('id', '=', id)
      .where('state', '=', 'ready')
      .where('attempts', '=', attempts),
  ).executeTakeFirst()

export const insertBatches = async (trx: Trx, rows: NewRow<'batch'>[]): Promise<void> => {
  if (rows.length) await trx.insertInto('batch').values(rows).execute()
}

/** Moves deliveries that wait into other batches; what their rows say changes with them. */
export async function moveToBatches(
  trx: Trx,
  now: Instant,
  moves: { id: string; batchId: string; position: number }[],
  change: { reason: string | null; possibleDuplicate?: 1 },
): Promise<void> {
  if (!moves.length) return
  await trx
    .updateTable('delivery')
    .from(tableOf(trx, 'given', { id: 'text', batchId: 'text', position: 'integer' }, moves))
    .set((eb) => ({
      batchId: eb.ref('given.batchId'),
      position: eb.ref('given.position'),
      state: 'queued',
      updatedAt: now,
      ...change,
    }))
    .whereRef('delivery.id', '=', 'given.id')
    .where(
      'delivery.id',
      'in',
      moves.map(({ id }) => id),
    )
    .where(plain('delivery.state'), 'in', ['queued', 'sending'])
    .execute()
}
