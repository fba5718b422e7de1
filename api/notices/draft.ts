import type { ComponentStatus, Impact, IncidentStatus } from '#api/db/schema.ts'
import { impactOf, isOver } from '#api/incidents/incident.ts'
import type { Incident } from '#api/incidents/show.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { type Audience, audienceOf, happenedBy } from './audience.ts'
import { inOrder, type PageOrder, type Told } from './told.ts'

/** What somebody is about to publish: the body of a new incident, or with `incidentId` of an update on one. */
export interface NoticeDraft {
  incidentId?: string | undefined
  title?: Words | undefined
  severity?: number | undefined
  impact?: Impact | undefined
  status: IncidentStatus
  startedAt?: Instant | undefined
  scope?: Words | undefined
  notAffected?: Words | undefined
  workaround?: Words | undefined
  components?: { id: string; status: ComponentStatus }[] | undefined
  body: Words
  nextUpdateAt?: Instant | null | undefined
  corrects?: string | null | undefined
  notify?: boolean | undefined
}

/** Stands for the code and the id that an incident gets when it is opened: of the same length, so that lengths are right. */
const codeToCome = '0000'
const idToCome = '000000000000'

/** What the draft would tell if it were published now. `incident` is the one it belongs to, null for a new one. */
export function toldOfDraft(
  draft: NoticeDraft,
  incident: Incident | null,
  page: PageOrder,
  { now, offers }: { now: Instant; offers: Words[] },
): Told {
  const over = isOver(draft.status)
  const states = statesBefore(incident)
  const touched = [...states.keys()]
  if (over) for (const id of touched) states.set(id, 'operational')
  for (const { id, status } of draft.components ?? [])
    if (states.has(id) || status !== 'operational') states.set(id, over && !incident ? 'operational' : status)
  const severity = incident?.severity ?? draft.severity ?? 1
  const lastSeverity = incident?.updates[0]?.severity ?? severity
  const names = new Map((incident?.components ?? []).map(({ id, name }) => [id, name]))
  return {
    incidentId: incident?.id ?? idToCome,
    code: incident?.code ?? codeToCome,
    status: draft.status,
    impact: incident?.impact ?? draft.impact ?? impactOf(severity),
    title: incident?.title ?? draft.title ?? {},
    body: draft.body,
    scope: incident?.scope ?? draft.scope ?? {},
    notAffected: incident?.notAffected ?? draft.notAffected ?? {},
    workaround: incident?.workaround ?? draft.workaround ?? {},
    startedAt: incident?.startedAt ?? draft.startedAt ?? now,
    endedAt: over ? (incident?.endedAt ?? incident?.resolvedAt ?? now) : null,
    publishedAt: now,
    nextUpdateAt: draft.nextUpdateAt ?? null,
    correction: Boolean(draft.corrects),
    raised: severity < lastSeverity,
    components: inOrder(states, names, page),
    offers: over ? offers : [],
  }
}

function statesBefore(incident: Incident | null): Map<string, ComponentStatus> {
  const states = new Map<string, ComponentStatus>()
  const updates = [...(incident?.updates ?? [])].sort((a, b) => a.number - b.number)
  for (const { effects } of updates) for (const effect of effects) states.set(effect.componentId, effect.newStatus)
  return states
}

/** Who would be told of it. */
export function audienceOfDraft(draft: NoticeDraft, incident: Incident | null): Audience {
  if (draft.notify === false) return {}
  const happened = happenedBy({
    severity: incident?.severity ?? draft.severity ?? 1,
    status: draft.status,
    resolved: draft.status === 'resolved' && !incident?.resolvedAt,
    corrects: draft.corrects,
    earlier: [...(incident?.updates ?? [])].sort((a, b) => a.number - b.number),
    touched: (incident?.components ?? []).map(({ id }) => id),
    components: draft.components ?? [],
  })
  return audienceOf(happened)
}
