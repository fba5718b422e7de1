import { describe, expect, it } from 'vitest'
import { AppError } from '#api/errors.ts'
import { parseNumber } from './number.ts'

const fails = (attempt: () => unknown): AppError => {
  try {
    attempt()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was accepted.')
}

describe('mobile numbers', () => {
  it.each([
    '+86 138 0013 8000',
    '138 0013 8000',
    '１３８００１３８０００',
    '＋８６ １３８-００１３-８０００',
    '0086 138 0013 8000',
    '(+86) 138.0013.8000',
  ])('%j is +8613800138000', (input) => {
    expect(parseNumber(input, ['CN', 'SG'])).toBe('+8613800138000')
  })

  it('takes the other countries with their code, and North America too when it is named', () => {
    expect(parseNumber('+65 8123 4567', ['CN', 'SG'])).toBe('+6581234567')
    expect(parseNumber('(415) 555-2671', ['US'])).toBe('+14155552671')
  })

  it.each(['', '12345', '010 6552 9988', 'call me', '+86 138 0013 80001', '13800138000 ext. 5', '1'.repeat(60)])(
    '%j is no mobile number',
    (input) => {
      expect(fails(() => parseNumber(input, ['CN', 'SG'])).fields?.address).toMatch(/China or Singapore/)
    },
  )

  it('names the countries when a number comes from elsewhere', () => {
    expect(fails(() => parseNumber('+44 7911 123456', ['CN', 'SG'])).message).toBe(
      'We send text messages to mobile numbers from China or Singapore only.',
    )
  })
})
