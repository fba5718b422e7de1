import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, notFound } from '#api/errors.ts'
import { isPrivate } from '#api/incidents/incident.ts'
import { findIncidentRow } from '#api/incidents/queries.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { announce } from '#api/outbox/outbox.ts'
import { countWithin } from '#api/subscribers/limit-queries.ts'
import { type Limit, limitKey, networkKey, secondsLeft } from '#api/subscribers/limits.ts'
import { findSubscriber } from '#api/subscribers/queries.ts'
import type { Locale, Words } from '#content/locales.ts'
import { readRatingLink } from './links.ts'
import {
  countScores,
  dropPublication,
  findPublication,
  findRating,
  hasAnswered,
  saveAnswer,
  savePublication,
  saveRating,
} from './queries.ts'
import {
  answersPerIncident,
  answersPerNetwork,
  checkPublishable,
  ratingsPerLink,
  type Score,
  summaryOf,
  voterOf,
} from './rating.ts'

const tooMany = (now: Instant, { windowMs }: Limit) =>
  new AppError('too_many', 'Many answers came from this network. Try again later.', {
    retryAfterSeconds: secondsLeft(now, windowMs),
  })

/** An incident that the public knows. Throws not_found of any other, so that nobody learns which there are. */
async function publicIncident(db: Db | Trx, id: string): Promise<Row<'incident'>> {
  const incident = await findIncidentRow(db, id)
  if (!incident || isPrivate(incident.severity)) throw notFound('This incident')
  return incident
}

export interface HelpedAnswer {
  helped: boolean
  locale: Locale
  /** Where it comes from and what the browser calls itself: hashed with our key, never kept. */
  ip: string
  agent: string
}

/**
 * Keeps "Did this help?" of one person: asked again, the new answer takes the place of the old one. Throws not_found,
 * and too_many with the time to wait. The row is all the record there is of it: who answered is nobody's to read.
 */
export async function answerHelped(app: App, incidentId: string, answer: HelpedAnswer): Promise<void> {
  const { helped, locale, ip, agent } = answer
  const now = app.now()
  const voter = voterOf(app.config.secretKeys, incidentId, ip, agent)
  // Counted on its own, so that refused tries count too.
  if (!(await countWithin(app.db, now, answersPerNetwork, networkKey(answersPerNetwork, ip))))
    throw tooMany(now, answersPerNetwork)
  await app.db.transaction().execute(async (trx) => {
    await publicIncident(trx, incidentId)
    const here = networkKey({ ...answersPerIncident, name: `${answersPerIncident.name}-${incidentId}` }, ip)
    if (!(await hasAnswered(trx, incidentId, voter)) && !(await countWithin(trx, now, answersPerIncident, here)))
      throw tooMany(now, answersPerIncident)
    await saveAnswer(trx, { incidentId, voter, helped: helped ? 1 : 0, locale, createdAt: now })
  })
}

/** What the page behind a link to rate shows: what is rated, and what was answered before. */
export interface OwnRating {
  incidentId: string
  title: Words
  locale: Locale
  score: Score | null
  comment: string | null
}

async function holderOf(app: App, db: Db | Trx, incidentId: string, token: string) {
  const link = readRatingLink(app.config, incidentId, token)
  const subscriber = link && (await findSubscriber(db, link.subject))
  if (!link || !subscriber || subscriber.generation !== link.generation) throw notFound('This link')
  return { subscriber, incident: await publicIncident(db, incidentId) }
}

/** What one subscriber thought, for the page behind their link. Changes nothing: mail scanners open every link. */
export async function readRating(app: App, incidentId: string, token: string): Promise<OwnRating> {
  const { subscriber, incident } = await holderOf(app, app.db, incidentId, token)
  const own = await findRating(app.db, incidentId, subscriber.id)
  return {
    incidentId,
    title: fromJson<Words>(incident.title),
    locale: subscriber.locale,
    score: (own?.score as Score | undefined) ?? null,
    comment: own?.comment ?? null,
  }
}

/** Rates how an incident was told, 1 to 5: one answer per subscriber, the newest counts. Throws not_found for a wrong link. */
export async function rateIncident(
  app: App,
  incidentId: string,
  token: string,
  { score, comment }: { score: Score; comment: string | null },
): Promise<OwnRating> {
  const now = app.now()
  await app.db.transaction().execute(async (trx) => {
    const { subscriber } = await holderOf(app, trx, incidentId, token)
    if (!(await countWithin(trx, now, ratingsPerLink, limitKey(ratingsPerLink, `${incidentId} ${subscriber.id}`))))
      throw tooMany(now, ratingsPerLink)
    const { id: subscriberId, locale } = subscriber
    await saveRating(trx, { incidentId, subscriberId, score, comment, locale, createdAt: now, updatedAt: now })
  })
  return readRating(app, incidentId, token)
}

/**
 * Shows the mean and the number of answers on the incident, as they are now: readers see these figures until they are
 * shown anew or taken away, so that no answer draws a page. Throws not_found, and invalid while there are too few.
 */
export async function publishRating(app: App, actor: Actor, incidentId: string): Promise<Row<'ratingPublication'>> {
  const shown = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    await publicIncident(trx, incidentId)
    const summary = summaryOf(await countScores(trx, incidentId))
    checkPublishable(summary)
    const before = await findPublication(trx, incidentId)
    const { mean, answers } = summary
    const after = { incidentId, mean: mean!, answers, publishedAt: now, publishedBy: actor.id }
    await savePublication(trx, after)
    await record(trx, now, actor, 'rating.published', incidentId, { before, after })
    await announce(trx, now, { kind: 'incident.changed', incidentId })
    return after
  })
  app.wake()
  return shown
}

/** Takes the figures away from the incident. Does nothing when none are shown. */
export async function withdrawRating(app: App, actor: Actor, incidentId: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    const before = await findPublication(trx, incidentId)
    if (!before) return
    await dropPublication(trx, incidentId)
    await record(trx, now, actor, 'rating.withdrawn', incidentId, { before })
    await announce(trx, now, { kind: 'incident.changed', incidentId })
  })
  app.wake()
}
