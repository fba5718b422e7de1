import fc from 'fast-check'
import { expect, it } from 'vitest'
import { csvLine } from './csv.ts'

/** Reads lines as RFC 4180 says. */
function readCsv(text: string): string[][] {
  const lines: string[][] = []
  let line: string[] = []
  for (const [, quoted = '', end] of text.matchAll(/"((?:[^"]|"")*)"(,|\r\n)/g)) {
    line.push(quoted.replaceAll('""', '"'))
    if (end === ',') continue
    lines.push(line)
    line = []
  }
  return lines
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', ',', '＝', "'"), fc.string())
    .map((parts) => parts.join('')),
  fc.constantFrom('=HYPERLINK("https://evil.example")', '+8613800138000', '@SUM(A1)', '-1+1|cmd', '"=1"', ''),
)

it('no cell begins a formula, and every line reads back as it was but for that apostrophe', () => {
  fc.assert(
    fc.property(fc.array(fc.array(hostile, { minLength: 1, maxLength: 6 }), { maxLength: 5 }), (rows) => {
      const read = readCsv(rows.map(csvLine).join(''))
      expect(read.map((row) => row.length)).toEqual(rows.map((row) => row.length))
      for (const [at, row] of read.entries())
        for (const [place, cell] of row.entries()) {
          const meant = rows[at]![place]!
          expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/)
          expect([meant, `'${meant}`]).toContain(cell)
          if (!/^[=+\-@\t\r\n＝＋－＠]/.test(meant)) expect(cell).toBe(meant)
        }
    }),
    { numRuns: 300 },
  )
})

it('numbers and what is missing need no apostrophe', () => {
  expect(csvLine([-1, null, '+86'])).toBe('"-1","","\'+86"\r\n')
})
