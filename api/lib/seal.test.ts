import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hintOf, isSealed, seal, sealedWith, unseal } from './seal.ts'

const [old, young] = ['an-old-key-of-more-than-thirty-two-letters', 'a-young-key-of-more-than-thirty-two-letters']
const address = 'https://hooks.slack.com/services/T0/B0/very-secret-abcd'

it('opens what it sealed, for any text, and the same text is sealed the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 4 }), (text, hint) => {
      const sealed = seal([old], text, hint)
      expect(unseal([old], sealed)).toBe(text)
      expect(seal([old], text, hint)).toBe(sealed)
      expect(hintOf(sealed)).toBe(hint)
    }),
    { numRuns: 200 },
  )
})

it('shows nothing of the text but the hint, and two texts look nothing alike', () => {
  const sealed = seal([old], address, 'abcd')
  expect(sealed).toMatch(/^sealed:[0-9a-f]{6}:[\w-]+:abcd$/)
  expect(sealed).not.toContain('slack')
  const other = seal([old], `${address}x`, 'abcd')
  expect(other.split(':')[2]!.slice(0, 16)).not.toBe(sealed.split(':')[2]!.slice(0, 16))
  expect([isSealed(sealed), isSealed(address), isSealed('wang@mail.example'), hintOf(address)]).toEqual([
    true,
    false,
    false,
    null,
  ])
})

it('seals with the first key and opens with any', () => {
  const before = seal([old], address, 'abcd')
  const after = seal([young, old], address, 'abcd')
  expect(unseal([young, old], before)).toBe(address)
  expect(unseal([young, old], after)).toBe(address)
  expect(unseal([young], before)).toBeNull()
  expect(before.startsWith(sealedWith([young, old]))).toBe(false)
  expect(after.startsWith(sealedWith([young, old]))).toBe(true)
})

it('opens nothing that was changed, its hint included', () => {
  const sealed = seal([old], address, 'abcd')
  for (let place = 14; place < sealed.length; place++) {
    const changed = `${sealed.slice(0, place)}${sealed[place] === 'A' ? 'B' : 'A'}${sealed.slice(place + 1)}`
    // The last letter of base64 may carry bits that mean nothing.
    if (unseal([old], changed) !== null) expect(sealed[place + 1]).toBe(':')
  }
  for (const wrong of ['', 'sealed:', 'sealed:000000:AAAA:', `sealed:${sealed.slice(7, 13)}:AAAA:abcd`, address])
    expect(unseal([old], wrong)).toBeNull()
})
