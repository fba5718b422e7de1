import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { notFound } from '#api/errors.ts'
import { reviveExports } from './billing-queries.ts'
import { holdOffer } from './offer-queries.ts'

/** Lets messages to billing that were given up be tried again. How many that are. Throws `not_found`. */
export async function reviveBilling(app: App, actor: Actor, offerId: string): Promise<number> {
  const again = await app.db.transaction().execute(async (trx) => {
    if (!(await holdOffer(trx, offerId))) throw notFound('This offer')
    const now = app.now()
    const count = await reviveExports(trx, offerId, now)
    if (count) await record(trx, now, actor, 'billing.tried_again', offerId, { after: { messages: count } })
    return count
  })
  app.wake()
  return again
}
