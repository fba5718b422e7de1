import { invalid } from '#api/errors.ts'
import { isCurrency } from '#api/lib/amount.ts'
import type { Instant } from '#api/lib/time.ts'
import { locales, type Words } from '#content/locales.ts'
import { admitsMore } from './admission.ts'
import { amountMinorMax, type Rounding, readDecimal } from './amount.ts'
import type { Admission } from './approvers.ts'
import { type Eligibility, mayOverlap } from './eligibility.ts'
import type { Basis, DeliveryMode } from './offer.ts'
import type { Tier } from './uptime.ts'
import type { Credit, Extension, Value } from './value.ts'

/** An offer as a person or a program writes it. */
export interface OfferInput {
  title: Words
  terms: Words
  basis: Basis
  value: Value
  currency: string
  rounding: Rounding
  eligibility: Eligibility
  delivery: DeliveryMode
  claimFrom: Instant
  claimUntil: Instant
  useWithinDays: number | null
  useUntil: Instant | null
  budgetMinor: number | null
  perCustomerMinor: number | null
  maxClaims: number | null
  admission: Admission
}

const daysMax = 3_660
const multipleMax = 1_000
const minutesMax = 44_640

type Fields = Record<string, string>

/** Everything that is wrong with an offer, a sentence for each field. Throws `invalid`; answers when nothing is. */
export function checkOffer(input: OfferInput): void {
  const wrong: Fields = {}
  for (const name of ['title', 'terms'] as const)
    for (const locale of locales)
      if (!input[name][locale]?.trim())
        wrong[`${name}.${locale}`] = 'Write this in every language: customers agree to it in their own.'
  if (!isCurrency(input.currency)) wrong.currency = 'A currency is a code of ISO 4217, such as CNY.'
  if (input.claimFrom >= input.claimUntil) wrong.claimUntil = 'The last moment to claim comes after the first.'
  if (input.useUntil && input.useUntil < input.claimUntil)
    wrong.useUntil = 'What is claimed on the last day must still be usable: choose a later date.'
  count(wrong, 'useWithinDays', input.useWithinDays, daysMax)
  count(wrong, 'maxClaims', input.maxClaims, 100_000_000)
  money(wrong, 'budgetMinor', input.budgetMinor)
  money(wrong, 'perCustomerMinor', input.perCustomerMinor)
  count(wrong, 'eligibility.minAffectedMinutes', input.eligibility.minAffectedMinutes, minutesMax)
  const more = admitsMore(input.admission, input.title, input.terms)
  if (more)
    wrong.admission = `These words express ${more === 'apology' ? 'an apology' : 'regret'}: say so, because more people approve that, or write them otherwise.`
  checkValue(wrong, input.value)
  if (input.value.kind === 'refund' && !input.eligibility.listId)
    wrong['eligibility.listId'] = 'A refund reads its amounts from a list of who was affected: choose one.'
  if (needsList(input.value) && !input.eligibility.listId)
    wrong['eligibility.listId'] = 'Minutes or fees of each customer stand in a list of who was affected: choose one.'
  if (Object.keys(wrong).length)
    throw invalid(`Some fields need your attention: ${Object.keys(wrong).join(', ')}.`, wrong)
}

const needsList = (value: Value): boolean =>
  (value.kind === 'credit' && (value.feeFrom === 'list' || value.downtime.from === 'list')) ||
  (value.kind === 'service_extension' && value.downtime?.from === 'list')

function money(wrong: Fields, field: string, minor: number | null | undefined): void {
  if (minor === null || minor === undefined) return
  if (minor < 0) wrong[field] = 'An amount is not negative.'
  else if (!Number.isSafeInteger(minor) || minor > amountMinorMax)
    wrong[field] = 'An amount is whole coins, and not this large.'
}

function count(wrong: Fields, field: string, number: number | null | undefined, most: number): void {
  if (number === null || number === undefined) return
  if (!Number.isInteger(number) || number < 1 || number > most)
    wrong[field] = `This is a whole number from 1 to ${most}.`
}

function checkValue(wrong: Fields, value: Value): void {
  switch (value.kind) {
    case 'coupon':
      money(wrong, 'value.amountMinor', value.amountMinor)
      if (value.amountMinor === 0) wrong['value.amountMinor'] = 'A coupon is worth something.'
      money(wrong, 'value.minSpendMinor', value.minSpendMinor)
      percent(wrong, 'value.percent', value.percent)
      return
    case 'other':
      money(wrong, 'value.amountMinor', value.amountMinor)
      if (!Object.keys(value.description).length) wrong['value.description'] = 'Say what is given.'
      return
    case 'refund':
      money(wrong, 'value.capMinor', value.capMinor)
      return
    case 'service_extension':
      checkExtension(wrong, value)
      return
    case 'credit':
      checkCredit(wrong, value)
      return
  }
}

function percent(wrong: Fields, field: string, text: string | undefined): void {
  if (text === undefined) return
  const read = readDecimal(text)
  if (!read || read.units > 100n * read.scale) wrong[field] = 'A percentage is a number from 0 to 100, such as 99.9.'
}

function downtimeAndMonth(wrong: Fields, value: Pick<Credit | Extension, 'downtime' | 'month' | 'mode'>): void {
  if (value.mode === 'days') return
  if (!value.downtime) wrong['value.downtime'] = 'Say how many minutes of failure count.'
  else if (value.downtime.from === 'offer') count(wrong, 'value.downtime.minutes', value.downtime.minutes, minutesMax)
  if (value.mode === 'tier' && !/^\d{4}-(0[1-9]|1[0-2])$/.test(value.month ?? ''))
    wrong['value.month'] = 'Steps are measured in one calendar month, such as 2026-11.'
}

function tiers(wrong: Fields, steps: readonly Tier[] | undefined): void {
  if (!steps?.length) wrong['value.tiers'] = 'Name at least one step of the uptime.'
  steps?.forEach(({ bound }, at) => {
    percent(wrong, `value.tiers.${at}.bound`, bound)
    if (steps.findIndex((other) => Number(other.bound) === Number(bound)) !== at)
      wrong[`value.tiers.${at}.bound`] = 'Another step has the same bound.'
  })
}

function checkExtension(wrong: Fields, value: Extension): void {
  downtimeAndMonth(wrong, value)
  if (value.mode === 'days') count(wrong, 'value.days', value.days ?? 0, daysMax)
  if (value.mode === 'multiple') count(wrong, 'value.multiple', value.multiple ?? 0, multipleMax)
  if (value.mode === 'tier') {
    tiers(wrong, value.tiers)
    value.tiers?.forEach(({ days }, at) => {
      count(wrong, `value.tiers.${at}.days`, days, daysMax)
    })
  }
  count(wrong, 'value.daysMaxPerMonth', value.daysMaxPerMonth, daysMax)
  if (value.daysMaxPerMonth && !value.month) wrong['value.month'] = 'Name the month that the days are counted in.'
  count(wrong, 'value.periodDays', value.periodDays, 366)
}

function checkCredit(wrong: Fields, value: Credit): void {
  downtimeAndMonth(wrong, value)
  if (value.mode === 'tier') {
    tiers(wrong, value.tiers)
    value.tiers?.forEach(({ percent: part }, at) => {
      percent(wrong, `value.tiers.${at}.percent`, part)
    })
  } else count(wrong, 'value.multiple', value.multiple ?? 0, multipleMax)
  if (value.mode === 'multiple') count(wrong, 'value.periodHours', value.periodHours ?? 0, 9_000)
  if (value.mode === 'hourly' && value.feeFrom !== 'list') wrong['value.feeFrom'] = 'Fees by the hour stand in a list.'
  money(wrong, 'value.minMinor', value.minMinor)
  percent(wrong, 'value.capPercent', value.capPercent)
}

/** An offer beside the one that is written, as far as they can be in each other's way. */
export interface Neighbour {
  title: Words
  basis: Basis
  kind: Value['kind']
  eligibility: Eligibility
  claimFrom: Instant
  claimUntil: Instant
}

/** Throws `invalid` where somebody would be given the same twice: the same kind on the same basis, at the same time. */
export function checkOverlap(input: OfferInput, others: readonly Neighbour[]): void {
  const twin = others.find(
    (other) =>
      other.basis === input.basis &&
      other.kind === input.value.kind &&
      other.claimFrom < input.claimUntil &&
      input.claimFrom < other.claimUntil &&
      mayOverlap(other.eligibility, input.eligibility),
  )
  if (!twin) return
  const name = Object.values(twin.title)[0] ?? ''
  const sentence = `“${name}” gives the same kind at the same time to customers who may fit both. Choose other dates or plans, or close it first.`
  throw invalid(sentence, { claimFrom: sentence })
}
