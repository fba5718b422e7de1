import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { nameColumns } from '#api/customers/import-actions.ts'
import { findImport, listImportRows } from '#api/customers/import-queries.ts'
import { receiveFile } from '#api/customers/receive.ts'
import { workOnImports } from '#api/customers/work.ts'
import type { ImportKind } from '#api/db/schema.ts'

/** Who hands files in. */
export const importer: Actor = { id: 'gao', roles: ['coordination'] }

/** A file's bytes as a network brings them: in pieces that fall anywhere. */
export async function* inPieces(file: string | Uint8Array, bytes = 4_093): AsyncGenerator<Uint8Array> {
  const whole = typeof file === 'string' ? Buffer.from(file) : file
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes)
}

/** Hands a file in and looks at it: the import as it then stands. */
export async function handIn(app: App, file: string | Uint8Array, incidentId: string | null = null) {
  const kind: ImportKind = incidentId === null ? 'customers' : 'affected'
  const { id } = await receiveFile(app, importer, { kind, incidentId, fileName: 'list.csv' }, inPieces(file))
  return (await findImport(app.db, id))!
}

/** Hands a file in, takes the columns as they were guessed, and has it read to its end. */
export async function readIn(app: App, file: string | Uint8Array, incidentId: string | null = null) {
  const { id, mapping } = await handIn(app, file, incidentId)
  await nameColumns(app, importer, id, { columns: JSON.parse(mapping ?? '[]'), currency: 'CNY' })
  while (await workOnImports(app));
  return (await findImport(app.db, id))!
}

/** What a person reads about rows that are not used: line, fate, codes. */
export async function reportOf(app: App, importId: string): Promise<[number, string, string][]> {
  const rows = await listImportRows(app.db, importId, ['rejected', 'duplicate', 'unknown'], 0, 1_000)
  return rows.map(({ line, fate, reason }) => [
    line,
    fate,
    (JSON.parse(reason ?? '[]') as { code: string }[]).map(({ code }) => code).join(),
  ])
}
