import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { knownComponents } from '#api/components/queries.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Impact, IncidentStatus, Row } from '#api/db/schema.ts'
import { invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { announce } from '#api/outbox/outbox.ts'
import { openReview } from '#api/reviews/opening.ts'
import type { Words } from '#content/locales.ts'
import { countedSpan, movedToStart } from './effects.ts'
import {
  type ComponentState,
  checkAdvisory,
  checkByHand,
  checkComponents,
  checkFacts,
  checkFollows,
  checkOver,
  checkPromise,
  checkSeverity,
  impactOf,
  isPrivate,
  moveTo,
} from './incident.ts'
import { holdIncident, insertIncident, intervalsOf, readWhole, saveIncident, saveSpan, updatesOf } from './queries.ts'
import { freeCode, type NewUpdate, publish } from './say.ts'
import type { Incident } from './show.ts'

export type { NewUpdate } from './say.ts'

export interface NewIncident {
  title: Words
  severity: number
  /** At level 4: something readers should know of that is no fault of ours. */
  advisory?: boolean | undefined
  impact?: Impact | undefined
  status: IncidentStatus
  /** When customers began to notice; now, unless it is said. */
  startedAt?: Instant | undefined
  scope?: Words | undefined
  notAffected?: Words | undefined
  workaround?: Words | undefined
  components: ComponentState[]
  body: Words
  nextUpdateAt?: Instant | null | undefined
  notify?: boolean | undefined
}

export type FactPatch = Partial<{
  title: Words
  severity: number
  advisory: boolean
  impact: Impact
  scope: Words
  notAffected: Words
  workaround: Words
  occurredAt: Instant | null
  detectedAt: Instant | null
  startedAt: Instant
  endedAt: Instant | null
  nextUpdateAt: Instant | null
}>

/**
 * Says in public that something is wrong: the incident, its first update, what it does to components since `startedAt`,
 * the audit line and the one row that tells readers and subscribers, all or nothing. Severity 3 stays private.
 * Throws `invalid` with the fields. `code` is for an evening whose code is known beforehand; otherwise it is random.
 */
export async function openIncident(
  app: App,
  actor: Actor,
  input: NewIncident,
  { code, claim }: { code?: string; claim?: Claim | undefined } = {},
): Promise<Incident> {
  const whole = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    const resolved = moveTo({ status: 'investigating', resolvedAt: null }, input.status, now) === 'resolved'
    checkPromise(input.status, input.nextUpdateAt ?? null, now)
    checkComponents(input.severity, input.components, await known(trx, input.components))
    checkAdvisory(input.severity, input.advisory)
    const incident: Row<'incident'> = {
      id: newId(),
      code: code ?? (await freeCode(trx)),
      severity: input.severity,
      advisory: Number(input.advisory ?? false),
      status: input.status,
      impact: input.impact ?? impactOf(input.severity),
      title: toJson(input.title),
      scope: toJson(input.scope ?? {}),
      notAffected: toJson(input.notAffected ?? {}),
      workaround: toJson(input.workaround ?? {}),
      occurredAt: null,
      detectedAt: null,
      startedAt: input.startedAt ?? now,
      endedAt: null,
      nextUpdateAt: input.nextUpdateAt ?? null,
      createdAt: now,
      createdBy: actor.id,
      resolvedAt: resolved ? now : null,
      resolvedBy: resolved ? actor.id : null,
    }
    checkFacts(incident, now)
    await insertIncident(trx, incident)
    await publish(trx, actor, now, incident, input, { resolved, earlier: [] })
    await record(trx, now, actor, 'incident.opened', incident.id, { after: incident })
    await openReview(trx, now, actor, incident)
    await settle(trx, claim, incident.id)
    return (await readWhole(trx, incident.id))!
  })
  app.wake()
  return whole
}

/**
 * Publishes the next word on an incident. Resolved sets its components to operational unless `components` says
 * otherwise; within 24 hours another status opens it again; a report comes from the review alone. `effectiveAt` dates the change of components when it came
 * before the words. Throws `not_found`, `invalid` with the fields, and `conflict`, also when another update was published
 * after the one it `follows`.
 */
export async function publishUpdate(
  app: App,
  actor: Actor,
  incidentId: string,
  input: NewUpdate,
  { claim, effectiveAt }: { claim?: Claim | undefined; effectiveAt?: Instant | undefined } = {},
): Promise<Incident> {
  const whole = await app.db.transaction().execute(async (trx) => {
    const before = await holdIncident(trx, incidentId)
    if (!before) throw notFound('This incident')
    const now = app.now()
    const earlier = await updatesOf(trx, [incidentId])
    checkFollows(input.follows, earlier)
    const move = moveTo(before, input.status, now)
    checkPromise(input.status, input.nextUpdateAt ?? null, now)
    const components = input.components ?? []
    checkComponents(before.severity, components, await known(trx, components))
    const intervals = await intervalsOf(trx, [incidentId])
    if (move === 'goes_on' && before.resolvedAt)
      checkOver(
        components,
        intervals.filter(({ endedAt }) => endedAt === null),
      )
    const corrected = earlier.find(({ id }) => id === input.corrects)
    checkByHand(input.status, corrected)
    if (input.corrects && !corrected)
      throw invalid('A correction names an update of the same incident.', {
        corrects: 'This incident has no such update.',
      })
    const after: Row<'incident'> = {
      ...before,
      // A further word on what has its report leaves it reported.
      status: move === 'goes_on' && before.status === 'postmortem' ? before.status : input.status,
      nextUpdateAt: input.nextUpdateAt ?? null,
      ...(move === 'resolved' ? { resolvedAt: now, resolvedBy: actor.id } : {}),
      ...(move === 'reopened' ? { resolvedAt: null, resolvedBy: null, endedAt: null } : {}),
    }
    await saveIncident(trx, after)
    if (move === 'reopened') for (const span of intervals) await saveSpan(trx, countedSpan(span, before))
    const how = { resolved: move === 'resolved', earlier, effectiveAt }
    await publish(trx, actor, now, after, { ...input, components }, how)
    const actions = {
      goes_on: 'incident.updated',
      resolved: 'incident.resolved',
      reopened: 'incident.reopened',
    } as const
    await record(trx, now, actor, actions[move], incidentId, { before, after })
    await openReview(trx, now, actor, after)
    await settle(trx, claim, incidentId)
    return (await readWhole(trx, incidentId))!
  })
  app.wake()
  return whole
}

/**
 * Corrects title, severity, impact or the fact sheet; the audit line keeps what stood before. A corrected start moves
 * the states that the first update set; a corrected end of a resolved incident is where its states cease to count.
 */
export async function changeFacts(app: App, actor: Actor, id: string, patch: FactPatch): Promise<Incident> {
  const whole = await app.db.transaction().execute(async (trx) => {
    const before = await holdIncident(trx, id)
    if (!before) throw notFound('This incident')
    const now = app.now()
    const { title, scope, notAffected, workaround, advisory = before.advisory === 1, ...rest } = patch
    const given = <T extends object>(facts: T) =>
      Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined))
    const words = Object.entries(given({ title, scope, notAffected, workaround }))
    const severity = patch.severity ?? before.severity
    checkAdvisory(severity, patch.advisory)
    const after: Row<'incident'> = {
      ...before,
      advisory: Number(advisory && severity === 4),
      ...(patch.severity !== undefined && patch.impact === undefined && before.impact === impactOf(before.severity)
        ? { impact: impactOf(patch.severity) }
        : {}),
      ...given(rest),
      ...Object.fromEntries(words.map(([name, text]) => [name, toJson(text)])),
    }
    if (toJson(after) === toJson(before)) return (await readWhole(trx, id))!
    if (patch.nextUpdateAt !== undefined) checkPromise(after.status, after.nextUpdateAt, now)
    checkFacts(after, now)
    const intervals = await intervalsOf(trx, [id])
    checkSeverity(
      before.severity,
      after.severity,
      intervals.some(({ endedAt }) => endedAt === null),
    )
    await saveIncident(trx, after)
    if (after.startedAt !== before.startedAt) {
      const [first] = await updatesOf(trx, [id])
      for (const span of movedToStart(after.startedAt, first?.id, intervals)) await saveSpan(trx, span)
    }
    await record(trx, now, actor, 'incident.changed', id, { before, after })
    await openReview(trx, now, actor, after)
    if (!isPrivate(after.severity)) await announce(trx, now, { kind: 'incident.changed', incidentId: id })
    return (await readWhole(trx, id))!
  })
  app.wake()
  return whole
}

const known = (trx: Trx, components: ComponentState[]) =>
  knownComponents(
    trx,
    components.map(({ id }) => id),
  )
