import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#api/app.ts'
import { fromJson } from '#api/lib/json.ts'
import { dateIn, minuteMs, plusMs, secondMs, toMs, wallOf, zonedIso } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { type DemoClock, earliest, latest } from './clock.ts'
import { readEvening, type ToldUpdate } from './company.ts'
import { findTold, lastWritten } from './queries.ts'
import { writeEvening } from './reviews.ts'
import { nextStatementStep, playStatementStep, tellMention } from './statements.ts'
import { at, findCast, openTold, publishTold, saidAt } from './told.ts'

/** How long the player sleeps at a time at the most, in real milliseconds, so that it is stopped at once. */
const sleepMsMax = 250

/** The next update of the evening that nobody has published; why there is none, when there is none. */
export async function nextUpdate(app: App): Promise<ToldUpdate | 'told' | 'resolved by hand'> {
  const evening = readEvening()
  const incident = await findTold(app.db, evening.code ?? '')
  const said = new Set(incident?.bodies.map((body) => timeless(fromJson<Words>(body).en ?? '')))
  const last = evening.updates.findLastIndex(({ en }) => said.has(timeless(en)))
  const next = evening.updates[last + 1]
  if (!next) return 'told'
  return incident?.resolved ? 'resolved by hand' : next
}

/** The text without its times: an update that was published late is still the same one. */
const timeless = (text: string) => text.replace(/\d\d:\d\d/g, '')

/**
 * Publishes one update of the evening now, through the program's own actions, as the person who published it. Published
 * later than told, the promise and its time in the text move along.
 */
export async function playUpdate(app: App, update: ToldUpdate): Promise<void> {
  const evening = readEvening()
  const cast = await findCast(app)
  const told = punctual(app, update, toMs(app.now()) - toMs(saidAt(app, evening, update)))
  const incident = await findTold(app.db, evening.code ?? '')
  if (incident) {
    await publishTold(app, cast, incident.id, evening, told, true)
    return writeEvening(app, cast, incident.id, told)
  }
  const id = await openTold(app, cast, { ...evening, updates: [told] }, true)
  await tellMention(app, cast, id)
}

/** The update as it reads when it is published so many milliseconds later than told; up to a minute changes nothing. */
function punctual(app: App, update: ToldUpdate, lateMs: number): ToldUpdate {
  if (lateMs < minuteMs || !update.next) return update
  const evening = readEvening()
  const promisedMs = toMs(at(app, evening.date, update.next)) + lateMs
  const { hour, minute } = wallOf(promisedMs, app.site.zone)
  const next = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
  const nextDate = dateIn(promisedMs, app.site.zone)
  const moved = (text: string) => text.replaceAll(update.next!, next)
  return { ...update, next, nextDate, en: moved(update.en), 'zh-CN': moved(update['zh-CN']) }
}

/**
 * Plays the rest of the evening at a speed (60: a minute in a second) and then lets the clock run at real speed. A clock
 * that has run past the next update is set back, as long as nothing has been written since.
 */
export async function playEvening(
  app: App,
  clock: DemoClock,
  { speed, say, signal }: { speed: number; say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const evening = readEvening()
  const begin = await nextUpdate(app)
  if (typeof begin !== 'string') {
    const written = plusMs(await lastWritten(app.db), secondMs)
    const justBefore = plusMs(saidAt(app, evening, begin), -minuteMs)
    clock.set(earliest(clock.now(), latest(written, justBefore)), speed)
    app.wake()
  }
  try {
    for (;;) {
      const next = await nextUpdate(app)
      const said = await nextStatementStep(app)
      if (next === 'resolved by hand')
        return say('The incident has been resolved by hand: there is nothing left to play.')
      if (next === 'told' && !said) return say('The evening is told to its end. The clock runs at real speed again.')
      const updateMs = next === 'told' ? Number.POSITIVE_INFINITY : toMs(saidAt(app, evening, next))
      const dueMs = Math.min(updateMs, said ? toMs(said.at) : Number.POSITIVE_INFINITY)
      for (let left = dueMs - toMs(clock.now()); left > 0; left = dueMs - toMs(clock.now()))
        await sleep(Math.min(sleepMsMax, Math.ceil(left / speed)), undefined, { signal })
      if (next !== 'told' && updateMs === dueMs) {
        await playUpdate(app, next)
        say(`${next.at}  ${next.key ?? ''}  ${next.status}`)
      } else if (said) {
        await playStatementStep(app, await findCast(app), said)
        say(`${zonedIso(said.at, app.site.zone).slice(11, 16)}  ${said.statement.key}  statement: ${said.kind}`)
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    if (!signal.aborted) clock.set(clock.now(), 1)
  }
}
