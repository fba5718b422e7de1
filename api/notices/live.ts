import type { Instant } from '#api/lib/time.ts'

/** Batches of one provider of a channel that wait or are being sent. */
export interface Live {
  channel: string
  /** Null: written before a channel could have two. */
  provider: string | null
  /** When the next of them may be tried; null when none waits, or all that wait are held. */
  dueAt: Instant | null
  /** When the first lease of those being sent ends. */
  leaseUntil: Instant | null
  /** What the age of the oldest that waits counts from. */
  bornAt: Instant | null
  /** When the first of those ends that say so themselves. */
  expiresAt: Instant | null
  /** 1 when one waits whose notice a person has ended. */
  ended: 0 | 1
}
