import { expect, it } from 'vitest'
import { clientAddress } from './client-ip.ts'

const request = (remoteAddress: string, forwarded?: string) => ({
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  socket: { remoteAddress },
})

it('believes nobody when no proxy is trusted', () => {
  expect(clientAddress(request('203.0.113.9', '198.51.100.1'), [])).toBe('203.0.113.9')
  expect(clientAddress(request('::ffff:203.0.113.9'), [])).toBe('203.0.113.9')
})

it('reads the chain from the right and stops at the first stranger', () => {
  const trusted = ['10.0.0.0/8', '2001:db8::1']
  expect(clientAddress(request('10.1.2.3', '1.1.1.1, 198.51.100.7'), trusted)).toBe('198.51.100.7')
  expect(clientAddress(request('10.1.2.3', '1.1.1.1, 198.51.100.7, 10.9.9.9'), trusted)).toBe('198.51.100.7')
  expect(clientAddress(request('2001:db8::1', '198.51.100.7'), trusted)).toBe('198.51.100.7')
  expect(clientAddress(request('203.0.113.9', '198.51.100.7'), trusted)).toBe('203.0.113.9')
  expect(clientAddress(request('10.1.2.3', 'nonsense'), trusted)).toBe('10.1.2.3')
})
