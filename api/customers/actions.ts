import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { listComponents } from '#api/components/queries.ts'
import { AppError, conflict, invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { isCurrency } from '#api/lib/amount.ts'
import {
  type Contact,
  type CustomerChange,
  changed,
  type contactChannels,
  contactsMax,
  type NewCustomer,
} from './customer.ts'
import { findCustomer, rowsByExternalId, whole } from './queries.ts'
import { archive, replaceContacts, replaceUses, saveCustomers, updateCustomer } from './save-queries.ts'

/** The most customers one request hands in: as many as SQLite writes while it holds its lock for about 10 ms. */
export const batchMax = 100

/**
 * What was handed in, with addresses in their channels' normal form. Throws invalid with every field that is wrong;
 * `at` is where the customer stands in the body.
 */
async function checked<C extends CustomerChange>(app: App, given: C[], at: (index: number) => string): Promise<C[]> {
  const ids = new Set((await listComponents(app.db)).map(({ id }) => id))
  const fields: Record<string, string> = {}
  const result = given.map((one, index) => {
    for (const [place, id] of (one.components ?? []).entries())
      if (!ids.has(id)) fields[`${at(index)}components.${place}`] = 'There is no such service.'
    if (one.currency && !isCurrency(one.currency))
      fields[`${at(index)}currency`] = 'This is no currency of ISO 4217, such as CNY.'
    if (!one.contacts) return one
    const contacts = one.contacts.map((contact, place) =>
      normal(app, contact, (sentence) => {
        fields[`${at(index)}contacts.${place}.address`] = sentence
      }),
    )
    const kept = new Map(contacts.map((contact) => [`${contact.channel} ${contact.address}`, contact]))
    return { ...one, contacts: [...kept.values()] }
  })
  if (Object.keys(fields).length)
    throw invalid(`Some fields need your attention: ${Object.keys(fields).join(', ')}.`, fields)
  return result
}

function normal(app: App, contact: Contact, refuse: (sentence: string) => void): Contact {
  try {
    return { ...contact, address: parserOf(app, contact.channel)(contact.address) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    refuse(error.message)
    return contact
  }
}

/** How a channel reads an address into its normal form. */
export function parserOf(app: App, name: (typeof contactChannels)[number]): (input: string) => string {
  const channel = app.channels.find((one) => one.name === name)
  if (!channel) throw new Error(`There is no channel ${name}.`)
  return (input) => channel.parse(input)
}

/** Adds one customer. Throws conflict when its number is taken, invalid for a service, a currency or an address. */
export async function addCustomer(
  app: App,
  actor: Actor,
  given: NewCustomer,
  more: { claim?: Claim | undefined } = {},
): Promise<{ id: string }> {
  const [customer] = await checked(app, [given], () => '')
  const now = app.now()
  return app.db.transaction().execute(async (trx) => {
    const taken = await rowsByExternalId(trx, [customer!.externalId])
    if (taken.length) throw conflict(`There is a customer with the number ${customer!.externalId} already.`)
    await saveCustomers(trx, now, app.site.defaultLocale, [customer!])
    const [row] = await whole(trx, await rowsByExternalId(trx, [customer!.externalId]))
    await record(trx, now, actor, 'customer.added', row!.id, { after: row })
    await settle(trx, more.claim, row!.id)
    return { id: row!.id }
  })
}

/**
 * Adds and changes up to `batchMax` customers at once, all of them or none; contacts are added, what is left out stays.
 * Throws invalid for a number that comes twice and for whatever else is wrong, each with its place.
 */
export async function handInCustomers(
  app: App,
  actor: Actor,
  given: NewCustomer[],
): Promise<{ added: number; changed: number; unchanged: number }> {
  const numbers = new Map<string, number>()
  const fields: Record<string, string> = {}
  for (const [index, { externalId }] of given.entries()) {
    const first = numbers.get(externalId)
    if (first === undefined) numbers.set(externalId, index)
    else fields[`customers.${index}.externalId`] = `This number stands at customers.${first} already.`
  }
  if (Object.keys(fields).length) throw invalid('Some customers are named twice.', fields)
  const customers = await checked(app, given, (index) => `customers.${index}.`)
  const now = app.now()
  return app.db.transaction().execute(async (trx) => {
    const { added, unchanged, before } = await saveCustomers(trx, now, app.site.defaultLocale, customers)
    const counts = { added, changed: before.length, unchanged }
    if (added || before.length)
      await record(trx, now, actor, 'customers.handed-in', 'customers', { before, after: counts })
    return counts
  })
}

/** Changes one customer; contacts and components that are given replace those there are. Throws not_found, invalid. */
export async function changeCustomer(
  app: App,
  actor: Actor,
  id: string,
  given: CustomerChange & { archived?: boolean | undefined },
): Promise<void> {
  const [{ archived, ...change } = {} as typeof given] = await checked(app, [given], () => '')
  if ((change.contacts?.length ?? 0) > contactsMax) throw invalid(`A customer has ${contactsMax} contacts at the most.`)
  const now = app.now()
  await app.db.transaction().execute(async (trx) => {
    const before = await findCustomer(trx, id)
    if (!before) throw notFound('This customer')
    const facts = changed(before, change)
    await updateCustomer(trx, id, facts, now)
    if (change.contacts) await replaceContacts(trx, before, change.contacts, facts.locale)
    if (change.components) await replaceUses(trx, before, change.components)
    const gone = archived ?? before.archivedAt !== null
    await archive(trx, id, gone ? (before.archivedAt ?? now) : null)
    await record(trx, now, actor, 'customer.changed', id, { before, after: await findCustomer(trx, id) })
  })
}
