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
