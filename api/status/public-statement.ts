import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { differences, type Facts, withFacts } from '#api/statements/facts.ts'
import { publicState } from '#api/statements/statement.ts'
import type { Words } from '#content/locales.ts'
import type { PublicStatement, StatementLink } from './document.ts'

type Version = Row<'statementVersion'> & { kind: string; at: Instant }

/** What a public statement is called and where it stands. Throws on one that is not public: nobody may ask for it. */
export function linkTo(row: Row<'statement'>, versions: Version[]): StatementLink {
  const standing = publicState(row)
  const shown = versions.find(({ id }) => id === row.publishedVersionId)
  if (row.visibility !== 'public' || !standing || !row.publishedAt || !shown)
    throw new Error('This statement has no public view.')
  return {
    id: row.id,
    type: row.type,
    standing,
    title: withFacts(fromJson<Words>(shown.title), fromJson<Facts>(shown.facts)),
    publishedAt: row.publishedAt,
    changedAt: [row.publishedAt, row.correctedAt, row.withdrawnAt, row.supersededAt]
      .filter((at) => at !== null)
      .sort()
      .at(-1)!,
  }
}

/**
 * What the public may know of a statement: the text that was let out, with what was put right and when, or when and why
 * it was taken back. Who wrote it, what was said about it inside and what is being written now stay inside.
 */
export function publicStatementView(
  row: Row<'statement'>,
  parts: {
    versions: Version[]
    /** The fact sheet of its incident as it is now. */
    facts: Facts | null
    incident: PublicStatement['incident']
    supersededBy: PublicStatement['supersededBy']
  },
): PublicStatement {
  const versions = parts.versions.filter(({ statementId }) => statementId === row.id)
  const link = linkTo(row, versions)
  const shown = versions.find(({ id }) => id === row.publishedVersionId)!
  const withdrawn = link.standing === 'withdrawn'
  const facts = fromJson<Facts>(shown.facts)
  const changed = parts.facts && !withdrawn ? differences(facts, parts.facts) : []
  return {
    ...link,
    body: withdrawn ? {} : withFacts(fromJson<Words>(shown.body), facts),
    scheduledFor: row.lateMs > 0 ? plusMs(link.publishedAt, -row.lateMs) : null,
    corrections: withdrawn
      ? []
      : versions
          .filter(({ kind }) => kind === 'corrected')
          .map(({ at, note }) => ({ at, note: fromJson<Words>(note) })),
    withdrawnAt: row.withdrawnAt,
    withdrawnReason: row.withdrawnReason ? fromJson<Words>(row.withdrawnReason) : {},
    supersededAt: row.supersededAt,
    supersededBy: parts.supersededBy,
    differs: [...new Set(changed.map(({ fact }) => fact))],
    incident: parts.incident,
  }
}
