import type { ComponentStatus } from '#api/db/schema.ts'
import type { PublicIncident } from '#api/status/document.ts'

/** The form a state is drawn in: a shape, a colour, a word. "watching" is open trouble that holds no component down. */
export type Tone = 'operational' | 'maintenance' | 'watching' | 'degraded' | 'partial' | 'major'

export const toneOf: Record<ComponentStatus, Tone> = {
  operational: 'operational',
  under_maintenance: 'maintenance',
  degraded_performance: 'degraded',
  partial_outage: 'partial',
  major_outage: 'major',
}

const order: ComponentStatus[] = [
  'operational',
  'under_maintenance',
  'degraded_performance',
  'partial_outage',
  'major_outage',
]

export const worst = (statuses: ComponentStatus[]): ComponentStatus =>
  statuses.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), 'operational')

/** What speaks for an incident: the worst state it holds a component in, else the phase it is in. */
export function voiceOf(incident: PublicIncident): { tone: Tone; status: ComponentStatus | null } {
  if (incident.resolvedAt) return { tone: 'operational', status: null }
  const status = worst(incident.affected.map((component) => component.status))
  return status === 'operational' ? { tone: 'watching', status: null } : { tone: toneOf[status], status }
}
