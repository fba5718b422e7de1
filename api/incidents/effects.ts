import type { ComponentStatus, Row } from '#api/db/schema.ts'
import { invalid } from '#api/errors.ts'
import type { Instant } from '#api/lib/time.ts'
import type { ComponentState } from './incident.ts'

export interface Span {
  startedAt: Instant
  endedAt: Instant | null
}

type Interval = Row<'statusInterval'>
type Held = Span & { id: string; componentId: string; status: ComponentStatus }

interface Change {
  effects: { componentId: string; oldStatus: ComponentStatus; newStatus: ComponentStatus }[]
  /** Intervals that end. */
  ended: Held[]
  /** Intervals that begin. */
  begun: (Span & { componentId: string; status: ComponentStatus })[]
}

/**
 * What an update does to components: for each one that changes, the state before and after, the interval that ends and
 * the one that begins. The first update's states hold since the incident began, later ones since `at`. Resolved sets the
 * rest to operational. An incident that is opened as resolved held its components from its start until then.
 */
export function effectsOfUpdate(
  at: Instant,
  incident: Pick<Row<'incident'>, 'startedAt'>,
  intervals: Held[],
  components: ComponentState[],
  { first, resolved }: { first: boolean; resolved: boolean },
): Change {
  const change: Change = { effects: [], ended: [], begun: [] }
  if (first && resolved) {
    for (const { id: componentId, status } of components.filter(({ status }) => status !== 'operational')) {
      change.effects.push({ componentId, oldStatus: status, newStatus: 'operational' })
      change.begun.push({ componentId, status, startedAt: incident.startedAt, endedAt: at })
    }
    return change
  }
  const open = new Map(intervals.filter(({ endedAt }) => endedAt === null).map((held) => [held.componentId, held]))
  const wanted = new Map<string, ComponentStatus>(resolved ? [...open.keys()].map((id) => [id, 'operational']) : [])
  for (const { id, status } of components) wanted.set(id, status)
  for (const [componentId, newStatus] of wanted) {
    const held = open.get(componentId)
    const oldStatus = held?.status ?? 'operational'
    if (oldStatus === newStatus) continue
    change.effects.push({ componentId, oldStatus, newStatus })
    if (held) change.ended.push({ ...held, endedAt: at })
    if (newStatus !== 'operational')
      change.begun.push({ componentId, status: newStatus, startedAt: first ? incident.startedAt : at, endedAt: null })
  }
  return change
}

/**
 * An interval as it counts: of a resolved incident whose end is known, none of what ended with it outlasts that end.
 * The row keeps what was published, so that an end that was given wrongly can be given again.
 */
export function countedSpan<T extends Span>(
  span: T,
  incident: { endedAt: Instant | null; resolvedAt: Instant | null },
): T {
  const { endedAt, resolvedAt } = incident
  if (!endedAt || !resolvedAt || !span.endedAt || span.endedAt > resolvedAt || span.endedAt <= endedAt) return span
  const [, later] = [endedAt, span.startedAt].sort()
  return { ...span, endedAt: later! }
}

/** The intervals that the first update began, moved to a corrected start. Throws `invalid` when a later one was before it. */
export function movedToStart(startedAt: Instant, firstUpdateId: string | undefined, intervals: Interval[]): Interval[] {
  const moved = intervals.filter(({ updateId }) => updateId === firstUpdateId).map((span) => ({ ...span, startedAt }))
  if (moved.some(({ endedAt }) => endedAt !== null && endedAt < startedAt)) {
    const sentence = 'The start cannot be later than the first change that an update made to a component.'
    throw invalid(sentence, { startedAt: sentence })
  }
  return moved
}
