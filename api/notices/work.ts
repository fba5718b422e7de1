import type { App } from '#api/app.ts'
import { accountOf, providersOf } from '#api/channels/channel.ts'
import { nextBillingAt, sendToBilling } from '#api/compensation/billing.ts'
import { workOnOffers } from '#api/compensation/work.ts'
import { nextOfferChange } from '#api/compensation/work-queries.ts'
import { sharesWork } from '#api/db/connect.ts'
import { inTurn } from '#api/db/presence.ts'
import { type Instant, plusMs } from '#api/lib/time.ts'
import { type Agenda, agendaOf, nextPutOff } from './agenda-queries.ts'
import { expandNext, takeAnnounced } from './expand.ts'
import { freezeNext, readyAhead } from './freeze.ts'
import { handOver, takeInStranded } from './hand-over.ts'
import { stopLosses } from './held.ts'
import { takeUpAgain } from './later.ts'
import { dropAll, nextTakeOverMs, takeOver } from './leases.ts'
import { endBatches, endWaiting, isOverdue } from './overdue.ts'
import { nextIn } from './provider.ts'
import { channelStates } from './queries.ts'
import { claimNext, sendClaimed, settleClaimed } from './send.ts'
import { watchClock } from './time-of-day.ts'
import { lookUpUnknown } from './unknown.ts'
import { nextLookOf } from './unknown-queries.ts'

/**
 * One bounded piece of planning: takes what was announced, keeps a few batches ready, finds recipients, writes
 * further ahead, then ends what waits and is not to be sent. True when something was done. When there is nothing to
 * plan, that costs one statement.
 */
export async function planOnce(app: App): Promise<boolean> {
  await watchClock(app)
  if (await takeOver(app)) return true
  const agenda = await agendaOf(app.db)
  const { announced, open, again, live, overdue } = tasksOf(app, agenda)
  if (agenda.openAt !== null || live) if (await stopLosses(app)) return true
  if (!(announced || open || again || overdue || twoProviders(app, agenda))) return workOnOffers(app)
  const planned = await inTurn(
    app.db,
    'plan',
    async () =>
      (announced && (await takeAnnounced(app))) ||
      (live && (await handOver(app))) ||
      (again && (await takeUpAgain(app))) ||
      (open && (await freezeNext(app, readyAhead.least))) ||
      (open && (await expandNext(app))) ||
      (open && (await freezeNext(app, readyAhead.most))) ||
      (overdue && (await endBatches(app))) ||
      (open && (await endWaiting(app))),
  )
  return planned || workOnOffers(app)
}

/** Which kinds of planning there may be something to do of. */
function tasksOf(app: App, { announced, openAt, againAt, live }: Agenda) {
  const now = app.now()
  return {
    announced,
    open: openAt !== null && openAt <= now,
    again: againAt !== null && againAt <= now,
    live: live.length > 0,
    overdue: app.channels.some((channel) => isOverdue(channel, live, now)),
  }
}

/** Whether something waits that another provider of its channel could take over. */
const twoProviders = (app: App, { live }: Agenda): boolean =>
  app.channels.some(({ name, fallback }) => fallback && live.some(({ channel }) => channel === name))

/** One bounded piece of work, planning before sending. True when something was done; false when nothing is due. */
export async function workOnce(app: App): Promise<boolean> {
  if (await planOnce(app)) return true
  if (await lookUpUnknown(app)) return true
  if (await sendToBilling(app)) return true
  const claim = await claimNext(app)
  if (!claim) return false
  await settleClaimed(app, claim, await sendClaimed(app, claim))
  return true
}

/** When something may next be written, sent on a channel that is not `full`, looked up or tried again; null when nothing waits. */
export async function nextDue(app: App, full: ReadonlySet<string> = new Set()): Promise<Instant | null> {
  const agenda = await agendaOf(app.db)
  const states = await channelStates(app.db)
  const next: (Instant | null)[] = [
    await nextOfferChange(app.db),
    await nextBillingAt(app),
    await nextPutOff(app.db, app.now()),
  ]
  for (const channel of app.channels.flatMap(providersOf)) {
    if (channel.offReason) continue
    if (channel.lookUp) next.push(await nextLookOf(app.db, channel.name), agenda.againAt)
    if (!full.has(channel.name)) next.push(nextIn(channel, agenda.live, states.get(accountOf(channel))))
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
