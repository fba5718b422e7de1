import type { Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { NewRow } from '#api/db/schema.ts'
import { newId, newIds } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { blankFacts, type Contact, type CustomerFacts, changed, type NewCustomer, sameFacts } from './customer.ts'
import { type Customer, rowsByExternalId, whole } from './queries.ts'

const rowOf = (facts: CustomerFacts) => ({
  name: facts.name,
  plan: facts.plan,
  region: facts.region,
  segment: facts.segment,
  keyFlag: facts.key ? 1 : 0,
  internalFlag: facts.internal ? 1 : 0,
  accountManager: facts.accountManager,
  monthlyFeeMinor: facts.monthlyFeeMinor,
  currency: facts.currency,
  locale: facts.locale,
})

const customerColumns = {
  id: 'text',
  externalId: 'text',
  name: 'text',
  plan: 'text',
  region: 'text',
  segment: 'text',
  keyFlag: 'integer',
  internalFlag: 'integer',
  accountManager: 'text',
  monthlyFeeMinor: 'bigint',
  currency: 'text',
  locale: 'text',
  createdAt: 'text',
  updatedAt: 'text',
  archivedAt: 'text',
} as const

export async function insertCustomers(trx: Trx, rows: NewRow<'customer'>[]): Promise<void> {
  if (!rows.length) return
  const given = tableOf(trx, 'given', customerColumns, rows as Required<NewRow<'customer'>>[])
  await trx
    .insertInto('customer')
    .columns(Object.keys(customerColumns) as (keyof typeof customerColumns)[])
    .expression((eb) => eb.selectFrom(given).selectAll())
    .execute()
}

const contactColumns = {
  id: 'text',
  customerId: 'text',
  channel: 'text',
  address: 'text',
  locale: 'text',
  name: 'text',
} as const

export async function insertContacts(trx: Trx, rows: NewRow<'customerContact'>[]): Promise<void> {
  if (!rows.length) return
  const given = tableOf(trx, 'given', contactColumns, rows as Required<NewRow<'customerContact'>>[])
  await trx
    .insertInto('customerContact')
    .columns(['id', 'customerId', 'channel', 'address', 'locale', 'name'])
    .expression((eb) => eb.selectFrom(given).selectAll() as never)
    .execute()
}

export async function insertUses(trx: Trx, rows: { customerId: string; componentId: string }[]): Promise<void> {
  if (!rows.length) return
  const given = tableOf(trx, 'given', { customerId: 'text', componentId: 'text' }, rows)
  await trx
    .insertInto('customerComponent')
    .columns(['customerId', 'componentId'])
    .expression((eb) => eb.selectFrom(given).selectAll())
    .execute()
}

/** Writes what a customer is now. What is equal is not written. */
export async function updateCustomer(trx: Trx, id: string, facts: CustomerFacts, now: Instant): Promise<void> {
  await trx
    .updateTable('customer')
    .set({ ...rowOf(facts), updatedAt: now, archivedAt: null })
    .where('id', '=', id)
    .execute()
}

export const archive = (trx: Trx, id: string, archivedAt: Instant | null) =>
  trx.updateTable('customer').set({ archivedAt }).where('id', '=', id).execute()

/** Sets exactly these contacts. One that stays keeps its id. */
export async function replaceContacts(trx: Trx, customer: Customer, contacts: Contact[], locale: Locale) {
  const gone = customer.contacts.filter(
    ({ channel, address }) => !contacts.some((one) => one.channel === channel && one.address === address),
  )
  if (gone.length)
    await trx
      .deleteFrom('customerContact')
      .where(
        'id',
        'in',
        gone.map(({ id }) => id),
      )
      .execute()
  await addContacts(trx, customer, contacts, locale)
}

/** Adds contacts that are not there yet; a name or a language that is given anew is written. True when anything was. */
export async function addContacts(trx: Trx, customer: Customer, contacts: Contact[], locale: Locale): Promise<boolean> {
  const fresh: NewRow<'customerContact'>[] = []
  let wrote = false
  for (const contact of contacts) {
    const there = customer.contacts.find(
      ({ channel, address }) => channel === contact.channel && address === contact.address,
    )
    if (!there) {
      fresh.push({
        id: newId(),
        customerId: customer.id,
        channel: contact.channel,
        address: contact.address,
        name: contact.name,
        locale: contact.locale ?? locale,
      })
      continue
    }
    const next = { name: contact.name ?? there.name, locale: contact.locale ?? there.locale }
    if (next.name === there.name && next.locale === there.locale) continue
    await trx.updateTable('customerContact').set(next).where('id', '=', there.id).execute()
    wrote = true
  }
  await insertContacts(trx, fresh)
  return wrote || fresh.length > 0
}

export async function replaceUses(trx: Trx, customer: Customer, components: string[]): Promise<boolean> {
  const wanted = [...new Set(components)].sort()
  if (wanted.join() === [...customer.components].sort().join()) return false
  await trx.deleteFrom('customerComponent').where('customerId', '=', customer.id).execute()
  await insertUses(
    trx,
    wanted.map((componentId) => ({ customerId: customer.id, componentId })),
  )
  return true
}

/** What a piece of customers that were handed in has changed. `before` are the customers that are no longer as they were. */
export interface Saved {
  added: number
  unchanged: number
  before: Customer[]
}

/**
 * Adds the customers that are new, by their number, and changes the others to what is said of them; contacts are added,
 * none is removed. Each number once. Throws invalid for a fee without a currency.
 */
export async function saveCustomers(trx: Trx, now: Instant, usual: Locale, given: NewCustomer[]): Promise<Saved> {
  const known = await whole(
    trx,
    await rowsByExternalId(
      trx,
      given.map(({ externalId }) => externalId),
    ),
  )
  const byNumber = new Map(known.map((customer) => [customer.externalId, customer]))
  const fresh = given.filter(({ externalId }) => !byNumber.has(externalId))
  const ids = newIds(fresh.length)
  const contactIds = newIds(fresh.reduce((sum, { contacts }) => sum + (contacts?.length ?? 0), 0))
  const rows: NewRow<'customer'>[] = []
  const contacts: NewRow<'customerContact'>[] = []
  const uses: { customerId: string; componentId: string }[] = []
  for (const [at, one] of fresh.entries()) {
    const id = ids[at]!
    const facts = changed(blankFacts(one.externalId, usual), one)
    const stamps = { createdAt: now, updatedAt: now, archivedAt: null }
    rows.push({ id, externalId: one.externalId, ...rowOf(facts), ...stamps })
    for (const { channel, address, name, locale = facts.locale } of one.contacts ?? [])
      contacts.push({ id: contactIds[contacts.length]!, customerId: id, channel, address, name, locale })
    for (const componentId of one.components ?? []) uses.push({ customerId: id, componentId })
  }
  await insertCustomers(trx, rows)
  await insertContacts(trx, contacts)
  await insertUses(trx, uses)
  const before: Customer[] = []
  for (const one of given) {
    const customer = byNumber.get(one.externalId)
    if (!customer) continue
    const facts = changed(customer, one)
    const same = sameFacts(customer, facts) && customer.archivedAt === null
    if (!same) await updateCustomer(trx, customer.id, facts, now)
    const met = await addContacts(trx, customer, one.contacts ?? [], facts.locale)
    const used = one.components ? await replaceUses(trx, customer, one.components) : false
    if (!same || met || used) before.push(customer)
  }
  return { added: fresh.length, unchanged: given.length - fresh.length - before.length, before }
}
