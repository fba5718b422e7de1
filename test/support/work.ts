import type { App } from '#api/app.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { toMs } from '#api/lib/time.ts'
import { nextDue, takeUpLostWork, workOnce } from '#api/notices/work.ts'

/** Pieces of work after which a test gives up: something goes round in circles. */
const piecesMax = 20_000

/** Does everything that is due now. Returns how many pieces it were. */
export async function workNow(app: App): Promise<number> {
  let pieces = 0
  while (await workOnce(app)) if (++pieces > piecesMax) throw new Error('The worker found no end.')
  return pieces
}

/** Works as the worker would while the clock runs on by `ms`: at each moment at which something falls due. */
export async function workFor(app: App, clock: ManualClock, ms: number): Promise<void> {
  const end = toMs(clock.now()) + ms
  for (let moments = 0; moments < piecesMax; moments++) {
    await workNow(app)
    const due = await nextDue(app)
    if (due === null || toMs(due) > end) break
    if (toMs(due) > toMs(clock.now())) clock.set(due)
  }
  if (toMs(clock.now()) < end) clock.move(end - toMs(clock.now()))
  await workNow(app)
}

/** What a process does first when it starts again after a crash. */
export const restart = takeUpLostWork
