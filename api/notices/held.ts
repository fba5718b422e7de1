import type { App } from '#api/app.ts'
import { type Actor, record, system } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, notFound } from '#api/errors.ts'
import { secondMs, toMs } from '#api/lib/time.ts'
import { crashPoint } from './crash.ts'
import { countBounced, countStates, holdNotice, lockNotice, openToMany, saveNotice } from './held-queries.ts'
import { mergedWith } from './merge-queries.ts'
import { bouncedReason, bouncesMin, mustStop, outcomesOf } from './stop-loss.ts'
import { takeApart } from './supersede-queries.ts'

/** How often the bounces of what goes out are counted. */
const countEveryMs = 5 * secondMs
/** The channel whose bounces cost its sender the provider. */
const mail = 'email'

const countedAt = new WeakMap<App, number>()

/** Holds what loses too many mails until a person has looked. True when something was held. */
export async function stopLosses(app: App): Promise<boolean> {
  const now = app.now()
  if (Math.abs(toMs(now) - (countedAt.get(app) ?? Number.NEGATIVE_INFINITY)) < countEveryMs) return false
  countedAt.set(app, toMs(now))
  let held = false
  for (const notice of await openToMany(app.db, afterAll)) {
    const seen = { bounces: notice.bouncesSeen ?? 0, outcomes: notice.outcomesSeen ?? 0 }
    if ((await countBounced(app.db, notice.id, mail)) - seen.bounces < bouncesMin) continue
    const outcomes = await mailOutcomes(app.db, notice.id)
    if (!mustStop(outcomes, seen)) continue
    const reason = bouncedReason(outcomes)
    if (await hold(app, notice, reason)) held = true
  }
  return held
}

/** Messages that tell of a notice and of others too are written again: what a person stands against holds up no other. */
async function leaveMerged(app: App, trx: Trx, noticeId: string): Promise<void> {
  const merging = app.channels.filter(({ mergesUpdates }) => mergesUpdates).map(({ name }) => name)
  for (const batch of await mergedWith(trx, noticeId, merging)) await takeApart(trx, batch, app.now())
}

/** Later than every notice. */
export const afterAll = '9999'

const mailOutcomes = async (db: Parameters<typeof countStates>[0], noticeId: string) =>
  outcomesOf((await countStates(db, noticeId)).filter(({ channel }) => channel === mail))

/** Holds one notice until a person decides; false when something stands against it already. */
export async function hold(
  app: App,
  { id }: Pick<Row<'notice'>, 'id'>,
  heldReason: string,
  actor: Actor = system,
): Promise<boolean> {
  const held = await app.db.transaction().execute(async (trx) => {
    const heldAt = app.now()
    if (!(await holdNotice(trx, id, { heldAt, heldReason }))) return false
    await leaveMerged(app, trx, id)
    await record(trx, heldAt, actor, 'notice.held', id, { after: { heldReason } })
    return true
  })
  if (!held) return false
  crashPoint(app, 'after-hold')
  app.log('warn', 'notice.held', { notice: id, reason: heldReason })
  return true
}

/**
 * A person lets a notice go on that was held: what still waits of it is sent, if it is not too old by now. Bounces that
 * had come by then do not hold it again. Throws not_found; conflict when it is not held, or was ended.
 */
export async function releaseNotice(app: App, actor: Actor, noticeId: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const { heldAt, heldReason } = await heldOne(trx, noticeId)
    const { bounces, outcomes } = await mailOutcomes(trx, noticeId)
    const change = { heldAt: null, heldReason: null, bouncesSeen: bounces, outcomesSeen: outcomes }
    await saveNotice(trx, noticeId, change)
    await record(trx, app.now(), actor, 'notice.released', noticeId, { before: { heldAt, heldReason }, after: change })
  })
  crashPoint(app, 'after-release')
  app.wake()
}

/**
 * A person ends a notice, held or not: nothing more of it is sent, and the rows of those who were not told say so. What
 * is on its way to a provider already is not called back. Throws not_found; conflict when it was ended before.
 */
export async function endNotice(app: App, actor: Actor, noticeId: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const before = await lockNotice(trx, noticeId)
    if (!before) throw notFound('This notice')
    if (before.endedAt) throw conflict('This notice was ended already.')
    const { heldAt, heldReason } = before
    const now = app.now()
    const endedReason = heldReason ? `ended by a person while it was held: ${heldReason}` : 'ended by a person'
    // Open again until every row of it says so.
    await saveNotice(trx, noticeId, { heldAt: null, heldReason: null, endedAt: now, endedReason, frozenAt: null })
    await leaveMerged(app, trx, noticeId)
    await record(trx, now, actor, 'notice.ended', noticeId, {
      before: { heldAt, heldReason },
      after: { endedAt: now, endedReason },
    })
  })
  crashPoint(app, 'after-end')
  app.wake()
}

async function heldOne(trx: Trx, id: string): Promise<Row<'notice'>> {
  const notice = await lockNotice(trx, id)
  if (!notice) throw notFound('This notice')
  if (notice.endedAt)
    throw conflict('This notice was ended. Its update is on the page; publish another one to tell people.')
  if (!notice.heldAt) throw conflict('This notice is not held: it goes out by itself.')
  return notice
}
