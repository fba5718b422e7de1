import { expect, it } from 'vitest'
import { isConfirmed, toConfirm } from '../../src/ui/admin/confirm.ts'

it('a thousand messages, or a hundred that cost, are typed first', () => {
  expect(toConfirm({ reach: {} })).toBe(null)
  expect(toConfirm({ reach: { email: { people: 900 }, sms: { people: 100 } } })).toBe(null)
  expect(toConfirm({ reach: { email: { people: 901 }, sms: { people: 100 } } })).toBe(1_001)
  expect(toConfirm({ reach: { email: { people: 5 }, sms: { people: 101 } } })).toBe(106)
})

it('the number holds while people come and go, and nothing else does', () => {
  const typed = (confirm: string, asked = '') =>
    new Map([
      ['confirm', confirm],
      ['asked', asked],
    ])
  expect(isConfirmed(typed('10869'), 10_869)).toBe(true)
  expect(isConfirmed(typed(' 10,869 '), 10_869)).toBe(true)
  expect(isConfirmed(typed('10869', '10869'), 10_880)).toBe(true)
  expect(isConfirmed(typed('10869', '10869'), 20_000)).toBe(false)
  expect(isConfirmed(typed('10868', '10869'), 10_869)).toBe(false)
  expect(isConfirmed(typed('', ''), 10_869)).toBe(false)
  expect(isConfirmed(new Map(), 10_869)).toBe(false)
})
