import { setImmediate } from 'node:timers/promises'
import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { type AgainState, mustSend, tryAgain } from './again.ts'
import { countEnded, findEnded, noticeOf, putBack, someEnded } from './again-queries.ts'

/** Deliveries put back in one transaction: on SQLite it holds the lock for about 10 ms. */
const chunkSize = 100

/**
 * Has one delivery tried once more, in a batch and under a key of its own. Asked twice, it is tried once. Throws
 * not_found, conflict when it is out for certain or nothing may be sent to it, unavailable when its channel is off.
 */
export async function tryDeliveryAgain(
  app: App,
  actor: Actor,
  id: string,
  more: { claim?: Claim | undefined } = {},
): Promise<{ id: string }> {
  const asked = await app.db.transaction().execute(async (trx) => {
    const row = await findEnded(trx, id)
    if (!row) throw notFound('This delivery')
    const may = tryAgain(row)
    await settle(trx, more.claim, id)
    if (!may) return false
    mustSend(app.channels.find(({ name }) => name === row.channel))
    if (!(await putBack(trx, app.now(), [row], may.possibleDuplicate)).length) return false
    const { state, channel } = row
    await record(trx, app.now(), actor, 'delivery.triedAgain', id, { before: { state }, after: { channel, ...may } })
    return true
  })
  if (asked) app.wake()
  return { id }
}

/**
 * Has all deliveries of one update tried once more that ended alike: on one channel, in one state, for one reason.
 * Those that left, or to whom nothing may be sent, are left out. Gives how many are tried; asked twice, the second
 * time gives 0. Throws not_found without such a notice, unavailable when the channel is off.
 */
export async function tryAlikeAgain(
  app: App,
  actor: Actor,
  incidentId: string,
  alike: { update: string; channel: string; state: AgainState; reason: string | null },
): Promise<number> {
  const notice = await noticeOf(app.db, incidentId, alike.update)
  if (!notice) throw notFound('This notice')
  const { channel, state, reason } = alike
  mustSend(app.channels.find(({ name }) => name === channel))
  const those = { noticeId: notice.id, channel, state, reason }
  const waiting = await countEnded(app.db, those)
  if (!waiting) return 0
  await app.db.transaction().execute((trx) =>
    record(trx, app.now(), actor, 'deliveries.triedAgain', notice.id, {
      after: { updateId: alike.update, channel, state, reason, deliveries: waiting },
    }),
  )
  for (let asked = 0; ; ) {
    const { found, moved } = await app.db.transaction().execute(async (trx) => {
      let moved = 0
      const rows = await someEnded(trx, those, chunkSize)
      for (const possibleDuplicate of [true, false]) {
        const some = rows.filter((row) => tryAgain(row)?.possibleDuplicate === possibleDuplicate)
        moved += (await putBack(trx, app.now(), some, possibleDuplicate)).length
      }
      return { found: rows.length, moved }
    })
    asked += moved
    if (found < chunkSize || !moved) {
      app.wake()
      return asked
    }
    // On SQLite a transaction takes the thread: whoever else knocks is answered between two of them.
    await setImmediate()
  }
}
