import type { App } from '#api/app.ts'
import { sharesWork } from '#api/db/connect.ts'
import type { Instant } from '#api/lib/time.ts'
import { leasedBatches, nextDueOf } from './batch-queries.ts'
import { crashPoint } from './crash.ts'
import { expandNext, takeAnnounced } from './expand.ts'
import { freezeNext, readyAhead } from './freeze.ts'
import { endOverdue } from './overdue.ts'
import { findChannelState } from './queries.ts'
import { claimNext, sendClaimed, settleClaimed } from './send.ts'
import { dropLease } from './settle.ts'

/**
 * One bounded piece of planning: takes what was announced, keeps a few batches ready, finds recipients, writes
 * further ahead, then ends what waits on a channel that is off. True when something was done.
 */
export const planOnce = async (app: App): Promise<boolean> =>
  (await takeAnnounced(app)) ||
  (await freezeNext(app, readyAhead.least)) ||
  (await expandNext(app)) ||
  (await freezeNext(app, readyAhead.most)) ||
  (await endOverdue(app))

/** One bounded piece of work, planning before sending. True when something was done; false when nothing is due. */
export async function workOnce(app: App): Promise<boolean> {
  if (await planOnce(app)) return true
  const claim = await claimNext(app)
  if (!claim) return false
  await settleClaimed(app, claim, await sendClaimed(app, claim))
  return true
}

/** When something may next be sent; null when nothing waits. */
export async function nextDue(app: App): Promise<Instant | null> {
  let next: Instant | null = null
  for (const channel of app.channels) {
    if (channel.offReason) continue
    let due = await nextDueOf(app.db, channel.name)
    if (!due) continue
    const state = await findChannelState(app.db, channel.name)
    if (state?.nextSendAt && state.nextSendAt > due) due = state.nextSendAt
    if (!next || due < next) next = due
  }
  return next
}

/**
 * To be called before the first piece of work of a process. On SQLite only one process works, so whatever is "being
 * sent" was being sent by one that died, and is taken up at once; elsewhere leases run out by themselves.
 */
export async function takeUpLostWork(app: App): Promise<void> {
  if (sharesWork(app.db)) return
  for (const batch of await leasedBatches(app.db)) {
    const channel = app.channels.find(({ name }) => name === batch.channel)
    await app.db.transaction().execute((trx) => dropLease(trx, batch.id, app.now(), channel?.idempotent ?? false))
    crashPoint(app, 'after-takeover')
  }
}
