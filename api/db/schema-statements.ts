import type { Instant } from '#api/lib/time.ts'
import type { StatementState } from '#api/statements/statement.ts'
import type { StatementType, Visibility } from '#api/statements/types.ts'

// What the company says beside its updates, and who let it. The marks are those of schema.ts.
type Json = string
type Flag = number

export interface Statements {
  statement: {
    id: string
    incidentId: string
    type: StatementType
    visibility: Visibility
    state: StatementState
    /** The template it began with; what it says now may be something else. */
    template: string | null
    /** The newest version, and the one that readers see. */
    versionId: string
    publishedVersionId: string | null
    /** The wording that may go out; null when none may. */
    approvedHash: string | null
    /** When the embargo ends; null when none is set. */
    publishAt: Instant | null
    publishedAt: Instant | null
    /** How much later than its embargo said it was published, in milliseconds; 0 when it was on time. */
    lateMs: number
    correctedAt: Instant | null
    withdrawnAt: Instant | null
    /** Why it was withdrawn, as readers are told: Words. */
    withdrawnReason: Json | null
    supersededById: string | null
    supersededAt: Instant | null
    createdAt: Instant
    createdBy: string
  }
  /** Append-only: every text that was saved. */
  statementVersion: {
    id: string
    statementId: string
    number: number
    title: Json
    body: Json
    /** The facts that stand in it, as they were: Facts. */
    facts: Json
    /** Of a correction: what changed, for readers. Words. */
    note: Json
    /** Names the wording in both languages. */
    hash: string
    /** It is a pre-approved template with nothing but its braces filled in. */
    fromTemplate: Flag
    createdAt: Instant
    createdBy: string
  }
  /** Append-only: what was done with it, by whom. An approval names the version that was read. */
  statementEvent: {
    id: string
    statementId: string
    /** Its place in the history: two things may happen within a millisecond. */
    number: number
    versionId: string
    kind: string
    /** What was said to whoever writes. */
    note: string | null
    at: Instant
    by: string
  }

  /** An answer that support may give; another answer to the same question is another row. */
  qaEntry: {
    id: string
    incidentId: string
    question: Json
    answer: Json
    facts: Json
    hash: string
    /** The entry whose place it takes once it is approved. */
    replacesId: string | null
    createdAt: Instant
    createdBy: string
    approvedAt: Instant | null
    approvedBy: string | null
    /** What legal asked to be changed, and when. */
    returnedAt: Instant | null
    returnedBy: string | null
    returnedNote: string | null
    /** When it ceased to be given: another one took its place, or somebody took it back. */
    endedAt: Instant | null
    endedBy: string | null
  }

  /** What is said about the incident elsewhere, and what was decided about it. */
  rumour: {
    id: string
    incidentId: string
    text: string
    source: string
    seenAt: Instant
    createdAt: Instant
    createdBy: string
    decision: 'answer' | 'watch' | null
    decidedAt: Instant | null
    decidedBy: string | null
    /** The statement that answers it. */
    statementId: string | null
  }

  /** When others first spoke of the incident, and when it was declared: what the clocks run from. */
  publicMention: {
    incidentId: string
    mentionedAt: Instant | null
    source: string
    /** Null: when the incident was opened here. */
    declaredAt: Instant | null
    recordedAt: Instant
    recordedBy: string
  }
}
