import fc from 'fast-check'
import { expect, it } from 'vitest'
import { amountMinorMax, readAmount } from './amount.ts'

it('an amount as people write it is read to the last coin', () => {
  for (const [text, minor] of [
    ['9,800.00', 980000],
    ['9 800', 980000],
    ['1.234,50', 123450],
    ['9800,5', 980050],
    ['1,234', 123400],
    ['￥9,800.00', 980000],
    ['CNY 9800', 980000],
    ['12元', 1200],
    ['９８００', 980000],
    ['9800.0000', 980000],
    ['0', 0],
  ] as const)
    expect([text, readAmount(text, 'CNY')]).toEqual([text, minor])
  expect(readAmount('1500', 'JPY')).toBe(1500)
  expect(readAmount('1.234', 'KWD')).toBe(1234)
})

it('what is no amount, or may be two, is refused with the reason', () => {
  for (const [text, fault] of [
    ['', 'malformed'],
    ['abc', 'malformed'],
    ['1e3', 'malformed'],
    ['=1+1', 'malformed'],
    ['1,23,456', 'malformed'],
    ['5.', 'malformed'],
    ['-5', 'negative'],
    ['(5.00)', 'negative'],
    ['−5', 'negative'],
    ['1.230', 'digits'],
    ['1.005', 'digits'],
    ['5 USD', 'currency'],
    ['$5', 'currency'],
    ['99999999999999', 'large'],
  ] as const)
    expect([text, readAmount(text, 'CNY')]).toEqual([text, { fault }])
})

it('every amount comes back from how it is shown, in every currency’s coins', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: amountMinorMax }),
      fc.constantFrom('CNY', 'JPY', 'KWD'),
      (minor, currency) => {
        const digits = { CNY: 2, JPY: 0, KWD: 3 }[currency]!
        const text = String(minor).padStart(digits + 1, '0')
        const units = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ',')
        expect(readAmount(digits ? `${units}.${text.slice(-digits)}` : units, currency)).toBe(minor)
      },
    ),
  )
})
