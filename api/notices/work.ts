import type { App } from '#api/app.ts'
import { accountOf, providersOf } from '#api/channels/channel.ts'
import { sharesWork } from '#api/db/connect.ts'
import { inTurn } from '#api/db/presence.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { nextDueOf } from './batch-queries.ts'
import { expandNext, takeAnnounced } from './expand.ts'
import { freezeNext, readyAhead } from './freeze.ts'
import { handOver, takeInStranded } from './hand-over.ts'
import { stopLosses } from './held.ts'
import { takeUpAgain } from './later.ts'
import { nextAgainOf } from './later-queries.ts'
import { dropAll, nextTakeOverMs, takeOver } from './leases.ts'
import { endOverdue } from './overdue.ts'
import { laneOf } from './provider.ts'
import { findChannelState } from './queries.ts'
import { claimNext, sendClaimed, settleClaimed } from './send.ts'
import { watchClock } from './time-of-day.ts'
import { lookUpUnknown } from './unknown.ts'
import { nextLookOf } from './unknown-queries.ts'

/**
 * One bounded piece of planning: takes what was announced, keeps a few batches ready, finds recipients, writes
 * further ahead, then ends what waits and is not to be sent. True when something was done.
 */
export async function planOnce(app: App): Promise<boolean> {
  await watchClock(app)
  if (await takeOver(app)) return true
  return inTurn(
    app.db,
    'plan',
    async () =>
      (await takeAnnounced(app)) ||
      (await stopLosses(app)) ||
      (await handOver(app)) ||
      (await takeUpAgain(app)) ||
      (await freezeNext(app, readyAhead.least)) ||
      (await expandNext(app)) ||
      (await freezeNext(app, readyAhead.most)) ||
      (await endOverdue(app)),
  )
}

/** One bounded piece of work, planning before sending. True when something was done; false when nothing is due. */
export async function workOnce(app: App): Promise<boolean> {
  if (await planOnce(app)) return true
  if (await lookUpUnknown(app)) return true
  const claim = await claimNext(app)
  if (!claim) return false
  await settleClaimed(app, claim, await sendClaimed(app, claim))
  return true
}

/** When something may next be sent on a channel that is not `full`, looked up or tried again; null when nothing waits. */
export async function nextDue(app: App, full: ReadonlySet<string> = new Set()): Promise<Instant | null> {
  const next: (Instant | null)[] = []
  for (const channel of app.channels.flatMap(providersOf)) {
    if (channel.offReason) continue
    if (channel.lookUp) next.push(await nextLookOf(app.db, channel.name), await nextAgainOf(app.db, channel.name))
    if (full.has(channel.name)) continue
    const due = await nextDueOf(app.db, laneOf(channel))
    if (!due) continue
    const state = await findChannelState(app.db, accountOf(channel))
    next.push(state?.nextSendAt && state.nextSendAt > due ? state.nextSendAt : due)
  }
  const lookMs = nextTakeOverMs(app)
  if (lookMs !== null) next.push(plusMs(app.now(), lookMs))
  return next.filter((due) => due !== null).sort()[0] ?? null
}

/**
 * To be called before the first piece of work of a process. On SQLite only one process works, so whatever is "being
 * sent" was being sent by one that died, and is taken up at once; elsewhere another worker sees that it died.
 */
export async function takeUpLostWork(app: App): Promise<void> {
  await takeInStranded(app)
  if (sharesWork(app.db)) return
  await dropAll(app)
}
