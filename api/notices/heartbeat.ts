import type { App } from '#api/app.ts'
import { type Actor, system } from '#api/audit/audit.ts'
import { hourMs, type Instant, minuteMs, plusMs, toMs } from '#api/lib/time.ts'
import { takeAnnounced } from './expand.ts'
import { afterAll, hold } from './held.ts'
import { countHeld, lastBeat, openToMany, openToOne, saveBeat, saveNotice } from './held-queries.ts'
import { nowSince } from './time-of-day.ts'

/**
 * When the worker has stood still for longer than this, nothing older than this is announced by itself: it may have been
 * told by another copy of the record, or in another way, or be wrong by now.
 */
export const longStopMs = hourMs
/** How often the worker writes down that it works. */
const beatEveryMs = minuteMs

const beatAt = new WeakMap<App, Instant>()

/**
 * Writes down once a minute that the worker works. After a long stop, as between a backup and its restore, it first
 * holds what has become old meanwhile until a person decides. To be called before anything is taken or sent.
 */
export async function keepHeartbeat(app: App): Promise<void> {
  const now = app.now()
  const before = beatAt.get(app)
  if (before && Math.abs(toMs(now) - toMs(before)) < beatEveryMs) return
  const last = await lastBeat(app.db)
  // A demonstration's clock stands still while it is not run, and may run an hour in a second.
  const mayHaveStopped = app.config.mode !== 'demo'
  if (mayHaveStopped && (!last || toMs(nowSince(app, last)) - toMs(last) > longStopMs))
    await holdOpen(app, system, plusMs(now, -longStopMs), longStopReason(last, now))
  await saveBeat(app.db, now)
  beatAt.set(app, now)
}

/** Why a notice is held after a long stop. */
const longStopReason = (last: Instant | null, now: Instant): string =>
  last
    ? `the program stood still from ${last} to ${now}: this may have been told already, or be wrong by now`
    : 'it was open when this version first worked on the record: it may have been told already'

/** Holds everything that may still go out, whatever its age, such as before a restored record is worked on. */
export const holdEverything = (app: App, actor: Actor): Promise<{ held: number; ended: number }> =>
  holdOpen(app, actor, afterAll, 'a person held everything that was open, as before a restored record is used')

/**
 * Holds every notice to many that was announced before an instant and may still go out, taken from the outbox or not.
 * Messages to one person end instead: who asked for a link or a code may ask again. Gives how many there were.
 */
async function holdOpen(
  app: App,
  actor: Actor,
  before: Instant,
  heldReason: string,
): Promise<{ held: number; ended: number }> {
  const heldBefore = await countHeld(app.db)
  while (await takeAnnounced(app, { before, heldReason, actor }));
  const toOne = await openToOne(app.db, before)
  for (const { id } of toOne) await app.db.transaction().execute((trx) => saveNotice(trx, id, { expiresAt: app.now() }))
  for (const notice of await openToMany(app.db, before)) await hold(app, notice, heldReason, actor)
  return { held: (await countHeld(app.db)) - heldBefore, ended: toOne.length }
}
