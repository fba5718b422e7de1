import { gravest, gravity } from '#api/components/component.ts'
import type { Row } from '#api/db/schema.ts'
import { isPrivate, kindOf } from '#api/incidents/incident.ts'
import { type NamedEffect, type NamedInterval, touched } from '#api/incidents/show.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import type { PublicIncident, PublicOffer, PublicUpdate, StatementLink } from './document.ts'

interface IncidentRows {
  updates: Row<'incidentUpdate'>[]
  effects: NamedEffect[]
  intervals: NamedInterval[]
  statements: (StatementLink & { incidentId: string })[]
  rating: Row<'ratingPublication'> | undefined
  offers: AnnouncedOffer[]
}

/**
 * What the public may know of an incident at an instant. Severity stays inside, and so does every update that was
 * written while the incident was private. Throws on an incident that is private now: nobody may ask for one.
 */
export function publicView(row: Row<'incident'>, rows: IncidentRows, now: Instant): PublicIncident {
  if (isPrivate(row.severity)) throw new Error('A private incident has no public view.')
  const updates = rows.updates
    .filter(({ incidentId, severity }) => incidentId === row.id && !isPrivate(severity))
    .sort((a, b) => b.number - a.number)
  return {
    id: row.id,
    code: row.code,
    kind: kindOf(row.severity, row.advisory === 1),
    impact: row.impact,
    status: row.status,
    title: fromJson<Words>(row.title),
    scope: fromJson<Words>(row.scope),
    notAffected: fromJson<Words>(row.notAffected),
    workaround: fromJson<Words>(row.workaround),
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    resolvedAt: row.resolvedAt,
    createdAt: row.createdAt,
    nextUpdateAt: row.nextUpdateAt,
    late: row.resolvedAt === null && row.nextUpdateAt !== null && row.nextUpdateAt < now,
    affected: affected(rows.intervals.filter(({ incidentId }) => incidentId === row.id)),
    rating: rows.rating ? { mean: rows.rating.mean, answers: rows.rating.answers, at: rows.rating.publishedAt } : null,
    offers: rows.offers.filter(({ incidentId }) => incidentId === row.id).map(publicOffer),
    updates: updates.map((update) => publicUpdate(update, updates, rows.effects)),
    statements: rows.statements
      .filter(({ incidentId }) => incidentId === row.id)
      .map(({ incidentId: _, ...link }) => link),
  }
}

/** An offer that was live or is, with the words that were approved when it last went live. */
export type AnnouncedOffer = Pick<
  Row<'offer'>,
  'id' | 'incidentId' | 'state' | 'basis' | 'delivery' | 'claimFrom' | 'claimUntil'
> & {
  liveAt: Instant | null
  title: string
  terms: string
}

const publicOffer = (offer: AnnouncedOffer): PublicOffer => ({
  id: offer.id,
  state: offer.state === 'live' ? 'live' : 'closed',
  basis: offer.basis,
  title: fromJson<Words>(offer.title),
  terms: fromJson<Words>(offer.terms),
  automatic: offer.delivery === 'automatic',
  announcedAt: offer.liveAt ?? offer.claimFrom,
  claimFrom: offer.claimFrom,
  claimUntil: offer.claimUntil,
})

/** The components it has touched: the gravest now first, then the gravest it ever was, then as they were touched. */
function affected(intervals: NamedInterval[]): PublicIncident['affected'] {
  const ever = (id: string) =>
    gravity(gravest(intervals.filter(({ componentId }) => componentId === id).map(({ status }) => status)))
  return touched(intervals).sort((a, b) => gravity(b.status) - gravity(a.status) || ever(b.id) - ever(a.id))
}

function publicUpdate(
  update: Row<'incidentUpdate'>,
  newestFirst: Row<'incidentUpdate'>[],
  effects: NamedEffect[],
): PublicUpdate {
  return {
    id: update.id,
    number: update.number,
    status: update.status,
    body: fromJson<Words>(update.body),
    createdAt: update.createdAt,
    nextUpdateAt: update.nextUpdateAt,
    notified: update.notify === 1,
    correctsId: newestFirst.some(({ id }) => id === update.correctsId) ? update.correctsId : null,
    correctedById: newestFirst.find(({ correctsId }) => correctsId === update.id)?.id ?? null,
    effects: effects
      .filter(({ updateId }) => updateId === update.id)
      .map(({ componentId, name, oldStatus, newStatus }) => ({
        componentId,
        name: fromJson<Words>(name),
        oldStatus,
        newStatus,
      }))
      .sort((a, b) => gravity(b.newStatus) - gravity(a.newStatus) || gravity(b.oldStatus) - gravity(a.oldStatus)),
  }
}
