/** One measured number; `reach` is what it must not exceed, or null where the number only explains another. */
export interface Figure {
  value: number
  unit:
    | 'bytes'
    | 'ms'
    | 'MB'
    | 'rows/s'
    | 'mails/s'
    | 'requests/s'
    | '%'
    | 'µs'
    | '×'
    | 'mails'
    | 'requests'
    | 's'
    | 'rows'
  reach: number | null
  /** The reach is what it must come to: the more the better. */
  more?: true
}

export type Figures = Record<string, Figure>

/** The value that this share of the measurements does not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The figures as a table for people. */
export function table(figures: Figures): string {
  const number = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 1 })
  const rows = Object.entries(figures).map(([name, { value, unit, reach, more }]) => {
    const fine = reach !== null && (more ? value >= reach : value <= reach)
    const limit = reach === null ? '' : `${fine ? (more ? 'reaches' : 'within') : 'MISSES'} ${number(reach)} ${unit}`
    return [name, `${number(value)} ${unit}`, limit] as const
  })
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length))
  return rows
    .map(([name, value, limit]) => `${name.padEnd(width(0))}  ${value.padStart(width(1))}  ${limit}`.trimEnd())
    .join('\n')
}
