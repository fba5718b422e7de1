import type { Trx } from '#api/db/connect.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Audience } from '#api/notices/audience.ts'

interface Happening {
  kind: string
  incidentId?: string
  updateId?: string
  /** Who is told; left out when the page changes and nobody is. */
  audience?: Audience | null
}

/**
 * Writes the one row that publishing costs, in the transaction of the change. The number it returns is the page's
 * revision: raising the counter first makes writers take turns, so that numbers are committed in order, without gaps.
 */
export async function announce(trx: Trx, now: Instant, happening: Happening): Promise<number> {
  await trx
    .updateTable('meta')
    .set((eb) => ({ value: eb.cast<string>(eb(eb.cast<number>('value', 'integer'), '+', 1), 'text') }))
    .where('key', '=', 'revision')
    .execute()
  const { value } = await trx.selectFrom('meta').select('value').where('key', '=', 'revision').executeTakeFirstOrThrow()
  const seq = Number(value)
  const audience = happening.audience && Object.keys(happening.audience).length ? happening.audience : null
  await trx
    .insertInto('outbox')
    .values({
      seq,
      kind: happening.kind,
      incidentId: happening.incidentId ?? null,
      updateId: happening.updateId ?? null,
      audience: audience ? toJson(audience) : null,
      createdAt: now,
      takenAt: audience ? null : now,
    })
    .execute()
  return seq
}
