import { createHash, type Hash } from 'node:crypto'
import type { App } from '#api/app.ts'
import { type Actor, record, system } from '#api/audit/audit.ts'
import type { ImportKind, Row } from '#api/db/schema.ts'
import { notFound } from '#api/errors.ts'
import { toJson } from '#api/lib/json.ts'
import { hourMs, plusMs } from '#api/lib/time.ts'
import { incidentThere } from './affected-queries.ts'
import { guessMapping } from './columns.ts'
import { type Delimiter, delimiterOf, TableFault } from './delimited.ts'
import { EncodingProbe } from './encoding.ts'
import type { Finding } from './finding.ts'
import { newImport } from './import-actions.ts'
import {
  brokenUploads,
  dropPart,
  insertImport,
  insertPart,
  moveImport,
  readPart,
  rememberedHeadings,
} from './import-queries.ts'
import { importBytesMax, importBytesMb } from './limits.ts'
import { usualCurrency } from './queries.ts'
import { rowsOf, textOf } from './table.ts'

/** A file lies in the record in pieces of so many bytes. */
const partBytes = 192 * 1024
/** Rows below the headings that are shown before a person names the columns. */
const sampleRows = 5
/** A cell of the sample is shown up to so many characters. */
const sampleCellMax = 80

export interface Upload {
  kind: ImportKind
  incidentId: string | null
  fileName: string
}

/**
 * Takes a file in, piece by piece, and looks at its form: what cannot be used is refused with the reason, everything
 * else waits for its columns to be named. Memory holds one piece. When the sender breaks off, the import says so and
 * the error goes on to whoever called. Throws not_found for an incident there is not.
 */
export async function receiveFile(
  app: App,
  actor: Actor,
  { kind, incidentId, fileName }: Upload,
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ id: string; finding: Finding | null }> {
  if (incidentId !== null && !(await incidentThere(app.db, incidentId))) throw notFound('This incident')
  const begun = newImport(app, actor, {
    kind,
    incidentId,
    fileName,
    state: 'uploading',
    rule: null,
    hash: '',
    currency: (await usualCurrency(app.db)) ?? app.site.smsPricePerSegment?.currency ?? null,
  })
  await insertImport(app.db, begun)
  const probe = new EncodingProbe()
  const hash = createHash('sha256')
  let bytes: number
  try {
    bytes = await keepPieces(app, begun.id, pieces, probe, hash)
  } catch (error) {
    await refuse(app, actor, begun, { code: 'brokeOff' }, {})
    throw error
  }
  const facts = { bytes, hash: hash.digest('hex') }
  const tooLarge: Finding = { code: 'tooLarge', mb: importBytesMb }
  const probed = bytes > importBytesMax ? { finding: tooLarge } : probe.end()
  const looked = 'finding' in probed ? probed : await lookAt(app, begun, probed.encoding)
  if ('finding' in looked) {
    await refuse(app, actor, begun, looked.finding, facts)
    return { id: begun.id, finding: looked.finding }
  }
  await app.db.transaction().execute(async (trx) => {
    await moveImport(trx, begun, { ...facts, ...looked, state: 'uploaded' })
    await record(trx, app.now(), actor, 'import.received', begun.id, {
      after: { kind, incidentId, fileName, ...facts },
    })
  })
  return { id: begun.id, finding: null }
}

async function refuse(app: App, actor: Actor, begun: Row<'import'>, finding: Finding, facts: Partial<Row<'import'>>) {
  await app.db.transaction().execute(async (trx) => {
    const refused = { ...facts, state: 'refused' as const, reason: toJson(finding), bytesDone: 1 }
    if (await moveImport(trx, begun, refused))
      await record(trx, app.now(), actor, 'import.refused', begun.id, { after: { fileName: begun.fileName, finding } })
  })
  app.wake()
}

/** Writes pieces down as they come. What is too large is let pass by unread, so that its sender hears the reason. */
async function keepPieces(
  app: App,
  importId: string,
  pieces: AsyncIterable<Uint8Array>,
  probe: EncodingProbe,
  hash: Hash,
): Promise<number> {
  let bytes = 0
  let number = 0
  let held: Uint8Array[] = []
  let heldBytes = 0
  const flush = async () => {
    if (!heldBytes) return
    await insertPart(app.db, { importId, number: number++, content: Buffer.concat(held).toString('base64') })
    held = []
    heldBytes = 0
  }
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > importBytesMax) continue
    probe.push(piece)
    hash.update(piece)
    held.push(piece)
    heldBytes += piece.length
    if (heldBytes >= partBytes) await flush()
  }
  await flush()
  return bytes
}

/** The file's bytes as they were handed in, from its beginning; `passed` hears how many have been read. */
export async function* partsOf(
  app: Pick<App, 'db'>,
  importId: string,
  passed: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  for (let number = 0; ; number++) {
    const part = await readPart(app.db, importId, number)
    if (!part) return
    const bytes = Buffer.from(part.content, 'base64')
    passed(bytes.length)
    yield bytes
  }
}

/** The headings and the first rows, and what the columns most likely hold. */
async function lookAt(
  app: App,
  begun: Row<'import'>,
  encoding: 'utf-8' | 'gb18030',
): Promise<{ finding: Finding } | Pick<Row<'import'>, 'encoding' | 'delimiter' | 'sample' | 'mapping'>> {
  const delimiter = await firstDelimiter(app, begun.id, encoding)
  const sample: string[][] = []
  try {
    for await (const { cells } of rowsOf(textOf(partsOf(app, begun.id), encoding), delimiter)) {
      sample.push(cells.map((cell) => cell.trim().slice(0, sampleCellMax)))
      if (sample.length > sampleRows) break
    }
  } catch (error) {
    if (error instanceof TableFault) return { finding: error.finding }
    throw error
  }
  const [heads] = sample
  if (!heads) return { finding: { code: 'empty' } }
  if (sample.length === 1) return { finding: { code: 'headerOnly' } }
  const mapping = guessMapping(begun.kind, heads, await rememberedHeadings(app.db, begun.kind))
  return { encoding, delimiter, sample: toJson(sample), mapping: toJson(mapping) }
}

async function firstDelimiter(app: App, id: string, encoding: 'utf-8' | 'gb18030'): Promise<Delimiter> {
  for await (const text of textOf(partsOf(app, id), encoding)) if (text.trim()) return delimiterOf(text)
  return ','
}

/** How long an upload that has not ended may still be going on, in milliseconds. */
const uploadWithinMs = hourMs

/** Ends uploads whose program died with them. */
export async function endBrokenUploads(app: App): Promise<void> {
  for (const broken of await brokenUploads(app.db, plusMs(app.now(), -uploadWithinMs)))
    await refuse(app, system, broken, { code: 'brokeOff' }, {})
}

/** Drops what lies in the record of a file that is needed no more, a piece at a time. */
export async function dropParts(app: App, importId: string): Promise<void> {
  while (await app.db.transaction().execute((trx) => dropPart(trx, importId)));
}
