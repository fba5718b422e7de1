import { gravest } from '#api/components/component.ts'
import type { Component } from '#api/components/show.ts'
import { impactOf, isOver, kindOf } from '#api/incidents/incident.ts'
import type { Incident } from '#api/incidents/show.ts'
import type { Instant } from '#api/lib/time.ts'
import type { PublicIncident } from '#api/status/document.ts'
import type { Draft } from './composer.ts'

/** The incident as its public page will show it once this draft is published. `incident` is null when it is opened by it. */
export function incidentShown(
  draft: Draft,
  incident: Incident | null,
  components: Component[],
  now: Instant,
): PublicIncident {
  const names = new Map(components.map(({ id, name }) => [id, name]))
  const over = isOver(draft.status)
  const held = new Map((incident?.components ?? []).map((component) => [component.id, component]))
  if (over) for (const [id, component] of held) held.set(id, { ...component, status: 'operational' })
  for (const { id, status } of draft.components)
    if (held.has(id) || status !== 'operational') held.set(id, { id, name: names.get(id) ?? {}, status })
  const facts = incident ?? draft
  const severity = incident?.severity ?? draft.severity
  const earlier = incident?.updates ?? []
  return {
    id: incident?.id ?? '000000000000',
    code: incident?.code ?? '0000',
    kind: kindOf(severity, facts.advisory),
    impact: incident?.impact ?? impactOf(severity),
    status: draft.status,
    title: facts.title,
    scope: facts.scope,
    notAffected: facts.notAffected,
    workaround: facts.workaround,
    startedAt: facts.startedAt,
    endedAt: incident?.endedAt ?? null,
    resolvedAt: over ? (incident?.resolvedAt ?? now) : null,
    createdAt: incident?.createdAt ?? now,
    nextUpdateAt: draft.nextUpdateAt,
    late: false,
    rating: null,
    affected: [...held.values()],
    statements: [],
    offers: [],
    updates: [
      {
        id: 'draft',
        number: (earlier[0]?.number ?? 0) + 1,
        status: draft.status,
        body: draft.body,
        createdAt: now,
        nextUpdateAt: draft.nextUpdateAt,
        notified: true,
        correctsId: draft.corrects,
        correctedById: null,
        effects: [],
      },
      ...earlier.map(({ severity: _, notify, createdBy: __, effects: ___, ...update }) => ({
        ...update,
        notified: notify,
        correctedById:
          update.id === draft.corrects
            ? 'draft'
            : (earlier.find((other) => other.correctsId === update.id)?.id ?? null),
        effects: [],
      })),
    ],
  }
}

/** What speaks for an incident at the desk: the gravest state it holds a component in. */
export const stateOf = (incident: Incident) => gravest(incident.components.map(({ status }) => status))
