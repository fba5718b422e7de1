import { gravest } from '#api/components/component.ts'
import type { ComponentStatus, Impact, IncidentStatus, Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'

/** An incident as staff and machines read it: everything the record holds, the newest update first. */
export interface Incident {
  id: string
  code: string
  title: Words
  severity: number
  /** At level 4: no known issue, but something readers should know of. */
  advisory: boolean
  impact: Impact
  status: IncidentStatus
  scope: Words
  notAffected: Words
  workaround: Words
  occurredAt: Instant | null
  detectedAt: Instant | null
  startedAt: Instant
  endedAt: Instant | null
  nextUpdateAt: Instant | null
  createdAt: Instant
  createdBy: string
  resolvedAt: Instant | null
  resolvedBy: string | null
  /** Every component it has touched, with the state it holds it in now. */
  components: { id: string; name: Words; status: ComponentStatus }[]
  updates: IncidentUpdate[]
}

export interface IncidentUpdate {
  id: string
  number: number
  status: IncidentStatus
  severity: number
  body: Words
  nextUpdateAt: Instant | null
  correctsId: string | null
  notify: boolean
  createdAt: Instant
  createdBy: string
  effects: { componentId: string; oldStatus: ComponentStatus; newStatus: ComponentStatus }[]
}

/** Rows with the name of their component, as JSON. */
export type NamedEffect = Row<'updateEffect'> & { name: string }
export type NamedInterval = Row<'statusInterval'> & { name: string }

/** The rows that make up incidents, of several incidents at once. */
interface IncidentParts {
  updates: Row<'incidentUpdate'>[]
  effects: NamedEffect[]
  intervals: NamedInterval[]
}

/** The components an incident has touched, in the order in which it did, each with the state it holds it in now. */
export function touched(intervals: NamedInterval[]): Incident['components'] {
  const components = new Map<string, Incident['components'][number]>()
  for (const { componentId, name, status, endedAt } of intervals) {
    const component = components.get(componentId) ?? {
      id: componentId,
      name: fromJson<Words>(name),
      status: 'operational',
    }
    if (endedAt === null) component.status = gravest([component.status, status])
    components.set(componentId, component)
  }
  return [...components.values()]
}

/** Puts an incident's rows together. */
export function showIncident(row: Row<'incident'>, parts: IncidentParts): Incident {
  const updates = parts.updates.filter(({ incidentId }) => incidentId === row.id)
  return {
    ...row,
    advisory: row.advisory === 1,
    title: fromJson<Words>(row.title),
    scope: fromJson<Words>(row.scope),
    notAffected: fromJson<Words>(row.notAffected),
    workaround: fromJson<Words>(row.workaround),
    components: touched(parts.intervals.filter(({ incidentId }) => incidentId === row.id)),
    updates: updates
      .map(({ incidentId: _, ...update }) => ({
        ...update,
        body: fromJson<Words>(update.body),
        notify: update.notify === 1,
        effects: parts.effects
          .filter(({ updateId }) => updateId === update.id)
          .map(({ componentId, oldStatus, newStatus }) => ({ componentId, oldStatus, newStatus })),
      }))
      .sort((a, b) => b.number - a.number),
  }
}
