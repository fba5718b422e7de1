import { setImmediate } from 'node:timers/promises'
import type { App } from '#api/app.ts'
import type { Row } from '#api/db/schema.ts'
import { byteOrderMark, csvLine } from '#api/lib/csv.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Locale } from '#content/locales.ts'
import { type Finding, say } from './finding.ts'
import { listImportRows } from './import-queries.ts'

/** Rows read and written in one piece. */
const pageSize = 500

/**
 * Every row of an import that is not used, or counted once with another, as CSV in pieces: its line, why, and what it
 * said, so that it can be mended and handed in again. Made safe for spreadsheets; memory holds one piece.
 */
export async function* exportReport(app: App, one: Row<'import'>, locale: Locale): AsyncGenerator<string> {
  const [heads = []] = fromJson<string[][]>(one.sample ?? '[]')
  yield byteOrderMark + csvLine(['line', 'what', 'counted_on_line', 'why', ...heads])
  for (let after = 0; ; ) {
    const rows = await listImportRows(app.db, one.id, ['rejected', 'duplicate', 'unknown'], after, pageSize)
    if (rows.length)
      yield rows
        .map(({ line, fate, firstLine, reason, cells }) => {
          const why = fromJson<Finding[]>(reason ?? '[]').map((finding) => say(finding, locale))
          return csvLine([line, fate, firstLine, why.join(' '), ...fromJson<string[]>(cells ?? '[]')])
        })
        .join('')
    if (rows.length < pageSize) return
    after = rows.at(-1)!.line
    await setImmediate()
  }
}
