import { invalid } from '#api/errors.ts'
import type { Locale } from '#content/locales.ts'

/** Longest texts of a customer, in characters. */
export const lengths = {
  externalId: 100,
  name: 200,
  plan: 60,
  region: 60,
  segment: 60,
  accountManager: 120,
  address: 320,
  contactName: 120,
} as const
/** The most contacts one customer has. */
export const contactsMax = 50

export const contactChannels = ['email', 'sms'] as const
export type ContactChannel = (typeof contactChannels)[number]

export interface Contact {
  channel: ContactChannel
  /** In the channel's normal form. */
  address: string
  name: string | null
  /** Left out: the customer's own. */
  locale?: Locale | undefined
}

/** What a customer is. Money in the smallest coin of `currency`; `components` are the services that it uses. */
export interface CustomerFacts {
  name: string
  plan: string
  region: string
  segment: string
  key: boolean
  internal: boolean
  accountManager: string | null
  monthlyFeeMinor: number | null
  currency: string | null
  locale: Locale
}

/** What is said of a customer: what is left out stays as it is. */
export type CustomerChange = { [K in keyof CustomerFacts]?: CustomerFacts[K] | undefined } & {
  contacts?: Contact[] | undefined
  components?: string[] | undefined
}
export type NewCustomer = CustomerChange & { externalId: string }

/** A customer of whom nothing is known but its number. */
export const blankFacts = (externalId: string, locale: Locale): CustomerFacts => ({
  name: externalId,
  plan: '',
  region: '',
  segment: '',
  key: false,
  internal: false,
  accountManager: null,
  monthlyFeeMinor: null,
  currency: null,
  locale,
})

const factNames = Object.keys(blankFacts('', 'en')) as (keyof CustomerFacts)[]

/** The facts after a change. Throws invalid for a fee without a currency: an amount in nothing is none. */
export function changed(facts: CustomerFacts, change: CustomerChange): CustomerFacts {
  const next = { ...facts }
  for (const name of factNames) if (change[name] !== undefined) Object.assign(next, { [name]: change[name] })
  if (next.monthlyFeeMinor !== null && next.currency === null)
    throw invalid('A monthly fee needs its currency.', { currency: 'Give a code such as CNY.' })
  return next
}

export const sameFacts = (one: CustomerFacts, other: CustomerFacts): boolean =>
  factNames.every((name) => one[name] === other[name])

const sameContact = (one: Contact, other: Contact) => one.channel === other.channel && one.address === other.address

/** Two rows about the same customer: what the first leaves open is taken from the second, and contacts add up. */
export function merged(first: NewCustomer, second: NewCustomer): NewCustomer {
  const contacts = [...(first.contacts ?? [])]
  for (const contact of second.contacts ?? [])
    if (!contacts.some((there) => sameContact(there, contact))) contacts.push(contact)
  const filled = Object.fromEntries(Object.entries(first).filter(([, value]) => value !== undefined))
  return { ...second, ...(filled as unknown as NewCustomer), contacts }
}

/** The facts in which two rows about the same customer differ, both having said something. */
export const differing = (first: NewCustomer, second: NewCustomer): (keyof CustomerFacts)[] =>
  factNames.filter((name) => first[name] !== undefined && second[name] !== undefined && first[name] !== second[name])
