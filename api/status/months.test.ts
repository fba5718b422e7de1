import { expect, test } from 'vitest'
import { listedMonths } from './months.ts'

test('a young page lists every month back to its first, quiet ones too', () => {
  expect(listedMonths(['2026-09'], '2026-11')).toEqual({ months: ['2026-11', '2026-10', '2026-09'], years: [] })
  expect(listedMonths([], '2026-01')).toEqual({ months: ['2026-01'], years: [] })
  // The zone's new month may have begun after what is busy was read.
  expect(listedMonths(['2026-12'], '2026-11').months).toEqual(['2026-11'])
})

test('an old page lists three calendar years by month, and each year before by its youngest month', () => {
  const busy = ['2026-11', '2024-01', '2023-12', '2023-02', '2021-06']
  const { months, years } = listedMonths(busy, '2026-02')
  expect([months[0], months[13], months.at(-1), months.length]).toEqual(['2026-02', '2025-01', '2024-01', 26])
  expect(years).toEqual(['2023-12', '2021-06'])
})
