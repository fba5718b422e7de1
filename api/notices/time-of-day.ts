import type { App } from '#api/app.ts'
import type { Row } from '#api/db/schema.ts'
import { hourMs, type Instant, minuteMs, plusMs, secondMs, toMs } from '#api/lib/time.ts'
import { bornAt } from './again.ts'
import { newestAfter, shortenWaits } from './lease-queries.ts'

/** The time of day may go so much slower or faster than time itself between two looks, as when it is kept right in small steps. */
const driftMs = 2 * secondMs
/** No wait that was written down is longer: four hours and their jitter between attempts, an hour where a provider asks for it. */
export const waitMaxMs = 5 * hourMs

interface Jump {
  /** The last instant before it. */
  at: Instant
  byMs: number
  /** The last announcement that is of before for certain: when it was found, its instant was still to come. */
  seq: number
}

interface Watch {
  now: Instant
  steadyMs: number
  jumps: Jump[]
}

const watches = new WeakMap<App, Watch>()

/**
 * Looks whether somebody set the machine's clock since the last look. Waits in the record are instants: after a clock
 * was set back they would last a day too long, so whatever waits is due now. To be called before each piece of work.
 */
export async function watchClock(app: App): Promise<void> {
  const [now, steadyMs] = [app.now(), app.steadyMs()]
  const watch = watches.get(app)
  // A demonstration's clock is set by its player and runs at any speed.
  if (app.config.mode === 'demo') return
  if (!watch) {
    watches.set(app, { now, steadyMs, jumps: [] })
    await shortenWaits(app.db, now, plusMs(now, waitMaxMs))
    return
  }
  const byMs = toMs(now) - toMs(watch.now) - (steadyMs - watch.steadyMs)
  if (Math.abs(byMs) > driftMs) {
    const seq = byMs < 0 ? await newestAfter(app.db, now) : 0
    watch.jumps.push({ at: watch.now, byMs, seq })
    app.log('warn', 'clock.jumped', { minutes: Math.round(byMs / minuteMs) })
    if (byMs < 0) await shortenWaits(app.db, now, now)
  }
  watch.now = now
  watch.steadyMs = steadyMs
}

/**
 * What time it would be if no clock had been set since this instant: what is a minute old does not become a day old, and
 * a key that is a day old does not become young, because somebody corrected the time of day. After a clock was set back,
 * an instant may be of before or of after: it counts as of after, or nothing new would be told for as long as the clock
 * was set back; `careful` counts it as of before, where what is taken for young would be sent twice, and so does `seq`
 * where it is that of an announcement which certainly was.
 */
export function nowSince(
  app: App,
  instant: Instant,
  { careful = false, seq = null }: { careful?: boolean; seq?: number | null } = {},
): Instant {
  const now = app.now()
  const mayBeAfter = ({ at, byMs, seq: before }: Jump) =>
    !careful && byMs < 0 && instant >= plusMs(at, byMs) && instant <= now && !(seq !== null && seq <= before)
  const jumps = watches.get(app)?.jumps.filter((jump) => jump.at >= instant && !mayBeAfter(jump)) ?? []
  return jumps.length ? plusMs(now, -jumps.reduce((sum, { byMs }) => sum + byMs, 0)) : now
}

/** The same since what waits was announced, or asked for. */
export const nowSinceBorn = (
  app: App,
  batch: Pick<Row<'batch'>, 'askedAt' | 'createdAt'>,
  notice: Pick<Row<'notice'>, 'createdAt' | 'dueAt' | 'seq'> | undefined,
): Instant =>
  nowSince(app, bornAt(batch, notice), { seq: batch.askedAt || notice?.dueAt ? null : (notice?.seq ?? null) })

/**
 * The earliest that `nowSince` gives for any instant: what is over by then is over for certain, whenever the clock was
 * set. For a look at many rows at once; each of them by itself is asked with `nowSince`.
 */
export function earliestNow(app: App): Instant {
  let ahead = 0
  let most = 0
  for (const { byMs } of [...(watches.get(app)?.jumps ?? [])].reverse()) {
    ahead += byMs
    most = Math.max(most, ahead)
  }
  return plusMs(app.now(), -most)
}
