import type { App } from '#api/app.ts'
import { minuteMs, secondMs } from '#api/lib/time.ts'

/** How long a notice is left alone after the 1st, 2nd, … trouble with it: a hiccup of the record is over soon. */
const leftAloneMs = [secondMs, 10 * secondMs, minuteMs] as const

interface Trouble {
  times: number
  /** In steady time: a clock that was set back does not make it a day. */
  untilMs: number
}

const troubles = new WeakMap<App, Map<string, Trouble>>()

/**
 * Works on one notice apart from the others: when it cannot be worked on, as when a row of it cannot be read, that is
 * logged, the notice is left alone for a while, and the others go on. True when something was done.
 */
export async function apart(app: App, noticeId: string, work: () => Promise<boolean>): Promise<boolean> {
  const mine = troubles.get(app) ?? new Map<string, Trouble>()
  troubles.set(app, mine)
  const before = mine.get(noticeId)
  if (before && before.untilMs > app.steadyMs()) return false
  try {
    const done = await work()
    if (done) mine.delete(noticeId)
    return done
  } catch (error) {
    const times = before?.times ?? 0
    const wait = leftAloneMs[Math.min(times, leftAloneMs.length - 1)]!
    mine.set(noticeId, { times: times + 1, untilMs: app.steadyMs() + wait })
    app.log('error', 'notice.failed', { notice: noticeId, name: (error as Error).name })
    return false
  }
}
