import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#api/app.ts'
import { fromJson } from '#api/lib/json.ts'
import { minuteMs, plusMs, toMs, zonedIso } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { type DemoClock, latest } from './clock.ts'
import { nextOfferStep, type OfferStep, playOfferStep } from './offers.ts'
import { isTelling } from './queries.ts'
import { findCast } from './told.ts'

/** How long the player sleeps at a time at the most, in real milliseconds, so that it is stopped at once. */
const sleepMsMax = 250
/** How long it waits until everybody is told, in real milliseconds; then it goes on all the same. */
const toldWithinMs = 120_000

const said: Record<OfferStep['kind'], string> = {
  list: 'the list of who was affected is read',
  write: 'written',
  request: 'sent for approval',
  approve: 'approved by all who must',
  live: 'live',
  claim: 'customers claim',
  review: 'finance looks at the first requests',
}

/**
 * Plays what the company gives a week after the evening: the clock goes on to that morning once everybody has been told
 * of the evening, runs at this speed while people write, approve and claim, and then at real speed again.
 */
export async function playOffers(
  app: App,
  clock: DemoClock,
  { speed, say, signal }: { speed: number; say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const first = await nextOfferStep(app)
  if (!first) return
  const rest = (ms: number) => sleep(Math.min(sleepMsMax, Math.ceil(ms)), undefined, { signal })
  // A fast clock would make old what is still on its way.
  const everybodyTold = async () => {
    clock.set(clock.now(), 1)
    for (const until = Date.now() + toldWithinMs; Date.now() < until && (await isTelling(app.db, app.now())); )
      await rest(sleepMsMax)
    clock.set(clock.now(), speed)
  }
  try {
    await everybodyTold()
    clock.set(latest(clock.now(), plusMs(first.at, -minuteMs)), speed)
    app.wake()
    say(`${zonedIso(first.at, app.site.zone).slice(0, 10)}: what the company gives.`)
    for (let step: OfferStep | null = first; step; step = await nextOfferStep(app)) {
      // Who claims has their mail in hand.
      if (step.kind === 'claim') await everybodyTold()
      for (let left = toMs(step.at) - toMs(clock.now()); left > 0; left = toMs(step.at) - toMs(clock.now()))
        await rest(left / speed)
      await playOfferStep(app, await findCast(app), step)
      const title = step.told?.title.en ?? (step.offer ? fromJson<Words>(step.offer.title).en : '')
      say(`${zonedIso(step.at, app.site.zone).slice(11, 16)}  ${[title, said[step.kind]].filter(Boolean).join(': ')}`)
    }
    say('The offers are live. The clock runs at real speed again.')
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    if (!signal.aborted) clock.set(clock.now(), 1)
  }
}
