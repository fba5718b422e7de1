import fc from 'fast-check'
import { expect, it } from 'vitest'
import { guessMapping, mappingFault } from './columns.ts'
import { merged } from './customer.ts'
import { delimiterOf } from './delimited.ts'
import { EncodingProbe } from './encoding.ts'
import { rowsOf, textOf } from './table.ts'

it('headings are understood in both languages, and no field is guessed twice', () => {
  const guess = (heads: string[], remembered: [string, string][] = []) =>
    guessMapping('affected', heads, new Map(remembered))
  expect(guess(['Customer-ID', 'E-mail', 'Notes'])).toEqual(['customer_id', 'email', null])
  expect(guess(['客户编号', '影响分钟数', '退款金额'])).toEqual(['customer_id', 'minutes', 'amount'])
  expect(guess(['id', 'customer id'])).toEqual(['customer_id', null])
  expect(guess(['id', 'Code'], [['code', 'customer_id']])).toEqual([null, 'customer_id'])
  expect(guess(['id'], [['id', '']])).toEqual([null])
  expect(mappingFault('customers', ['email', null], 2)).toBe('key')
  expect(mappingFault('affected', ['email', null], 2)).toBe(null)
  expect(mappingFault('affected', ['email', 'email'], 2)).toBe('twice')
  expect(mappingFault('affected', ['email'], 2)).toBe('length')
})

it('the mark between cells is the one the headings have, quotes aside', () => {
  expect(delimiterOf('a;b;"x,y,z"\n1,2,3,4,5')).toBe(';')
  expect(delimiterOf('a\tb\n')).toBe('\t')
  expect(delimiterOf('a')).toBe(',')
})

it('a later row about the same customer fills what the first left open, and adds its contacts', () => {
  const mail = (address: string) => ({ channel: 'email' as const, address, name: null })
  expect(
    merged(
      { externalId: 'A', plan: 'Pro', contacts: [mail('a@x.example')] },
      { externalId: 'A', plan: 'Basic', name: 'Shop', contacts: [mail('a@x.example'), mail('b@x.example')] },
    ),
  ).toEqual({
    externalId: 'A',
    plan: 'Pro',
    name: 'Shop',
    contacts: [mail('a@x.example'), mail('b@x.example')],
  })
})

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

it('any table comes back cell by cell with the line each row begins on, however the network cuts it', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '中', '"', ',', ';', '\n', ' ', '=', '🙂'), maxLength: 6 })
  const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), fc.constantFrom('\n', '\r\n'), async (rows, size, end) => {
      const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
      const text = rows.map((row) => `${row.map(quote).join(',')}${end}`).join('')
      const bytes = Buffer.from(`\uFEFF${text}`)
      const probe = new EncodingProbe()
      for await (const piece of cut(bytes, size)) probe.push(piece)
      expect(probe.end()).toEqual({ encoding: 'utf-8' })
      const read: unknown[] = []
      for await (const row of rowsOf(textOf(cut(bytes, size), 'utf-8'), ',')) read.push(row)
      let line = 1
      const wanted = rows.flatMap((cells) => {
        const at = line
        line += cells.join('').split('\n').length
        return cells.some((one) => one.trim()) ? [{ line: at, cells }] : []
      })
      expect(read).toEqual(wanted)
    }),
    { numRuns: 60 },
  )
})
