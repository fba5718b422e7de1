import { listPeople } from '#api/accounts/queries.ts'
import type { App } from '#api/app.ts'
import { namesOf } from '#api/audit/names.ts'
import type { Row } from '#api/db/schema.ts'
import { notFound } from '#api/errors.ts'
import { countAsked, countHelped, countScores } from '#api/feedback/queries.ts'
import { summaryOf } from '#api/feedback/rating.ts'
import { intervalsOf, readWhole } from '#api/incidents/queries.ts'
import type { Incident } from '#api/incidents/show.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Counts } from '#api/notices/progress.ts'
import { startsOf } from '#api/statements/queries.ts'
import type { Words } from '#content/locales.ts'
import { isOverdue, isUnowned } from './action.ts'
import { askedFor, type Cause, type FactorKind } from './cause.ts'
import { figuresOf } from './figures.ts'
import { type Advice, adviseReport, adviseSection } from './lint.ts'
import { reviewPolicy } from './policy.ts'
import { prefillOf, type Recorded, reportPrefill } from './prefill.ts'
import * as queries from './queries.ts'
import { actsOn, offersOn, rolesHeld, statementsOn } from './record-queries.ts'
import { approvers, composeReport, missingIn, type ReportParts, standingOf } from './report.ts'
import { blockersOf, dueOf, isLate, type ReviewState } from './review.ts'
import { type Section, sections } from './sections.ts'
import { factsOf } from './task-actions.ts'

type CountsOf = (incidentId: string) => Promise<{ counts: Counts }>

/** A whole review as the desk reads it: what is written, what the record says, what is due and what is missing. */
export async function readReview(app: App, incidentId: string, countsOf: CountsOf) {
  const incident = await readWhole(app.db, incidentId)
  const review = incident && (await queries.findReview(app.db, incidentId))
  if (!incident || !review) throw notFound('A review of this incident')
  const now = app.now()
  const { zone } = app.site
  const rows = {
    texts: await queries.versionsOfTexts(app.db, review.id),
    factors: await queries.factorsOf(app.db, review.id),
    actions: await queries.actionsOf(app.db, review.id),
    versions: await queries.reportVersionsOf(app.db, review.id),
    verdicts: await queries.verdictsOf(app.db, review.id),
  }
  const authors = Object.values(rows).flatMap((list) => list.map(({ createdBy }) => createdBy))
  const names = await namesOf(app.db, [...new Set([...authors, review.openedBy, review.closedBy ?? ''])])
  const by = (id: string) => names.get(id) ?? id
  const actions = rows.actions.map((row) => ({ id: row.id, ...factsOf(row) }))
  const recorded = await recordedOf(app, incident, actions, countsOf)
  const texts = sections.map((section) => sectionOf(section, rows.texts, by))
  const cause = review.causeCategory as Cause | null
  const standing = {
    state: review.state,
    severity: incident.severity,
    resolvedAt: incident.resolvedAt,
    summary: texts.find(({ section }) => section === 'summary')?.body ?? '',
    factors: rows.factors.length,
    causeCategory: cause,
    unowned: actions.filter(isUnowned).length,
    reportPublishedAt: review.reportPublishedAt,
  }
  const next: ReviewState = { open: 'in_review', in_review: 'approved', approved: 'closed', closed: 'in_review' }[
    review.state
  ] as ReviewState
  return {
    id: review.id,
    incidentId,
    title: incident.title,
    severity: incident.severity,
    resolvedAt: incident.resolvedAt,
    state: review.state,
    openedAt: review.openedAt,
    openedBy: by(review.openedBy),
    meetingAt: review.meetingAt,
    causeCategory: cause,
    closedAt: review.closedAt,
    closedReason: review.closedReason,
    due: dueShown(app, incident, review),
    next,
    blockers: blockersOf(standing, next),
    factors: rows.factors.map((row) => ({
      id: row.id,
      text: row.body,
      kind: row.kind as FactorKind,
      createdAt: row.createdAt,
      createdBy: by(row.createdBy),
    })),
    sections: texts,
    prefill: prefillOf(recorded),
    figures: recorded.figures,
    deliveries: recorded.deliveries,
    actions: actions.map((action) => ({ ...action, overdue: isOverdue(action, now, zone) })),
    report: await reportShown(app, incident, review, rows, recorded, by),
    advice: [
      ...texts.flatMap(({ section, body }) => adviseSection(section, body ?? '')),
      ...askedAdvice(askedFor(cause, actions)),
    ],
  }
}

export type ShownReview = Awaited<ReturnType<typeof readReview>>

const askedAdvice = (type: 'train' | 'prevent' | null): Advice[] =>
  type ? [{ kind: type, place: 'actions', found: '' }] : []

function sectionOf(section: Section, all: Row<'reviewText'>[], by: (id: string) => string) {
  const versions = all.filter((text) => text.section === section)
  const newest = versions.at(-1)
  return {
    section,
    /** Null until somebody has saved one. */
    body: newest?.body ?? null,
    number: newest?.number ?? 0,
    versions: versions.map(({ number, body, createdAt, createdBy }) => ({
      number,
      body,
      createdAt,
      createdBy: by(createdBy),
    })),
  }
}

/** What is due by when and what of it is late; null while the incident is open again. */
function dueShown(
  app: App,
  incident: { severity: number; resolvedAt: string | null },
  review: Pick<Row<'review'>, 'meetingAt' | 'reportPublishedAt'>,
) {
  const due = dueOf(incident, reviewPolicy, app.site.zone)
  if (!due) return null
  const now = app.now()
  const late = (day: string, done: string | null) => isLate(day, done && done < now ? done : now, app.site.zone)
  return {
    ...due,
    meetingLate: late(due.meetingOn, review.meetingAt),
    reportLate: late(due.reportOn, review.reportPublishedAt),
  }
}

async function recordedOf(
  app: App,
  incident: Incident,
  actions: Recorded['actions'],
  countsOf: CountsOf,
): Promise<Recorded> {
  const held = (await intervalsOf(app.db, [incident.id])).map((one) => ({ ...one, name: fromJson<Words>(one.name) }))
  const intervals = held.map((one) => ({
    ...one,
    // A component was back when customers could use it again, whenever that was said.
    endedAt: one.endedAt && incident.endedAt && one.endedAt > incident.endedAt ? incident.endedAt : one.endedAt,
  }))
  const acts = await actsOn(app.db, incident.id)
  const roles = await rolesHeld(app.db, [...new Set(acts.map(({ actorId }) => actorId))])
  const ratings = summaryOf(await countScores(app.db, incident.id))
  const back = incident.components.flatMap(({ id, name, status }) => {
    const last = intervals.filter(({ componentId }) => componentId === id).at(-1)?.endedAt
    return status === 'operational' && last ? [{ name, at: last }] : []
  })
  return {
    incident,
    figures: figuresOf({ ...incident, intervals, spoken: await startsOf(app.db, incident.id) }, app.now()),
    back,
    deliveries: (await countsOf(incident.id)).counts,
    done: acts.map(({ at, action, actorId }) => ({ at, action, roles: roles.get(actorId) ?? [] })),
    ratings: {
      ...ratings,
      asked: await countAsked(app.db, incident.id),
      helped: await countHelped(app.db, incident.id),
    },
    given: { offers: await offersOn(app.db, incident.id), statements: await statementsOn(app.db, incident.id) },
    actions,
    zone: app.site.zone,
  }
}

interface ReportRows {
  versions: Row<'reportVersion'>[]
  verdicts: Row<'reportVerdict'>[]
}

/** The public version: its versions, who approved the newest, what is advised, and how it would begin. */
async function reportShown(
  app: App,
  incident: Incident,
  review: Row<'review'>,
  { versions, verdicts }: ReportRows,
  recorded: Recorded,
  by: (id: string) => string,
) {
  const newest = versions.at(-1)
  const parts = newest && fromJson<ReportParts>(newest.parts)
  const people = (await listPeople(app.db)).map(({ name }) => name)
  const standing = standingOf(verdicts.filter(({ versionId }) => versionId === newest?.id))
  return {
    versions: versions.map((version) => ({
      number: version.number,
      hash: version.hash,
      parts: fromJson<ReportParts>(version.parts),
      createdAt: version.createdAt,
      createdBy: by(version.createdBy),
      published: version.id === review.reportVersionId,
    })),
    body: parts ? composeReport(parts) : null,
    missing: parts ? missingIn(parts) : [],
    verdicts: verdicts.map((one) => ({
      version: versions.find(({ id }) => id === one.versionId)?.number ?? 0,
      role: one.role,
      verdict: one.verdict,
      note: one.note,
      createdAt: one.createdAt,
      createdBy: by(one.createdBy),
    })),
    approved: approvers.every((role) => standing[role]?.verdict === 'approved'),
    advice: parts ? adviseReport(parts, people) : [],
    publishedAt: review.reportPublishedAt,
    updateNumber: incident.updates.find(({ id }) => id === review.reportUpdateId)?.number ?? null,
    prefill: reportPrefill(recorded),
  }
}

/** Reviews of a state with what is due of each, for the desk's list. */
export async function readReviews(app: App, { closed, limit }: { closed: boolean; limit: number }) {
  const rows = await queries.listReviews(app.db, { closed, limit })
  return rows.map((row) => ({
    ...row,
    title: fromJson<Words>(row.title),
    due: dueShown(app, row, row),
  }))
}

/** Actions that are still to be done, of all reviews. */
export async function readOpenActions(app: App, limit: number) {
  const rows = await queries.openActions(app.db, limit)
  const now = app.now()
  return rows.map((row) => {
    const facts = factsOf(row)
    const overdue = isOverdue(facts, now, app.site.zone)
    return { id: row.id, incidentId: row.incidentId, title: fromJson<Words>(row.title), ...facts, overdue }
  })
}
