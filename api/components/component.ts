import type { ComponentStatus } from '#api/db/schema.ts'

/** The states of a component, the gravest first: major, partial, degraded, maintenance, operational. */
export const componentStatuses = [
  'major_outage',
  'partial_outage',
  'degraded_performance',
  'under_maintenance',
  'operational',
] as const satisfies readonly ComponentStatus[]

/** How grave a state is: 0 is operational, 4 a major outage. */
export const gravity = (status: ComponentStatus): number =>
  componentStatuses.length - 1 - componentStatuses.indexOf(status)

/** The gravest of several states; operational when there are none. Several incidents may hold one component. */
export const gravest = (statuses: Iterable<ComponentStatus>): ComponentStatus => {
  let worst: ComponentStatus = 'operational'
  for (const status of statuses) if (gravity(status) > gravity(worst)) worst = status
  return worst
}
