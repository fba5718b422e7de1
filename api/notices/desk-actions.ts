import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { conflict, notFound } from '#api/errors.ts'
import { markSeen, tryNow } from './alarm-queries.ts'
import { findNotice } from './queries.ts'

/**
 * Has a stopped channel tried at once, with one batch, instead of at its next probe: when that goes through, the channel
 * goes on by itself. Throws conflict when it is not stopped.
 */
export async function tryChannel(app: App, actor: Actor, channel: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const state = await tryNow(trx, channel, app.now())
    if (!state) throw conflict('This channel is not stopped.')
    await record(trx, app.now(), actor, 'channel.tried', channel, { after: { reason: state.stoppedReason } })
  })
  app.wake()
}

/** Notes that somebody has looked at what did not arrive of a notice and leaves it so: it needs nobody any more. */
export async function leaveNotice(app: App, actor: Actor, noticeId: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const notice = await findNotice(trx, noticeId)
    if (!notice?.incidentId && !notice?.foldKey) throw notFound('This notice')
    await markSeen(trx, noticeId, app.now())
    await record(trx, app.now(), actor, 'notice.left', noticeId, {
      before: { seenAt: notice.seenAt },
      after: { updateId: notice.updateId },
    })
  })
}

/** Writes down who takes the ledger out of the house, and of what. */
export const noteExport = (
  app: App,
  actor: Actor,
  incidentId: string,
  what: { updateId: string | null; masked: boolean },
): Promise<void> =>
  app.db
    .transaction()
    .execute((trx) => record(trx, app.now(), actor, 'deliveries.exported', incidentId, { after: what }))
