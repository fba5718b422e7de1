import { expect, it } from 'vitest'
import { costOf, priceOfMinor, readPrice } from './money.ts'

it('reads a price that is finer than the smallest coin', () => {
  expect(readPrice('0.0079 USD')).toEqual({ micros: 7_900, currency: 'USD' })
  expect(readPrice(' 5 JPY ')).toEqual({ micros: 5_000_000, currency: 'JPY' })
})

it.each(['', '0.05', '0.05CNY', '-1 CNY', '0,05 CNY', '0.0000001 CNY', '1 XYZ', '1e3 USD', '. CNY'])(
  '"%s" is no price',
  (text) => {
    expect(readPrice(text)).toBeNull()
  },
)

it('counts in whole coins, rounded up, by the digits of the currency', () => {
  expect(costOf({ micros: 7_900, currency: 'USD' }, 3)).toEqual({ amountMinor: 3, currency: 'USD' })
  expect(costOf({ micros: 7_900, currency: 'USD' }, 1_000)).toEqual({ amountMinor: 790, currency: 'USD' })
  expect(costOf({ micros: 2_500_000, currency: 'JPY' }, 3)).toEqual({ amountMinor: 8, currency: 'JPY' })
  expect(costOf(priceOfMinor({ amountMinor: 8, currency: 'CNY' }), 50_000)).toEqual({
    amountMinor: 400_000,
    currency: 'CNY',
  })
  expect(costOf(priceOfMinor({ amountMinor: 3, currency: 'JPY' }), 2)).toEqual({ amountMinor: 6, currency: 'JPY' })
})
