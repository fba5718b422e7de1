import { CellReader } from './cells.ts'
import { cellsBy, type Mapping } from './columns.ts'
import { type Contact, contactsMax, lengths, type NewCustomer } from './customer.ts'
import type { TableRow } from './delimited.ts'
import { RowFault } from './finding.ts'

/** What a reader of rows has to know about the file and the house. */
export interface Reading {
  mapping: Mapping
  /** What amounts are in that name no currency. */
  currency: string
  /** Channels' own reading of addresses; each throws for one that is none. */
  email(input: string): string
  sms(input: string): string
  /** The id of a service by its id or its name in any language; undefined of one there is not. */
  component(name: string): string | undefined
}

/** One row of a list of affected customers: known by its number, or else by its address. */
export interface AffectedRow {
  externalId: string | null
  email: string | null
  minutes: number | null
  feeMinor: number | null
  amountMinor: number | null
}

/** The longest time anybody is affected, in minutes: a year. */
export const minutesMax = 366 * 24 * 60

/** Too few cells, or more than there are headings: the row broke somewhere, and its cells may stand in the wrong columns. */
function checkWidth({ cells }: TableRow, { mapping }: Reading): void {
  if (cells.length < mapping.length)
    throw new RowFault([{ code: 'fewer', columns: cells.length, expected: mapping.length }])
  if (cells.slice(mapping.length).some((cell) => cell.trim() !== ''))
    throw new RowFault([{ code: 'more', columns: cells.length, expected: mapping.length }])
}

/** Reads a row of a list of affected customers. Throws RowFault with everything that is wrong with it. */
export function readAffected(row: TableRow, reading: Reading): AffectedRow {
  checkWidth(row, reading)
  const cells = cellsBy(reading.mapping, row.cells)
  const read = new CellReader(cells)
  const externalId = read.text('customer_id', lengths.externalId)
  const email = cells.email && !externalId ? read.address('email', cells.email, reading.email) : null
  const currency = read.currency(reading.currency)
  if (currency && currency !== reading.currency)
    read.refuse({ code: 'otherCurrency', value: currency, currency: reading.currency })
  const affected: AffectedRow = {
    externalId,
    email,
    minutes: read.minutes('minutes', minutesMax),
    feeMinor: read.amount('fee', reading.currency),
    amountMinor: read.amount('amount', reading.currency),
  }
  if (!cells.customer_id && !cells.email) read.refuse({ code: 'noKey' })
  if (read.findings.length) throw new RowFault(read.findings)
  return affected
}

/** Reads a row about a customer; a blank cell says nothing. Throws RowFault with everything that is wrong with it. */
export function readCustomer(row: TableRow, reading: Reading): NewCustomer {
  checkWidth(row, reading)
  const cells = cellsBy(reading.mapping, row.cells)
  const read = new CellReader(cells)
  const currency = read.currency(reading.currency)
  const fee = currency === null ? null : read.amount('monthly_fee', currency)
  const contacts = contactsIn(read, reading)
  const components = componentsIn(read, reading)
  const customer: NewCustomer = {
    externalId: read.text('customer_id', lengths.externalId) ?? '',
    name: read.text('name', lengths.name) ?? undefined,
    plan: read.text('plan', lengths.plan) ?? undefined,
    region: read.text('region', lengths.region) ?? undefined,
    segment: read.text('segment', lengths.segment) ?? undefined,
    key: read.flag('key') ?? undefined,
    internal: read.flag('internal') ?? undefined,
    accountManager: read.text('account_manager', lengths.accountManager) ?? undefined,
    ...(fee === null || currency === null ? {} : { monthlyFeeMinor: fee, currency }),
    locale: read.language() ?? undefined,
    ...(contacts.length ? { contacts } : {}),
    ...(components.length ? { components } : {}),
  }
  if (!cells.customer_id) read.refuse({ code: 'noId' })
  if (read.findings.length) throw new RowFault(read.findings)
  return customer
}

function contactsIn(read: CellReader, reading: Reading): Contact[] {
  const name = read.text('contact', lengths.contactName)
  const found: Contact[] = []
  for (const [field, channel] of [
    ['email', 'email'],
    ['phone', 'sms'],
  ] as const)
    for (const text of read.list(field)) {
      const address = read.address(field, text, reading[channel])
      if (address !== null) found.push({ channel, address, name })
    }
  if (found.length > contactsMax) read.refuse({ code: 'manyContacts', max: contactsMax })
  return found
}

function componentsIn(read: CellReader, reading: Reading): string[] {
  const ids = read.list('components').map((name) => {
    const id = reading.component(name)
    if (!id) read.refuse({ code: 'component', value: name.slice(0, 60) })
    return id
  })
  return [...new Set(ids.filter((id) => id !== undefined))]
}
