import type { Db } from '#api/db/connect.ts'
import type { DeliveryState, Row } from '#api/db/schema.ts'
import type { Locale } from '#content/locales.ts'
import { deliveriesTo } from './address-queries.ts'
import { alikeReason } from './again-queries.ts'
import type { Counts } from './progress.ts'

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
  /** Whole addresses, in the normal form of their channels. */
  addresses?: string[] | undefined
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
  if (query.addresses) lines = lines.where('delivery.id', 'in', deliveriesTo(db, query.addresses))
  if (query.after) lines = lines.where('delivery.id', '>', query.after)
  return (await lines.execute()).map(({ attempts, possibleDuplicate, ...line }) => ({
    ...line,
    attempts: attempts ?? 0,
    possibleDuplicate: possibleDuplicate === 1,
  }))
}

/** The notices that tell people of an incident, or of one update of it. */
export const noticesOf = (db: Db, incidentId: string, updateId?: string): Promise<Row<'notice'>[]> => {
  const notices = db.selectFrom('notice').selectAll().where('incidentId', '=', incidentId)
  return (updateId ? notices.where('updateId', '=', updateId) : notices).orderBy('createdAt').orderBy('id').execute()
}

/** How many rows of one notice stand where. Walks an index alone. */
export async function countNotice(db: Db, noticeId: string): Promise<Counts> {
  const rows = await db
    .selectFrom('delivery')
    .select((eb) => ['channel', 'state', eb.fn.countAll<number>().as('count')])
    .where('noticeId', '=', noticeId)
    .groupBy(['channel', 'state'])
    .execute()
  const counts: Counts = {}
  for (const { channel, state, count } of rows) {
    const of = counts[channel] ?? { total: 0 }
    counts[channel] = of
    of[state] = Number(count)
    of.total += Number(count)
  }
  return counts
}

/** States that need a word of explanation. */
const explained = [
  'delayed',
  'bounced',
  'complained',
  'suppressed',
  'failed',
  'unknown',
  'expired',
  'superseded',
  'skipped',
] as const satisfies DeliveryState[]

export interface ReasonCount {
  channel: string
  state: (typeof explained)[number]
  reason: string | null
  count: number
}

/** Why rows of one notice did not arrive or were not sent, and how many for each reason; the largest first. */
export async function countReasons(db: Db, noticeId: string, channels: readonly string[]): Promise<ReasonCount[]> {
  const rows = await db
    .selectFrom('delivery')
    .select((eb) => [
      'delivery.channel',
      eb.ref('delivery.state').$castTo<ReasonCount['state']>().as('state'),
      alikeReason.as('reason'),
      eb.fn.countAll<number>().as('count'),
    ])
    .where('delivery.noticeId', '=', noticeId)
    .where('delivery.channel', 'in', channels)
    .where('delivery.state', 'in', explained)
    .groupBy(['delivery.channel', 'delivery.state', alikeReason])
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) })).sort((a, b) => b.count - a.count)
}

/** Announcements of an incident that are no notice yet. */
export const isAnnouncing = async (db: Db, incidentId: string): Promise<boolean> =>
  (await db
    .selectFrom('outbox')
    .select('seq')
    .where('incidentId', '=', incidentId)
    .where('takenAt', 'is', null)
    .limit(1)
    .executeTakeFirst()) !== undefined

/** Channels that are stopped, and why. */
export const stoppedChannels = (db: Db): Promise<Row<'channelState'>[]> =>
  db.selectFrom('channelState').selectAll().where('stoppedAt', 'is not', null).execute()

export const incidentExists = async (db: Db, id: string): Promise<boolean> =>
  (await db.selectFrom('incident').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
