import type { Db, Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { isOpen } from './claim.ts'

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

/** Claims whose contacts are looked up at once, at the most. */
const claimsAtOnce = 500

/**
 * The next contacts of those who have a claim, customer by customer, after `place` ('' at first), at most `limit`; fewer
 * only at the end. The work grows with `limit`, because it walks the index of an offer's claims.
 */
export async function contactsAfter(
  db: Db | Trx,
  { offerId, channel, place, limit }: { offerId: string; channel: string; place: string; limit: number },
): Promise<ToldContact[]> {
  const [customerId = '', contactId = ''] = place.split('/')
  const found: ToldContact[] = []
  for (let from: string | null = customerId; from !== null && found.length < limit; ) {
    // Whoever had only some of their contacts told the last time is looked at again.
    const claims = await db
      .selectFrom('claim')
      .select(['customerId', 'state'])
      .where('offerId', '=', offerId)
      .where('customerId', from === customerId ? '>=' : '>', from)
      .orderBy('customerId')
      .limit(claimsAtOnce)
      .execute()
    from = claims.length < claimsAtOnce ? null : claims.at(-1)!.customerId
    const open = claims.filter(({ state }) => isOpen(state) || state === 'issued').map((claim) => claim.customerId)
    const contacts = await contactsOf(db, channel, open)
    found.push(...contacts.filter((one) => one.customerId !== customerId || one.id > contactId).map(toldContact))
  }
  return found.slice(0, limit)
}

type FoundContact = Awaited<ReturnType<typeof contactsOf>>[number]
const toldContact = ({ customerId, ...row }: FoundContact): ToldContact => ({
  ...row,
  place: `${customerId}/${row.id}`,
})

async function contactsOf(db: Db | Trx, channel: string, customerIds: string[]) {
  if (!customerIds.length) return []
  return withStanding(db)
    .select(['customerContact.customerId', 'customerContact.address', 'customerContact.locale'])
    .where('customerContact.customerId', 'in', customerIds)
    .where('customerContact.channel', '=', channel as 'email' | 'sms')
    .orderBy('customerContact.customerId')
    .orderBy('customerContact.id')
    .execute()
}

/** Contacts with whether they want no offers, and whether anything may be sent to them. */
const withStanding = (db: Db | Trx) =>
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
    .select(['customerContact.id', 'offerOptOut.createdAt as closedAt', 'suppression.reason as suppressed'])

/** How contacts stand at this moment: whether they want no offers, and whether anything may be sent to them. */
export const contactStandings = (
  db: Db | Trx,
  ids: string[],
): Promise<{ id: string; generation: number; closedAt: Instant | null; suppressed: string | null }[]> =>
  withStanding(db)
    .select((eb) => eb.lit(0).as('generation'))
    .where('customerContact.id', 'in', ids)
    .execute()

/** The claims of an offer behind these contacts, by contact. */
export async function claimsOfContacts(
  db: Db | Trx,
  offerId: string,
  contactIds: string[],
): Promise<Map<string, Row<'claim'>>> {
  const contacts = await db
    .selectFrom('customerContact')
    .select(['id', 'customerId'])
    .where('id', 'in', contactIds)
    .execute()
  if (!contacts.length) return new Map()
  const customerIds = [...new Set(contacts.map(({ customerId }) => customerId))]
  // Named by offer and customer, each is found by its index, however little the engine knows of a table that has just grown.
  const claims = await db
    .selectFrom('claim')
    .selectAll()
    .where('offerId', '=', offerId)
    .where('customerId', 'in', customerIds)
    .execute()
  const ofCustomer = new Map(claims.map((claim) => [claim.customerId, claim]))
  return new Map(
    contacts.flatMap(({ id, customerId }) => {
      const claim = ofCustomer.get(customerId)
      return claim ? [[id, claim] as const] : []
    }),
  )
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
