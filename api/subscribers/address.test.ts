import { expect, it } from 'vitest'
import { maskAddress, maySeeAddresses } from './address.ts'

it('masks what a viewer need not see', () => {
  expect(maskAddress('wang.lei@mail.example')).toBe('w***@mail.example')
  expect(maskAddress('+8613800138000')).toBe('+86*******8000')
  expect(maskAddress('+6512')).toBe('***')
  expect(maySeeAddresses(['viewer', 'legal'])).toBe(false)
  expect(maySeeAddresses(['viewer', 'comms'])).toBe(true)
})
