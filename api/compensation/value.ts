import type { Words } from '#content/locales.ts'
import { decimal, divide, type Rounding } from './amount.ts'
import { type Tier, tierOf, uptimeOf } from './uptime.ts'

/** How many minutes of failure count: the same for everybody, or those of each customer in the list of who was affected. */
export interface Downtime {
  minutes: number
  from: 'offer' | 'list'
}

export interface Coupon {
  kind: 'coupon'
  /** What it is worth: an amount, or a percentage up to an amount, which is what it may cost. */
  amountMinor: number
  percent?: string | undefined
  minSpendMinor?: number | undefined
  products?: Words | undefined
  stackable?: boolean | undefined
}

export interface Extension {
  kind: 'service_extension'
  mode: 'days' | 'multiple' | 'tier'
  days?: number | undefined
  multiple?: number | undefined
  tiers?: (Tier & { days: number })[] | undefined
  downtime?: Downtime | undefined
  /** The contract's month, "2026-11": what tiers are measured in, and what its cap counts. */
  month?: string | undefined
  /** Days that one customer gets in one month at the most, over all offers. */
  daysMaxPerMonth?: number | undefined
  /** Days that the monthly fee pays for, when days are valued. */
  periodDays: number
}

export interface Credit {
  kind: 'credit'
  mode: 'tier' | 'multiple' | 'hourly'
  tiers?: (Tier & { percent: string })[] | undefined
  multiple?: number | undefined
  downtime: Downtime
  month?: string | undefined
  /** Whose fee: the registry's monthly one, or the one in the list of who was affected (by the hour where it is "hourly"). */
  feeFrom: 'customer' | 'list'
  /** Hours that the monthly fee pays for, where the fee of the failure is multiplied. */
  periodHours?: number | undefined
  /** Less than this is not paid. */
  minMinor?: number | undefined
  /** At the most this much of the fee. */
  capPercent?: string | undefined
}

export interface Refund {
  kind: 'refund'
  /** What each gets stands in the list; at the most this much. */
  capMinor: number
}

export interface Other {
  kind: 'other'
  description: Words
  amountMinor: number
}

export type Value = Coupon | Extension | Credit | Refund | Other
export type OfferKind = Value['kind']

/** What is known of one customer when their share is worked out. Amounts are in the smallest coin of the offer's currency. */
export interface Share {
  monthlyFeeMinor: number | null
  /** Of the monthly fee; null when there is none. */
  feeCurrency: string | null
  minutes: number | null
  listFeeMinor: number | null
  listAmountMinor: number | null
  /** Days that other offers gave for the same month. */
  daysGiven: number
}

/** Why somebody who fits gets nothing. */
export type NothingReason =
  | 'no_fee'
  | 'other_currency'
  | 'no_minutes'
  | 'no_amount'
  | 'promise_kept'
  | 'below_minimum'
  | 'month_used_up'
  | 'worth_nothing'

/** What one customer gets: an amount it is worth, and the days of an extension. */
export type Worth = { amountMinor: number; days: number | null } | { nothing: NothingReason }

interface Frame {
  currency: string
  rounding: Rounding
  perCustomerMinor: number | null
}

/** Works out one customer's share. Whole coins, rounded once; never more than the offer gives to one customer. */
export function worthOf(value: Value, share: Share, frame: Frame): Worth {
  const worth = rawWorth(value, share, frame)
  if ('nothing' in worth) return worth
  const amountMinor = Math.min(worth.amountMinor, frame.perCustomerMinor ?? worth.amountMinor)
  return amountMinor > 0 || worth.days ? { ...worth, amountMinor } : { nothing: 'worth_nothing' }
}

function rawWorth(value: Value, share: Share, frame: Frame): Worth {
  switch (value.kind) {
    case 'coupon':
    case 'other':
      return { amountMinor: value.amountMinor, days: null }
    case 'refund':
      return share.listAmountMinor === null
        ? { nothing: 'no_amount' }
        : { amountMinor: Math.min(share.listAmountMinor, value.capMinor), days: null }
    case 'credit':
      return creditWorth(value, share, frame)
    case 'service_extension':
      return extensionWorth(value, share, frame)
  }
}

const minutesOf = (downtime: Downtime, { minutes }: Share): number | null =>
  downtime.from === 'list' ? minutes : downtime.minutes

function feeOf(share: Share, frame: Frame): { minor: number } | { nothing: NothingReason } {
  if (share.monthlyFeeMinor === null) return { nothing: 'no_fee' }
  if (share.feeCurrency !== frame.currency) return { nothing: 'other_currency' }
  return { minor: share.monthlyFeeMinor }
}

function creditWorth(value: Credit, share: Share, frame: Frame): Worth {
  const fee =
    value.feeFrom === 'customer'
      ? feeOf(share, frame)
      : share.listFeeMinor === null
        ? { nothing: 'no_fee' as const }
        : { minor: share.listFeeMinor }
  if ('nothing' in fee) return fee
  const minutes = minutesOf(value.downtime, share)
  if (minutes === null) return { nothing: 'no_minutes' }
  const amountMinor = creditOf(value, fee.minor, minutes, frame.rounding)
  if (amountMinor === null) return { nothing: 'promise_kept' }
  const paidMinor = value.mode === 'hourly' ? (share.listAmountMinor ?? amountMinor) : fee.minor
  const capped = Math.min(
    amountMinor,
    value.capPercent === undefined
      ? value.mode === 'hourly'
        ? paidMinor
        : amountMinor
      : partOf(paidMinor, value.capPercent, frame.rounding),
  )
  if (capped < (value.minMinor ?? 0)) return { nothing: 'below_minimum' }
  return { amountMinor: capped, days: null }
}

/** The part of an amount that a percentage is. */
export function partOf(minor: number, percent: string, rounding: Rounding): number {
  const { units, scale } = decimal(percent)
  return divide(BigInt(minor) * units, 100n * scale, rounding)
}

/**
 * What a failure of so many minutes comes to before floor and cap: the step of the month's uptime, a multiple of the fee
 * paid for these minutes, or a multiple of an hourly fee. Null when the promise was kept.
 */
function creditOf(value: Credit, feeMinor: number, minutes: number, rounding: Rounding): number | null {
  if (value.mode === 'tier') {
    const tier = tierOf(value.tiers ?? [], uptimeOf(value.month ?? '', minutes))
    return tier ? partOf(feeMinor, tier.percent, rounding) : null
  }
  const periodMinutes = value.mode === 'hourly' ? 60n : BigInt((value.periodHours ?? 0) * 60)
  return divide(BigInt(feeMinor) * BigInt(minutes) * BigInt(value.multiple ?? 1), periodMinutes, rounding)
}

function extensionWorth(value: Extension, share: Share, frame: Frame): Worth {
  const minutes = value.mode === 'days' ? 0 : value.downtime ? minutesOf(value.downtime, share) : null
  if (minutes === null) return { nothing: 'no_minutes' }
  const wanted = daysOf(value, minutes)
  if (!wanted) return { nothing: 'promise_kept' }
  const days = Math.min(wanted, Math.max((value.daysMaxPerMonth ?? wanted + share.daysGiven) - share.daysGiven, 0))
  if (!days) return { nothing: 'month_used_up' }
  const fee = feeOf(share, frame)
  return 'nothing' in fee ? fee : { amountMinor: valueOfDays(fee.minor, value.periodDays, days, frame.rounding), days }
}

/** The days a failure of so many minutes gives: a number, a multiple rounded up to whole days, or the step of the uptime. */
export function daysOf(
  value: Pick<Extension, 'mode' | 'days' | 'multiple' | 'tiers' | 'month'>,
  minutes: number,
): number {
  if (value.mode === 'days') return value.days ?? 0
  if (value.mode === 'multiple') return Math.ceil((minutes * (value.multiple ?? 0)) / 1_440)
  return tierOf(value.tiers ?? [], uptimeOf(value.month ?? '', minutes))?.days ?? 0
}

/** What days of service are worth: fee per period / days in the period × days. */
export const valueOfDays = (feeMinor: number, periodDays: number, days: number, rounding: Rounding): number =>
  divide(BigInt(feeMinor) * BigInt(days), BigInt(periodDays), rounding)
