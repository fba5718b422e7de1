import type { Finding } from './finding.ts'

/** The longest row, in bytes of UTF-8: what is longer is no row, but a quote that was never closed, or no table at all. */
export const rowBytesMax = 64 * 1024
/** The most columns a table has. */
export const columnsMax = 200

export type Delimiter = ',' | ';' | '\t'

/** One row of a table, with the line of the file on which it begins, from 1. */
export interface TableRow {
  line: number
  cells: string[]
}

/** A table that breaks off or cannot be read on; what was read before stands. */
export class TableFault extends Error {
  readonly finding: Finding
  constructor(finding: Finding) {
    super(finding.code)
    this.finding = finding
  }
}

/** Which mark stands between the cells: the one the first row has most of outside quotes; a comma where it has none. */
export function delimiterOf(text: string): Delimiter {
  const counts = { ',': 0, ';': 0, '\t': 0 }
  let quoted = false
  for (const char of text.trimStart()) {
    if (char === '"') quoted = !quoted
    else if (!quoted && (char === '\n' || char === '\r')) break
    else if (!quoted && char in counts) counts[char as Delimiter]++
  }
  const best = (Object.keys(counts) as Delimiter[]).sort((a, b) => counts[b] - counts[a])
  return best[0]!
}
