import type { Db, Trx } from '#api/db/connect.ts'
import type { DeliveryState, Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { alikeReason } from './again-queries.ts'

/** States that may want a person. What bounced or is suppressed speaks of the address, and closes it. */
const wantsPerson = ['failed', 'unknown', 'expired'] as const satisfies DeliveryState[]

/** Rows of one update that ended alike, that nobody has looked at, and that a person could have tried once more. */
export interface Waiting {
  noticeId: string
  incidentId: string | null
  /** Null of one message that tells several incidents. */
  title: Words | null
  updateId: string | null
  updateNumber: number | null
  channel: string
  state: (typeof wantsPerson)[number]
  reason: string | null
  count: number
  since: Instant
}

/** What needs a person, of notices announced after `from`; the largest groups first. Channels that are `looking` find out by themselves what became of a lost answer. */
export async function waitingForPerson(
  db: Db,
  channels: { names: readonly string[]; looking: readonly string[] },
  from: Instant,
): Promise<Waiting[]> {
  const rows = await db
    .selectFrom('notice')
    .innerJoin('delivery', 'delivery.noticeId', 'notice.id')
    .leftJoin('incident', 'incident.id', 'notice.incidentId')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriberId')
    .leftJoin('incidentUpdate', 'incidentUpdate.id', 'notice.updateId')
    .leftJoin('batch', 'batch.id', 'delivery.batchId')
    .leftJoin('suppression', (join) =>
      join.onRef('suppression.channel', '=', 'delivery.channel').onRef('suppression.address', '=', 'delivery.address'),
    )
    .select((eb) => [
      'notice.id as noticeId',
      'notice.incidentId',
      'incident.title',
      'notice.updateId',
      'incidentUpdate.number as updateNumber',
      'delivery.channel',
      eb.ref('delivery.state').$castTo<Waiting['state']>().as('state'),
      alikeReason.as('reason'),
      eb.fn.countAll<number>().as('count'),
      eb.fn.min('delivery.updatedAt').as('since'),
    ])
    .where('notice.createdAt', '>', from)
    .where('notice.endedAt', 'is', null)
    // Of a message to one person nobody is called: who waits for it asks again.
    .where((eb) => eb.or([eb('notice.incidentId', 'is not', null), eb('notice.foldKey', 'is not', null)]))
    .where('delivery.channel', 'in', channels.names)
    .where('delivery.state', 'in', wantsPerson)
    .where('subscriber.closedAt', 'is', null)
    .where('suppression.reason', 'is', null)
    // A look that is planned comes only while its channel is on and can be asked.
    .where((eb) =>
      eb.or([
        eb('batch.nextLookAt', 'is', null),
        ...(channels.looking.length ? [eb('delivery.channel', 'not in', channels.looking)] : [eb.lit(true)]),
      ]),
    )
    .where('delivery.againAt', 'is', null)
    .where((eb) => eb.or([eb('batch.state', 'is', null), eb('batch.state', 'in', ['final', 'unknown'])]))
    .where((eb) => eb.or([eb('notice.seenAt', 'is', null), eb('delivery.updatedAt', '>', eb.ref('notice.seenAt'))]))
    .groupBy([
      'notice.id',
      'notice.incidentId',
      'incident.title',
      'notice.updateId',
      'incidentUpdate.number',
      'delivery.channel',
      'delivery.state',
      alikeReason,
    ])
    .execute()
  return rows
    .map(({ title, count, ...row }) => ({ ...row, title: titleOf(title), count: Number(count) }))
    .sort((a, b) => b.count - a.count)
}

const titleOf = (title: string | null) => (title === null ? null : fromJson<Words>(title))

/** Notices of which nothing is sent until a person decides, oldest first. */
export async function heldNotices(db: Db) {
  const rows = await db
    .selectFrom('notice')
    .leftJoin('incident', 'incident.id', 'notice.incidentId')
    .leftJoin('incidentUpdate', 'incidentUpdate.id', 'notice.updateId')
    .select([
      'notice.id as noticeId',
      'notice.incidentId',
      'incident.title',
      'notice.updateId',
      'incidentUpdate.number as updateNumber',
      'notice.heldAt',
      'notice.heldReason',
    ])
    .where('notice.heldAt', 'is not', null)
    .where('notice.endedAt', 'is', null)
    .orderBy('notice.heldAt')
    .execute()
  return rows.map(({ title, ...row }) => ({ ...row, title: titleOf(title) }))
}

/** Endpoints that we switched off and nobody has put right, since then. */
export const disabledEndpoints = (db: Db, from: Instant) =>
  db
    .selectFrom('endpoint')
    .innerJoin('subscriber', 'subscriber.id', 'endpoint.subscriberId')
    .select([
      'endpoint.subscriberId',
      'subscriber.channel',
      'subscriber.address',
      'endpoint.owner',
      'endpoint.disabledAt',
      'endpoint.disabledReason',
    ])
    .where('endpoint.disabledAt', '>', from)
    .orderBy('endpoint.disabledAt', 'desc')
    .limit(50)
    .execute()

/** Notes that a person has looked at what did not arrive of a notice. */
export const markSeen = (trx: Trx, noticeId: string, seenAt: Instant) =>
  trx.updateTable('notice').set({ seenAt }).where('id', '=', noticeId).executeTakeFirst()

/** Lets a stopped channel be tried at once instead of at its next probe; false when it is not stopped. */
export async function tryNow(trx: Trx, channel: string, now: Instant): Promise<Row<'channelState'> | undefined> {
  return trx
    .updateTable('channelState')
    .set({ nextSendAt: now })
    .where('channel', '=', channel)
    .where('stoppedAt', 'is not', null)
    .returningAll()
    .executeTakeFirst()
}
