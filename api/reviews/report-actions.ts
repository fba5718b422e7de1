import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict, invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { moveTo } from '#api/incidents/incident.ts'
import { holdIncident, saveIncident, updatesOf } from '#api/incidents/queries.ts'
import { publish } from '#api/incidents/say.ts'
import { newId } from '#api/lib/ids.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import { onReview } from './actions.ts'
import { holdReview, insertReportVersion, insertVerdict, reportVersionsOf, saveReview, verdictsOf } from './queries.ts'
import {
  type Approver,
  checkNewest,
  checkPublishable,
  checkReport,
  composeReport,
  hashOf,
  type ReportParts,
} from './report.ts'

const partsOf = (version: Row<'reportVersion'>): ReportParts => fromJson<ReportParts>(version.parts)

/**
 * Saves the public version as a new version, whole, in every language; what was approved before is approved no more,
 * because an approval is for one hash. `follows` is the number of the version that was read, 0 for none.
 */
export function writeReport(
  app: App,
  actor: Actor,
  incidentId: string,
  { parts, follows }: { parts: ReportParts; follows: number },
  claim?: Claim,
): Promise<{ id: string }> {
  return onReview(app, incidentId, async ({ trx, now, review }) => {
    checkReport(parts)
    const newest = (await reportVersionsOf(trx, review.id)).at(-1)
    const number = newest?.number ?? 0
    if (number !== follows)
      throw conflict(`Version ${number} of the report was saved meanwhile. Read it, then save yours after it.`)
    const hash = hashOf(composeReport(parts))
    if (newest && toJson(partsOf(newest)) === toJson(parts)) return { id: newest.id }
    const version = {
      id: newId(),
      reviewId: review.id,
      number: number + 1,
      parts: toJson(parts),
      hash,
      createdAt: now,
      createdBy: actor.id,
    }
    await insertReportVersion(trx, version)
    await record(trx, now, actor, 'report.written', incidentId, { after: { number: version.number, hash } })
    await settle(trx, claim, version.id)
    return { id: version.id }
  })
}

/**
 * Says, as legal or as the lead, that these words may go out, or what must change first. `hash` is that of the words
 * that were read: of an older version, `conflict` with what has changed since. Of two people at once the second is told.
 */
export async function judgeReport(
  app: App,
  actor: Actor,
  incidentId: string,
  given: { hash: string; role: Approver; verdict: 'approved' | 'changes_requested'; note?: string | null | undefined },
  claim?: Claim,
): Promise<{ id: string }> {
  const { hash, role, verdict } = given
  const note = given.note?.trim() || null
  if (!actor.roles.includes(role))
    throw new AppError('forbidden', `Only somebody with the role ${role} speaks as ${role}.`)
  if (verdict === 'changes_requested' && !note)
    throw invalid('Say what must change.', { note: 'Say what must change.' })
  return onReview(app, incidentId, async ({ trx, now, review }) => {
    const newest = await newestOf(trx, review.id, hash)
    const verdicts = (await verdictsOf(trx, review.id)).filter(({ versionId }) => versionId === newest.id)
    const last = verdicts.filter((one) => one.role === role).at(-1)
    if (last?.verdict === verdict && verdict === 'approved')
      throw conflict(`These words are approved as ${role} already.`)
    const row = { id: newId(), versionId: newest.id, role, verdict, note, createdAt: now, createdBy: actor.id }
    await insertVerdict(trx, row)
    const action = verdict === 'approved' ? 'report.approved' : 'report.changesRequested'
    await record(trx, now, actor, action, incidentId, { after: { number: newest.number, hash, role, note } })
    await settle(trx, claim, row.id)
    return { id: row.id }
  })
}

/** The newest version, when it is the one that was read. */
async function newestOf(trx: Trx, reviewId: string, hash: string): Promise<Row<'reportVersion'>> {
  const versions = await reportVersionsOf(trx, reviewId)
  const newest = versions.at(-1)
  if (!newest) throw conflict('No report has been written yet.')
  const read = versions.findLast((version) => version.hash === hash)
  checkNewest(hash, { ...newest, parts: partsOf(newest) }, read && partsOf(read))
  return newest
}

/**
 * Publishes the newest public version as the incident's `postmortem` update, with the one row that tells of it, when
 * legal and the lead have both approved these very words. Published again after an edit, it is a correction of the
 * first. Throws `conflict` and `invalid` with what is missing.
 */
export async function publishReport(
  app: App,
  actor: Actor,
  incidentId: string,
  { hash, notify = true }: { hash: string; notify?: boolean | undefined },
  claim?: Claim,
): Promise<{ id: string }> {
  const done = await app.db.transaction().execute(async (trx) => {
    // The incident first, then its review: in the order in which resolving takes them.
    const before = await holdIncident(trx, incidentId)
    const review = before && (await holdReview(trx, incidentId))
    if (!before || !review) throw notFound('A review of this incident')
    const now = app.now()
    const newest = await newestOf(trx, review.id, hash)
    if (review.reportVersionId === newest.id) throw conflict('This version of the report is published already.')
    const verdicts = (await verdictsOf(trx, review.id)).filter(({ versionId }) => versionId === newest.id)
    checkPublishable(partsOf(newest), verdicts)
    moveTo(before, 'postmortem', now)
    const after: Row<'incident'> = { ...before, status: 'postmortem', nextUpdateAt: null }
    await saveIncident(trx, after)
    const earlier = await updatesOf(trx, [incidentId])
    const body = composeReport(partsOf(newest))
    const words = { status: 'postmortem' as const, body, components: [], corrects: review.reportUpdateId, notify }
    const updateId = await publish(trx, actor, now, after, words, { resolved: false, earlier })
    const published = { reportUpdateId: updateId, reportVersionId: newest.id, reportPublishedAt: now }
    await saveReview(trx, { ...review, ...published })
    await record(trx, now, actor, 'report.published', incidentId, {
      after: { ...published, number: newest.number, hash },
    })
    await settle(trx, claim, updateId)
    return { id: updateId }
  })
  app.wake()
  return done
}
