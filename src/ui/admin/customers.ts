import type { CustomerFacts } from '#api/customers/customer.ts'
import { isCurrency, readAmount } from '#api/lib/amount.ts'
import { digitsOf } from '#api/lib/money.ts'
import { isLocale, type Locale, type Words } from '#content/locales.ts'
import { fill, type Labels, wordsOf } from '#content/words.ts'
import { plain } from '../../lib/said.ts'
import { field } from './forms.ts'

/** The labels of the pages about customers. */
export const customerWords = (locale: Locale): Labels['customers'] => wordsOf(locale).customers

export const number = (count: number, locale: Locale): string => new Intl.NumberFormat(locale).format(count)

/** "CNY 9,800.00"; a dash where there is no amount. The digits are those of the smallest coin, put together as text. */
export function money(minor: number | null, currency: string | null, locale: Locale): string {
  if (minor === null) return '–'
  const digits = currency && isCurrency(currency) ? digitsOf(currency) : 2
  const formatted = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return [currency, formatted.format(Number(inUnits(minor, digits)))].filter(Boolean).join(' ')
}

/** "399.00" of 39900, as a field shows and reads it. */
export function inUnits(minor: number, digits: number): string {
  const text = String(minor).padStart(digits + 1, '0')
  return digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text
}

/** What a person typed about a customer, as it goes back into the form. */
export type Typed = Record<
  'externalId' | 'name' | 'plan' | 'region' | 'segment' | 'accountManager' | 'fee' | 'currency' | 'locale' | 'contacts',
  string
> & { key: boolean; internal: boolean; archived: boolean; components: string[] }

type Shown = CustomerFacts & {
  externalId: string
  contacts: { address: string; name: string | null }[]
  components: string[]
  archivedAt: string | null
}

export const blank = (locale: Locale): Typed => ({
  ...{ externalId: '', name: '', plan: '', region: '', segment: '', accountManager: '', fee: '', currency: '' },
  ...{ contacts: '', key: false, internal: false, archived: false, components: [] },
  locale,
})

/** A customer as its form shows it. */
export const typedFrom = (customer: Shown): Typed => ({
  externalId: customer.externalId,
  name: customer.name,
  plan: customer.plan,
  region: customer.region,
  segment: customer.segment,
  accountManager: customer.accountManager ?? '',
  fee:
    customer.monthlyFeeMinor === null || !customer.currency
      ? ''
      : inUnits(customer.monthlyFeeMinor, digitsOf(customer.currency)),
  currency: customer.currency ?? '',
  locale: customer.locale,
  contacts: customer.contacts.map(({ address, name }) => (name ? `${address}, ${name}` : address)).join('\n'),
  key: customer.key,
  internal: customer.internal,
  archived: customer.archivedAt !== null,
  components: customer.components,
})

export const typedIn = (form: FormData): Typed => ({
  externalId: field(form, 'externalId'),
  name: field(form, 'name'),
  plan: field(form, 'plan'),
  region: field(form, 'region'),
  segment: field(form, 'segment'),
  accountManager: field(form, 'accountManager'),
  fee: field(form, 'fee'),
  currency: field(form, 'currency').toUpperCase(),
  locale: field(form, 'locale'),
  contacts: field(form, 'contacts'),
  key: form.has('key'),
  internal: form.has('internal'),
  archived: form.has('archived'),
  components: form.getAll('components').filter((id): id is string => typeof id === 'string'),
})

/** What was typed as the API takes it, or the sentence that stands at the fee. */
export function customerIn(typed: Typed, locale: Locale) {
  const { fee, currency, contacts, archived: _, externalId: __, ...rest } = typed
  const faults: Record<string, string> = {}
  let monthlyFeeMinor: number | null = null
  if (fee) {
    const read = isCurrency(currency) ? readAmount(fee, currency) : null
    if (typeof read === 'number') monthlyFeeMinor = read
    else faults.fee = customerWords(locale).form.fee0
  }
  const lines = contacts.split('\n').map((line) => line.trim())
  const json = {
    ...rest,
    locale: isLocale(typed.locale) ? typed.locale : locale,
    monthlyFeeMinor,
    currency: currency || null,
    contacts: lines.filter(Boolean).map((line) => {
      const [, address = line, name = ''] = /^([^,，]*)(?:[,，](.*))?$/.exec(line) ?? []
      const channel: 'email' | 'sms' = address.includes('@') ? 'email' : 'sms'
      return { channel, address: address.trim(), name: name.trim() || null }
    }),
  }
  return { json, faults }
}

/** The API's sentences at the fields of the form that they are about. */
export function faultsFrom(fields: Record<string, string>, locale: Locale): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const [name, sentence] of Object.entries(fields)) {
    const [, line] = /^contacts\.(\d+)/.exec(name) ?? []
    const at = name === 'monthlyFeeMinor' ? 'fee' : name.split('.')[0]!
    faults[at] ??= line ? fill(customerWords(locale).form.contactFault, { line: Number(line) + 1, sentence }) : sentence
  }
  return faults
}

interface Asked {
  components: string[]
  plans: string[]
  regions: string[]
  segments: string[]
}

/** What a rule asks for, in words: "uses Payments; plan Pro". */
export function ruleIn(rule: Asked, components: { id: string; name: Words }[], locale: Locale): string {
  const { affected } = customerWords(locale)
  const { list } = wordsOf(locale).admin
  const named = (ids: string[]) =>
    ids.map((id) => plain(components.find((one) => one.id === id)?.name ?? {}, locale) || id).join(list)
  return [
    rule.components.length && fill(affected.uses, { names: named(rule.components) }),
    rule.plans.length && fill(affected.plans, { names: rule.plans.join(list) }),
    rule.regions.length && fill(affected.regions, { names: rule.regions.join(list) }),
    rule.segments.length && fill(affected.segments, { names: rule.segments.join(list) }),
  ]
    .filter(Boolean)
    .join(wordsOf(locale).page.join)
}
