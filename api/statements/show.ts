import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { type Advice, adviceOn } from './advice.ts'
import type { Clock } from './clocks.ts'
import { type Changed, changesBetween } from './compare.ts'
import { type Difference, differences, type Facts, withFacts } from './facts.ts'
import { publicState, type StatementState } from './statement.ts'
import { type Audience, kinds, needsLegal, readersOf, type StatementType, type Visibility } from './types.ts'
import type { Wording } from './version.ts'

export interface StatementVersion {
  id: string
  number: number
  /** As it was written, with the names of facts in braces. */
  title: Words
  body: Words
  /** As readers see it. */
  text: { title: Words; body: Words }
  facts: Facts
  note: Words
  hash: string
  fromTemplate: boolean
  createdAt: Instant
  createdBy: string
  author: string | null
  /** What differs from the version before, as readers would see it. */
  changes: Changed[]
}

export interface StatementEvent {
  kind: string
  at: Instant
  by: string
  /** The name of the person or token; null for the program. */
  name: string | null
  version: number
  note: string | null
}

/** A statement as staff and machines read it. */
export interface Statement {
  id: string
  incidentId: string
  type: StatementType
  visibility: Visibility
  audience: Audience[]
  /** Roles that may know of it; "everybody" once it is public. */
  readers: string[]
  state: StatementState
  /** What readers see of it; null while nothing of it is out. */
  out: 'published' | 'corrected' | 'withdrawn' | 'superseded' | null
  template: string | null
  needsLegal: boolean
  title: Words
  body: Words
  text: { title: Words; body: Words }
  note: Words
  /** The newest version: its number, and the hash that an approval names. */
  version: number
  versionId: string
  hash: string
  approvedHash: string | null
  publishedVersion: number | null
  publishAt: Instant | null
  publishedAt: Instant | null
  lateMs: number
  correctedAt: Instant | null
  withdrawnAt: Instant | null
  withdrawnReason: Words
  supersededById: string | null
  supersededAt: Instant | null
  createdAt: Instant
  createdBy: string
  /** Where the newest version, and the one that readers see, no longer agree with the fact sheet. */
  differs: Difference[]
  publicDiffers: Difference[]
  advice: Advice[]
  versions: StatementVersion[]
  events: StatementEvent[]
}

export interface StatementParts {
  versions: Row<'statementVersion'>[]
  events: Row<'statementEvent'>[]
  names: Map<string, string>
  facts: Facts
  clocks: Clock[]
  now: Instant
}

/** A version's wording out of its row. */
export const wordingOf = (row: Row<'statementVersion'>): Wording => ({
  title: fromJson<Words>(row.title),
  body: fromJson<Words>(row.body),
  facts: fromJson<Facts>(row.facts),
  note: fromJson<Words>(row.note),
})

const textOf = ({ title, body, facts }: Wording) => ({ title: withFacts(title, facts), body: withFacts(body, facts) })

/** Puts a statement's rows together: versions the newest first, events in the order in which they happened. */
export function showStatement(row: Row<'statement'>, parts: StatementParts): Statement {
  const rows = parts.versions.filter(({ statementId }) => statementId === row.id).sort((a, b) => a.number - b.number)
  const versions = rows.map((version, at) => ({ row: version, wording: wordingOf(version), before: rows[at - 1] }))
  const newest = versions.find((version) => version.row.id === row.versionId)!
  const shown = versions.find((version) => version.row.id === row.publishedVersionId)
  const { type, visibility } = row
  const readers = readersOf({ type, visibility, published: row.publishedVersionId !== null })
  const differs = differences(newest.wording.facts, parts.facts)
  const out = publicState(row)
  const numberOf = (id: string) => rows.find((version) => version.id === id)?.number ?? 0
  return {
    id: row.id,
    incidentId: row.incidentId,
    type,
    visibility,
    audience: [...kinds[type].audience],
    readers: readers === 'everybody' ? [readers] : [...readers],
    state: row.state,
    out,
    template: row.template,
    needsLegal: needsLegal(type, newest.row.fromTemplate === 1),
    title: newest.wording.title,
    body: newest.wording.body,
    text: textOf(newest.wording),
    note: newest.wording.note,
    version: newest.row.number,
    versionId: newest.row.id,
    hash: newest.row.hash,
    approvedHash: row.approvedHash,
    publishedVersion: shown?.row.number ?? null,
    publishAt: row.publishAt,
    publishedAt: row.publishedAt,
    lateMs: row.lateMs,
    correctedAt: row.correctedAt,
    withdrawnAt: row.withdrawnAt,
    withdrawnReason: row.withdrawnReason ? fromJson<Words>(row.withdrawnReason) : {},
    supersededById: row.supersededById,
    supersededAt: row.supersededAt,
    createdAt: row.createdAt,
    createdBy: row.createdBy,
    differs: row.state === 'discarded' ? [] : differs,
    publicDiffers: shown && out !== 'withdrawn' ? differences(shown.wording.facts, parts.facts) : [],
    advice: adviceOn({
      ...newest.wording,
      type,
      sheet: parts.facts,
      differs,
      clocks: parts.clocks,
      published: out !== null,
      now: parts.now,
    }),
    versions: versions
      .map(({ row: version, wording, before }) => ({
        ...wording,
        id: version.id,
        number: version.number,
        text: textOf(wording),
        hash: version.hash,
        fromTemplate: version.fromTemplate === 1,
        createdAt: version.createdAt,
        createdBy: version.createdBy,
        author: parts.names.get(version.createdBy) ?? null,
        changes: before ? changesBetween(wordingOf(before), wording) : [],
      }))
      .reverse(),
    events: parts.events
      .filter(({ statementId }) => statementId === row.id)
      .map(({ kind, at, by, note, versionId }) => ({
        kind,
        at,
        by,
        name: parts.names.get(by) ?? null,
        version: numberOf(versionId),
        note,
      })),
  }
}
