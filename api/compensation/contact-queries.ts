import type { Db, Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { openStates } from './claim.ts'

/** Somebody of a customer who is told of an offer, in the form in which the ledger takes recipients. */
export interface ToldContact {
  id: string
  address: string
  locale: Locale
  closedAt: Instant | null
  suppressed: string | null
  /** Where the walk goes on after this one. */
  place: string
}

/** The offer a notice tells of; undefined for every other notice. */
export const offerOfNotice = (db: Db | Trx, noticeId: string): Promise<Row<'offer'> | undefined> =>
  db.selectFrom('offer').selectAll().where('noticeId', '=', noticeId).executeTakeFirst()

/**
 * The next contacts of those who have a claim, customer by customer, after `place` ('' at first), at most `limit`. The
 * work grows with `limit`, because it walks the index of an offer's claims.
 */
export async function contactsAfter(
  db: Db | Trx,
  { offerId, channel, place, limit }: { offerId: string; channel: string; place: string; limit: number },
): Promise<ToldContact[]> {
  const [customerId = '', contactId = ''] = place.split('/')
  const rows = await db
    .selectFrom('claim')
    .innerJoin('customerContact', 'customerContact.customerId', 'claim.customerId')
    .leftJoin('suppression', (join) =>
      join
        .onRef('suppression.channel', '=', 'customerContact.channel')
        .onRef('suppression.address', '=', 'customerContact.address'),
    )
    .leftJoin('offerOptOut', (join) =>
      join
        .onRef('offerOptOut.channel', '=', 'customerContact.channel')
        .onRef('offerOptOut.address', '=', 'customerContact.address'),
    )
    .select([
      'customerContact.id',
      'customerContact.customerId',
      'customerContact.address',
      'customerContact.locale',
      'offerOptOut.createdAt as closedAt',
      'suppression.reason as suppressed',
    ])
    .where('claim.offerId', '=', offerId)
    .where('claim.customerId', '>=', customerId)
    .where((eb) => eb.or([eb('claim.customerId', '>', customerId), eb('customerContact.id', '>', contactId)]))
    .where('claim.state', 'in', [...openStates, 'issued'])
    .where('customerContact.channel', '=', channel as 'email' | 'sms')
    .orderBy('claim.customerId')
    .orderBy('customerContact.id')
    .limit(limit)
    .execute()
  return rows.map(({ customerId: of, ...row }) => ({ ...row, place: `${of}/${row.id}` }))
}

/** How contacts stand at this moment: whether they want no offers, and whether anything may be sent to them. */
export const contactStandings = (
  db: Db | Trx,
  ids: string[],
): Promise<{ id: string; generation: number; closedAt: Instant | null; suppressed: string | null }[]> =>
  db
    .selectFrom('customerContact')
    .leftJoin('suppression', (join) =>
      join
        .onRef('suppression.channel', '=', 'customerContact.channel')
        .onRef('suppression.address', '=', 'customerContact.address'),
    )
    .leftJoin('offerOptOut', (join) =>
      join
        .onRef('offerOptOut.channel', '=', 'customerContact.channel')
        .onRef('offerOptOut.address', '=', 'customerContact.address'),
    )
    .select((eb) => [
      'customerContact.id',
      eb.lit(0).as('generation'),
      'offerOptOut.createdAt as closedAt',
      'suppression.reason as suppressed',
    ])
    .where('customerContact.id', 'in', ids)
    .execute()

/** The claims of an offer behind these contacts, by contact. */
export async function claimsOfContacts(
  db: Db | Trx,
  offerId: string,
  contactIds: string[],
): Promise<Map<string, Row<'claim'>>> {
  const rows = await db
    .selectFrom('customerContact')
    .innerJoin('claim', 'claim.customerId', 'customerContact.customerId')
    .selectAll('claim')
    .select('customerContact.id as contactId')
    .where('customerContact.id', 'in', contactIds)
    .where('claim.offerId', '=', offerId)
    .execute()
  return new Map(rows.map(({ contactId, ...claim }) => [contactId, claim]))
}

/** Writes down links that go out with messages, and that their customers have been told. */
export async function insertLinks(trx: Trx, now: Instant, links: Omit<Row<'claimLink'>, 'createdAt' | 'usedAt'>[]) {
  if (!links.length) return
  await trx
    .insertInto('claimLink')
    .columns(['secretHash', 'claimId', 'deliveryId', 'createdAt'])
    .expression(
      trx
        .selectFrom(tableOf(trx, 'given', { secretHash: 'text', claimId: 'text', deliveryId: 'text' }, links))
        .select((eb) => ['given.secretHash', 'given.claimId', 'given.deliveryId', eb.val(now).as('createdAt')]),
    )
    .execute()
  const claimIds = links.map(({ claimId }) => claimId)
  await trx
    .updateTable('claim')
    .set((eb) => ({
      notifiedAt: eb.fn.coalesce('notifiedAt', eb.val(now)),
      state: eb
        .case()
        .when('state', '=', 'eligible')
        .then('notified' as const)
        .else(eb.ref('state'))
        .end(),
    }))
    .where('id', 'in', claimIds)
    .execute()
}

/** Nothing about offers goes to this address any more. False when it was so before. */
export async function optOut(trx: Trx, row: Row<'offerOptOut'>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('offerOptOut')
    .values(row)
    .onConflict((oc) => oc.columns(['channel', 'address']).doNothing())
    .executeTakeFirst()
  return Number(numInsertedOrUpdatedRows ?? 0) > 0
}

export const findOptOut = (db: Db | Trx, channel: string, address: string) =>
  db
    .selectFrom('offerOptOut')
    .selectAll()
    .where('channel', '=', channel)
    .where('address', '=', address)
    .executeTakeFirst()

/** Whom a delivery went to. */
export const findRecipient = (db: Db | Trx, deliveryId: string) =>
  db
    .selectFrom('delivery')
    .select(['channel', 'address', 'locale', 'subscriberId'])
    .where('id', '=', deliveryId)
    .executeTakeFirst()
