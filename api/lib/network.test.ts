import { expect, it } from 'vitest'
import { clientNetwork } from './network.ts'

it('counts an IPv6 customer by the network they have', () => {
  expect(clientNetwork('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(clientNetwork('2001:0db8:1:2::9')).toBe('2001:db8:1:2::/64')
  expect(clientNetwork('2001:db8::9')).toBe('2001:db8:0:0::/64')
  expect(clientNetwork('::1')).toBe('0:0:0:0::/64')
  expect(clientNetwork('192.0.2.4')).toBe('192.0.2.4')
  expect(clientNetwork('')).toBe('unknown')
})
