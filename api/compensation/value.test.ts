import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isCurrency } from '#api/lib/amount.ts'
import { divide, readAmount, readDecimal, showAmount } from './amount.ts'
import { allowedDowntime, showUptime, type Tier, tierOf, uptimeOf } from './uptime.ts'
import { type Credit, daysOf, type Extension, type Share, valueOfDays, worthOf } from './value.ts'

const frame = { currency: 'CNY', rounding: 'half_up', perCustomerMinor: null } as const
const share: Share = {
  monthlyFeeMinor: null,
  feeCurrency: 'CNY',
  minutes: null,
  listFeeMinor: null,
  listAmountMinor: null,
  daysGiven: 0,
}
const awsTiers = [
  { op: 'lt', bound: '99.9', percent: '10' },
  { op: 'lt', bound: '99.0', percent: '30' },
  { op: 'lt', bound: '95.0', percent: '100' },
] as const
const credit = (more: Partial<Credit> = {}): Credit => ({
  kind: 'credit',
  mode: 'tier',
  tiers: [...awsTiers],
  month: '2026-11',
  downtime: { minutes: 89, from: 'offer' },
  feeFrom: 'customer',
  ...more,
})
const extension = (more: Partial<Extension> = {}): Extension => ({
  kind: 'service_extension',
  mode: 'multiple',
  multiple: 100,
  downtime: { minutes: 89, from: 'offer' },
  periodDays: 30,
  ...more,
})

it('November with 89 minutes of failure has an uptime of 99.7939 %', () => {
  expect(uptimeOf('2026-11', 89).totalMinutes).toBe(43_200)
  expect(showUptime(uptimeOf('2026-11', 89))).toBe('99.7939')
})

it('a fee of 9,800.00 at that uptime gives a credit of 980.00', () => {
  expect(worthOf(credit(), { ...share, monthlyFeeMinor: 980_000 }, frame)).toEqual({ amountMinor: 98_000, days: null })
})

it('99.9 % allows 40.32, 41.76, 43.20 and 44.64 minutes in months of 28 to 31 days', () => {
  expect([28, 29, 30, 31].map((days) => allowedDowntime(days, '99.9'))).toEqual([4_032, 4_176, 4_320, 4_464])
})

it('a hundredfold of 87 minutes is 7 days, of 14 minutes one day', () => {
  expect(daysOf({ mode: 'multiple', multiple: 100 }, 87)).toBe(7)
  expect(daysOf({ mode: 'multiple', multiple: 100 }, 14)).toBe(1)
  expect(daysOf({ mode: 'multiple', multiple: 100 }, 0)).toBe(0)
})

it('a multiple of the fee of an hour: 1,250 a month give 173.61 a hundredfold and 17.36 tenfold', () => {
  const hour = { mode: 'multiple', periodHours: 720, downtime: { minutes: 60, from: 'offer' } } as const
  const paid = { ...share, monthlyFeeMinor: 125_000 }
  expect(worthOf(credit({ ...hour, multiple: 100 }), paid, frame)).toEqual({ amountMinor: 17_361, days: null })
  expect(worthOf(credit({ ...hour, multiple: 10 }), paid, frame)).toEqual({ amountMinor: 1_736, days: null })
})

it('at exactly 99.9 % "less than" gives nothing, and "less than or equal" 10 %', () => {
  const exactly = { upMinutes: 999, totalMinutes: 1_000 }
  const github: (Tier & { percent: string })[] = [{ op: 'lte', bound: '99.9', percent: '10' }]
  expect(tierOf(awsTiers, exactly)).toBeUndefined()
  expect(tierOf(github, exactly)?.percent).toBe('10')
  const fee = { ...share, monthlyFeeMinor: 980_000, minutes: 0 }
  const kept = credit({ downtime: { minutes: 0, from: 'list' } })
  expect(worthOf(kept, fee, frame)).toEqual({ nothing: 'promise_kept' })
})

it('a credit of 0.80 with a minimum of 1.00 is none, and the reason is kept', () => {
  const small = { ...share, monthlyFeeMinor: 800 }
  expect(worthOf(credit({ minMinor: 100 }), small, frame)).toEqual({ nothing: 'below_minimum' })
  expect(worthOf(credit({ minMinor: 80 }), small, frame)).toEqual({ amountMinor: 80, days: null })
})

it('days by step of the uptime: 94.99 % gives 15, and a second fault of the month adds nothing', () => {
  const value = extension({
    mode: 'tier',
    month: '2026-11',
    daysMaxPerMonth: 15,
    tiers: [
      { op: 'lt', bound: '99.9', days: 3 },
      { op: 'lt', bound: '99.0', days: 7 },
      { op: 'lt', bound: '95.0', days: 15 },
    ],
    downtime: { minutes: 2_165, from: 'offer' },
  })
  const fee = { ...share, monthlyFeeMinor: 39_900 }
  expect(showUptime(uptimeOf('2026-11', 2_165))).toBe('94.9884')
  expect(worthOf(value, fee, frame)).toMatchObject({ days: 15 })
  expect(worthOf(value, { ...fee, daysGiven: 15 }, frame)).toEqual({ nothing: 'month_used_up' })
  expect(worthOf(value, { ...fee, daysGiven: 8 }, frame)).toMatchObject({ days: 7 })
})

it('by the hour: the average fee times the minutes times the multiple, at the most what was paid', () => {
  const value = credit({ mode: 'hourly', multiple: 100, feeFrom: 'list', downtime: { minutes: 0, from: 'list' } })
  const used = { ...share, listFeeMinor: 120, minutes: 30 }
  expect(worthOf(value, used, frame)).toEqual({ amountMinor: 6_000, days: null })
  expect(worthOf(value, { ...used, listAmountMinor: 4_500 }, frame)).toEqual({ amountMinor: 4_500, days: null })
})

it('seven days are worth 303.10 at 1,299 a month and 93.10 at 399', () => {
  expect(valueOfDays(129_900, 30, 7, 'half_up')).toBe(30_310)
  expect(valueOfDays(39_900, 30, 7, 'half_up')).toBe(9_310)
  expect(worthOf(extension(), { ...share, monthlyFeeMinor: 129_900 }, frame)).toEqual({ amountMinor: 30_310, days: 7 })
})

it('what cannot be worked out says why', () => {
  const fee = { ...share, monthlyFeeMinor: 10_000 }
  expect(worthOf(credit(), share, frame)).toEqual({ nothing: 'no_fee' })
  expect(worthOf(credit(), { ...fee, feeCurrency: 'EUR' }, frame)).toEqual({ nothing: 'other_currency' })
  expect(worthOf(credit({ downtime: { minutes: 89, from: 'list' } }), fee, frame)).toEqual({ nothing: 'no_minutes' })
  expect(worthOf({ kind: 'refund', capMinor: 100 }, share, frame)).toEqual({ nothing: 'no_amount' })
  expect(worthOf({ kind: 'refund', capMinor: 100 }, { ...share, listAmountMinor: 900 }, frame)).toEqual({
    amountMinor: 100,
    days: null,
  })
  expect(worthOf({ kind: 'coupon', amountMinor: 3_000 }, share, { ...frame, perCustomerMinor: 2_000 })).toEqual({
    amountMinor: 2_000,
    days: null,
  })
})

it('halves are rounded up, once, and no floating point is near', () => {
  expect(divide(5n, 10n, 'half_up')).toBe(1)
  expect(divide(5n, 10n, 'down')).toBe(0)
  expect(divide(1n, 10n, 'up')).toBe(1)
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 12n), fc.bigInt(1n, 10n ** 6n), (numerator, denominator) => {
      const exact = divide(numerator, denominator, 'half_up')
      const off = BigInt(exact) * denominator - numerator
      expect(off <= denominator && off * 2n > -denominator).toBe(true)
    }),
  )
})

it('amounts are read and written to the coin of their currency', () => {
  expect(readAmount('1,299.00', 'CNY')).toBe(129_900)
  expect(readAmount('30', 'CNY')).toBe(3_000)
  expect(readAmount('1000', 'JPY')).toBe(1_000)
  for (const wrong of ['-5', '1.999', '1e3', '', '=1+1', '12,34', '9'.repeat(12)])
    expect(readAmount(wrong, 'CNY')).toBe(null)
  expect(readAmount('10.5', 'JPY')).toBe(null)
  expect(showAmount(62_228_660, 'CNY')).toBe('622,286.60')
  expect(showAmount(5, 'CNY')).toBe('0.05')
  expect(showAmount(1_234_567, 'JPY')).toBe('1,234,567')
  expect(isCurrency('CNY') && !isCurrency('CNX') && !isCurrency('cny')).toBe(true)
  expect(readDecimal('99.9')).toEqual({ units: 999n, scale: 10n })
})
