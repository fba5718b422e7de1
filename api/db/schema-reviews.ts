import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'

// What is learnt from an incident and said of it afterwards, and what customers thought. The marks are those of schema.ts.
type Json = string
type Flag = number

export interface Reviews {
  /** One per incident, opened when it is resolved; an incident that begins again keeps it. */
  review: {
    id: string
    incidentId: string
    state: 'open' | 'in_review' | 'approved' | 'closed'
    openedAt: Instant
    openedBy: string
    /** When the people meet, or met. */
    meetingAt: Instant | null
    causeCategory: string | null
    closedAt: Instant | null
    closedBy: string | null
    /** Why it was closed without being held here. */
    closedReason: string | null
    /** The update with which the public version went out last, and the version that it holds. */
    reportUpdateId: string | null
    reportVersionId: string | null
    reportPublishedAt: Instant | null
  }
  /** Append-only: each saved text of a section. */
  reviewText: {
    id: string
    reviewId: string
    section: string
    number: number
    body: string
    createdAt: Instant
    createdBy: string
  }
  reviewFactor: {
    id: string
    reviewId: string
    kind: string
    body: string
    createdAt: Instant
    createdBy: string
    removedAt: Instant | null
    removedBy: string | null
  }
  reviewAction: {
    id: string
    reviewId: string
    body: string
    type: string
    owner: string | null
    /** By the end of this day of the page's zone. */
    dueOn: string | null
    priority: string
    link: string | null
    state: 'open' | 'done' | 'dropped'
    evidence: string | null
    createdAt: Instant
    createdBy: string
    endedAt: Instant | null
    endedBy: string | null
  }
  /** Append-only: each saved public version, whole, in every language. */
  reportVersion: {
    id: string
    reviewId: string
    number: number
    /** {part: {locale: text}} */
    parts: Json
    /** SHA-256 over the composed words of every language: what an approval is for. */
    hash: string
    createdAt: Instant
    createdBy: string
  }
  /** Append-only: what legal and the lead said of a version. */
  reportVerdict: {
    id: string
    versionId: string
    role: string
    verdict: 'approved' | 'changes_requested'
    note: string | null
    createdAt: Instant
    createdBy: string
  }

  /** "Did this help?", one row per person: a keyed hash, never an address. */
  helpedAnswer: { incidentId: string; voter: string; helped: Flag; locale: Locale; createdAt: Instant }
  /** 1 to 5, by the link in the resolved notice. */
  rating: {
    incidentId: string
    subscriberId: string
    score: number
    comment: string | null
    locale: Locale
    createdAt: Instant
    updatedAt: Instant
  }
  /** What the company shows of the ratings, as they stood when it chose to. */
  ratingPublication: { incidentId: string; mean: string; answers: number; publishedAt: Instant; publishedBy: string }
}
