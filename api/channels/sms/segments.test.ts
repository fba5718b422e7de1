import { expect, it } from 'vitest'
import { smsLength } from './segments.ts'

const of = (text: string) => {
  const { encoding, units, segments } = smsLength(text)
  return [encoding, units, segments]
}

it('counts GSM-7 by 160, and by 153 in parts', () => {
  expect(of('')).toEqual(['GSM-7', 0, 1])
  expect(of('a'.repeat(160))).toEqual(['GSM-7', 160, 1])
  expect(of('a'.repeat(161))).toEqual(['GSM-7', 161, 2])
  expect(of('a'.repeat(306))).toEqual(['GSM-7', 306, 2])
  expect(of('a'.repeat(307))).toEqual(['GSM-7', 307, 3])
})

it('counts what is written with an escape twice, and never cuts it', () => {
  for (const character of '^{}\\[~]|€\f') expect(of(character)).toEqual(['GSM-7', 2, 1])
  expect(of('€'.repeat(80))).toEqual(['GSM-7', 160, 1])
  expect(of('€'.repeat(81))).toEqual(['GSM-7', 162, 2])
  // 153 is odd: each part holds 76 pairs, so the 153rd pair opens a third part.
  expect(of('€'.repeat(152))).toEqual(['GSM-7', 304, 2])
  expect(of('€'.repeat(153))).toEqual(['GSM-7', 306, 3])
})

it('turns to UCS-2 for one character that GSM-7 lacks', () => {
  expect(of("It's")).toEqual(['GSM-7', 4, 1])
  expect(of('It’s')).toEqual(['UCS-2', 4, 1])
  expect(of('中'.repeat(70))).toEqual(['UCS-2', 70, 1])
  expect(of('中'.repeat(71))).toEqual(['UCS-2', 71, 2])
  expect(of('中'.repeat(135))).toEqual(['UCS-2', 135, 3])
})

it('counts an emoji as two units and does not split it over parts', () => {
  expect(of('😀')).toEqual(['UCS-2', 2, 1])
  expect(of('😀'.repeat(35))).toEqual(['UCS-2', 70, 1])
  // 67 is odd: a part holds 33 emoji.
  expect(of('😀'.repeat(66))).toEqual(['UCS-2', 132, 2])
  expect(of('😀'.repeat(67))).toEqual(['UCS-2', 134, 3])
})

it('tells characters from what the network counts', () => {
  expect(smsLength('[a]')).toEqual({ encoding: 'GSM-7', length: 3, units: 5, segments: 1 })
  expect(smsLength('【一】😀')).toEqual({ encoding: 'UCS-2', length: 4, units: 5, segments: 1 })
})
