import type { Row } from '#api/db/schema.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { bornAt } from './again.ts'

/** Why a row says expired. */
export const tooOld = 'too old to be sent'

/**
 * The instant from which a message is not sent any more: when it is older than its channel takes, or sooner where it
 * says so itself, as a code that is dead after ten minutes does. What a person asks for once more counts from then.
 */
export function deadlineOf(
  channel: { expiresAfterMs: number },
  batch: Pick<Row<'batch'>, 'askedAt' | 'createdAt'>,
  notice: Pick<Row<'notice'>, 'createdAt' | 'dueAt' | 'expiresAt'> | undefined,
): Instant {
  const byAge = plusMs(bornAt(batch, notice), channel.expiresAfterMs)
  const own = batch.askedAt ? null : notice?.expiresAt
  return own && own < byAge ? own : byAge
}

/** How what still waits of a notice ends now, before it was sent; null when it goes on. */
export function endOf(
  channel: { expiresAfterMs: number; offReason: string | null },
  batch: Pick<Row<'batch'>, 'askedAt' | 'createdAt'>,
  notice: Pick<Row<'notice'>, 'createdAt' | 'dueAt' | 'expiresAt' | 'endedAt' | 'endedReason'> | undefined,
  now: Instant,
): { state: 'skipped' | 'expired'; reason: string } | null {
  const endedAt = notice?.endedAt
  // What a person asked for once more after somebody had ended the notice goes out.
  if (endedAt && !(batch.askedAt && batch.askedAt >= endedAt))
    return { state: 'skipped', reason: notice.endedReason ?? 'ended by a person' }
  if (deadlineOf(channel, batch, notice) > now) return null
  return { state: 'expired', reason: channel.offReason ? `${tooOld}: ${channel.offReason}` : tooOld }
}
