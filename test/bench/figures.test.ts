import { expect, it } from 'vitest'
import { percentile, table } from './figures.ts'

it('a percentile is a value that was measured: the nearest rank', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i)
  expect(percentile(values, 0.5)).toBe(100)
  expect(percentile(values, 0.99)).toBe(198)
  expect(percentile(values, 1)).toBe(200)
  expect(percentile([7], 0.99)).toBe(7)
})

it('a figure that misses its reach is seen in the table', () => {
  const lines = table({
    page: { value: 8_001, unit: 'bytes', reach: 8_000 },
    wait: { value: 12.34, unit: 'ms', reach: null },
  }).split('\n')
  expect(lines[0]).toContain('MISSES 8,000 bytes')
  expect(lines[1]).toMatch(/^wait +12\.3 ms$/)
})
