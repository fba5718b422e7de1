import { describe, expect, it } from 'vitest'
import { AppError } from '#api/errors.ts'
import { parseEmail } from './address.ts'

const fails = (attempt: () => unknown): AppError => {
  try {
    attempt()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was accepted.')
}

describe('mail addresses', () => {
  it.each([
    [' Wang.Lei@Mail.Example ', 'wang.lei@mail.example'],
    ["o'brien+status@a-b.co.uk", "o'brien+status@a-b.co.uk"],
    ['用户@例子.公司', '用户@例子.公司'],
    ['ｗａｎｇ＠mail.example', 'wang@mail.example'],
  ])('%j becomes %j', (input, kept) => {
    expect(parseEmail(input)).toBe(kept)
  })

  it.each([
    '',
    'wang',
    'wang@',
    '@mail.example',
    'wang@localhost',
    'wang@mail..example',
    'wang@-mail.example',
    'a b@mail.example',
    'wang@mail.example\r\nBcc: x@y.example',
    'wang\u0000@mail.example',
    'Wang <wang@mail.example>',
    'a@b@mail.example',
    'wang@127.0.0.1',
    `${'a'.repeat(65)}@mail.example`,
    `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}.example`,
  ])('%j is refused with a sentence at its field', (input) => {
    const error = fails(() => parseEmail(input))
    expect(error.code).toBe('invalid')
    expect(error.fields?.address).toMatch(/name@example\.com/)
  })
})
