import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import { locales, type Words } from '#content/locales.ts'
import type { Mapping } from './columns.ts'
import { type Finding, say } from './finding.ts'
import type { Rule } from './rule.ts'

/** A finding as it is answered: its code, and its sentence in every language. */
export const shownFinding = (finding: Finding): { code: string; message: Words } => ({
  code: finding.code,
  message: Object.fromEntries(locales.map((locale) => [locale, say(finding, locale)])),
})

/** An import as it is answered. A list that does not count yet has no id. */
export const shownImport = (
  row: Row<'import'>,
  more: {
    twin: { id: string; accepted: number; committedAt: string | null } | undefined
    plans: { plan: string; count: number }[]
  },
) => ({
  id: row.id,
  kind: row.kind,
  incidentId: row.incidentId,
  state: row.state,
  reason: row.reason === null ? null : shownFinding(fromJson<Finding>(row.reason)),
  rule: row.rule === null ? null : fromJson<Rule>(row.rule),
  fileName: row.fileName,
  hash: row.hash,
  bytes: row.bytes,
  bytesDone: row.bytesDone,
  encoding: row.encoding,
  delimiter: row.delimiter,
  sample: fromJson<string[][]>(row.sample ?? '[]'),
  columns: row.rule === null ? fromJson<Mapping>(row.mapping ?? '[]') : [],
  currency: row.currency,
  rows: row.rows,
  accepted: row.accepted,
  rejected: row.rejected,
  duplicates: row.duplicates,
  unknown: row.unknown,
  applied: row.applied,
  plans: more.plans,
  listId: row.state === 'committed' ? row.listId : null,
  twin: more.twin ?? null,
  createdAt: row.createdAt,
  readAt: row.readAt,
  committedAt: row.committedAt,
  discardedAt: row.discardedAt,
})

export const shownList = ({ rule, ...row }: Row<'affectedList'>) => ({
  ...row,
  rule: rule === null ? null : fromJson<Rule>(rule),
})
