import type { App } from '#api/app.ts'
import { costly } from '#api/lib/costly.ts'
import { againStates } from './again.ts'
import { countNotice, countReasons, isAnnouncing, noticesOf, type ReasonCount } from './ledger-queries.ts'
import { type Counts, progressFollower } from './progress.ts'

/**
 * Counts an incident's ledger, all of it or one update's: how many stand where, how fast it goes on, why some did not
 * arrive. Notices are counted one by one, so that what is long over costs no more than it must, and what takes long to
 * count is counted less often.
 */
export function openSummary(app: App) {
  const counted = costly<Counts>(app.steadyMs)
  const explained = costly<ReasonCount[]>(app.steadyMs)
  const follow = progressFollower()
  return async (incidentId: string, updateId?: string) => {
    const notices = await noticesOf(app.db, incidentId, updateId)
    const channels = app.channels.map(({ name }) => name)
    const counts: Counts = {}
    for (const { id } of notices) add(counts, await counted(id, () => countNotice(app.db, id)))
    const reasons = []
    for (const { id, updateId } of notices)
      for (const one of await explained(id, () => countReasons(app.db, id, channels)))
        reasons.push({ updateId, ...one, again: canGoAgain(one) })
    return {
      counts,
      progress: follow(`${incidentId}:${updateId ?? ''}`, app.now(), counts),
      reasons,
      held: notices.flatMap(({ id, updateId, heldAt, heldReason, endedAt }) =>
        heldAt && !endedAt ? [{ noticeId: id, updateId, reason: heldReason ?? '', since: heldAt }] : [],
      ),
      finding: notices.some(({ expandedAt }) => expandedAt === null) || (await isAnnouncing(app.db, incidentId)),
    }
  }
}

/** What is suppressed is lifted address by address first. */
const canGoAgain = ({ state }: ReasonCount) => state !== 'suppressed' && againStates.some((one) => one === state)

function add(sum: Counts, more: Counts): void {
  for (const [channel, { total, ...states }] of Object.entries(more)) {
    const of = sum[channel] ?? { total: 0 }
    sum[channel] = of
    of.total += total
    for (const [state, count] of Object.entries(states) as [keyof typeof states, number][])
      of[state] = (of[state] ?? 0) + count
  }
}
