import type { Db } from '#api/db/connect.ts'
import type { DeliveryState, Row } from '#api/db/schema.ts'
import type { Locale } from '#content/locales.ts'

/** One line of the ledger as staff read it. */
export interface LedgerLine {
  id: string
  updateId: string | null
  updateNumber: number | null
  channel: string
  address: string
  locale: Locale
  state: DeliveryState
  reason: string | null
  attempts: number
  possibleDuplicate: boolean
  createdAt: string
  updatedAt: string
  sentAt: string | null
}

interface LedgerQuery {
  incidentId: string
  updateId?: string | undefined
  state?: DeliveryState | undefined
  channel?: string | undefined
  /** A whole address. */
  address?: string | undefined
  /** The id of the last line seen. */
  after?: string | undefined
  limit: number
}

/** The ledger of an incident by id, the oldest notice's rows and the newest's alike. */
export async function readLedger(db: Db, query: LedgerQuery): Promise<LedgerLine[]> {
  let lines = db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .leftJoin('batch', 'batch.id', 'delivery.batchId')
    .leftJoin('incidentUpdate', 'incidentUpdate.id', 'notice.updateId')
    .select([
      'delivery.id',
      'notice.updateId',
      'incidentUpdate.number as updateNumber',
      'delivery.channel',
      'delivery.address',
      'delivery.locale',
      'delivery.state',
      'delivery.reason',
      'batch.attempts',
      'delivery.possibleDuplicate',
      'delivery.createdAt',
      'delivery.updatedAt',
      'delivery.sentAt',
    ])
    .where('notice.incidentId', '=', query.incidentId)
    .orderBy('delivery.id')
    .limit(query.limit)
  if (query.updateId) lines = lines.where('notice.updateId', '=', query.updateId)
  if (query.state) lines = lines.where('delivery.state', '=', query.state)
  if (query.channel) lines = lines.where('delivery.channel', '=', query.channel)
  if (query.address) lines = lines.where('delivery.address', '=', query.address)
  if (query.after) lines = lines.where('delivery.id', '>', query.after)
  return (await lines.execute()).map(({ attempts, possibleDuplicate, ...line }) => ({
    ...line,
    attempts: attempts ?? 0,
    possibleDuplicate: possibleDuplicate === 1,
  }))
}

export type Counts = Record<string, { total: number } & Partial<Record<DeliveryState, number>>>

/** How many rows of an incident's ledger stand where, per channel. */
export async function countLedger(db: Db, incidentId: string, updateId?: string): Promise<Counts> {
  let query = db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .select((eb) => ['delivery.channel', 'delivery.state', eb.fn.countAll<number>().as('count')])
    .where('notice.incidentId', '=', incidentId)
    .groupBy(['delivery.channel', 'delivery.state'])
  if (updateId) query = query.where('notice.updateId', '=', updateId)
  const counts: Counts = {}
  for (const { channel, state, count } of await query.execute()) {
    const of = counts[channel] ?? { total: 0 }
    counts[channel] = of
    of[state] = Number(count)
    of.total += Number(count)
  }
  return counts
}

/** Notices of an incident that still have recipients to find: while there are some, counts still grow. */
export async function countUnexpanded(db: Db, incidentId: string): Promise<number> {
  const announced = await db
    .selectFrom('outbox')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('incidentId', '=', incidentId)
    .where('takenAt', 'is', null)
    .executeTakeFirstOrThrow()
  const open = await db
    .selectFrom('notice')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('incidentId', '=', incidentId)
    .where('expandedAt', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(announced.count) + Number(open.count)
}

/** Channels that are stopped, and why. */
export const stoppedChannels = (db: Db): Promise<Row<'channelState'>[]> =>
  db.selectFrom('channelState').selectAll().where('stoppedAt', 'is not', null).execute()

export const incidentExists = async (db: Db, id: string): Promise<boolean> =>
  (await db.selectFrom('incident').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
