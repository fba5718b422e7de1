import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { columnsMax, type Delimiter, rowBytesMax, TableFault, type TableRow } from './delimited.ts'
import type { Encoding } from './encoding.ts'

/** A file's bytes as text, in pieces; line ends of every kind become one, and the mark at the beginning goes. */
export async function* textOf(bytes: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  let held = ''
  let first = true
  const plain = (text: string, last: boolean) => {
    const all = held + text
    // A return at the end of a piece may be half of a line end.
    held = !last && all.endsWith('\r') ? '\r' : ''
    const ready = (held ? all.slice(0, -1) : all).replace(/\r\n?/g, '\n')
    const marked = first && ready.startsWith('\uFEFF')
    if (ready) first = false
    return marked ? ready.slice(1) : ready
  }
  for await (const piece of bytes) {
    const text = plain(decoder.decode(piece, { stream: true }), false)
    if (text) yield text
  }
  const rest = plain(decoder.decode(), true)
  if (rest) yield rest
}

/**
 * The rows of a table in the order of the file (RFC 4180: quoted cells may hold delimiters and line breaks); rows
 * without any content are left out. Holds one row in memory, of `rowBytesMax` at the most. Throws TableFault, with the
 * line, where a row is longer or a quote is never closed.
 */
export async function* rowsOf(texts: AsyncIterable<string>, delimiter: Delimiter): AsyncGenerator<TableRow> {
  const parser = parse({
    delimiter,
    record_delimiter: '\n',
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: rowBytesMax,
  })
  const source = Readable.from(texts).on('error', (error) => parser.destroy(error))
  let before = 0
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{
      record: string[]
      info: { lines: number }
    }>) {
      const line = before + 1
      before = info.lines
      if (record.length > columnsMax) throw new TableFault({ code: 'manyColumns', line, max: columnsMax })
      if (record.some((cell) => cell.trim() !== '')) yield { line, cells: record }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = before + 1
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') throw new TableFault({ code: 'cutQuote', line })
    if (error.code === 'CSV_MAX_RECORD_SIZE') throw new TableFault({ code: 'longLine', line, kb: rowBytesMax / 1024 })
    throw new TableFault({ code: 'unreadable', line })
  } finally {
    source.destroy()
    parser.destroy()
  }
}
