import { expect, it } from 'vitest'
import { hashPassword, passwordFault, verifyPassword } from './password.ts'

it('a hash opens with its password alone, whatever it cost', async () => {
  const hash = await hashPassword('harbour lantern seven tides')
  expect(hash).toMatch(/^scrypt\$131072\$/)
  expect(await verifyPassword('harbour lantern seven tides', hash)).toBe(true)
  expect(await verifyPassword('harbour lantern seven tide', hash)).toBe(false)
  expect(await verifyPassword('', hash)).toBe(false)
  expect(await verifyPassword('x', 'plain')).toBe(false)
  expect(await hashPassword('harbour lantern seven tides', 'quick')).not.toBe(
    await hashPassword('harbour lantern seven tides', 'quick'),
  )
})

it.each([
  ['elevenchars', 'short'],
  ['x'.repeat(129), 'long'],
  ['Password1234!', 'common'],
  ['passwordpassword', 'common'],
  ['111111111111111', 'common'],
  ['123456789012', 'common'],
  ['QwertyUiop[2026]', 'common'],
  ['abcdefghijklmnop', 'common'],
  ['gu.wen.2026!', 'common'],
  ['harbour lantern seven tides', null],
  ['青石板上的雨声很轻很轻呀', null],
  ['xK9#vLq2!mTz', null],
])('%s is judged %s', (password, fault) => {
  expect(passwordFault(password, 'gu.wen@hezhou.example')).toBe(fault)
})
