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

export interface Change {
  effects: { componentId: string; oldStatus: ComponentStatus; newStatus: ComponentStatus }[]
  /** Intervals that end. */
  ended: Held[]
  /** Intervals that begin. */
  begun: (Span & { componentId: string; status: ComponentStatus })[]
}

/** A span that ends at `end` at the latest; one that began later is left with no length. */
export const endedBy = <T extends Span>(span: T, end: Instant): T => {
  const latest = end < span.startedAt ? span.startedAt : end
  return span.endedAt !== null && span.endedAt <= latest ? span : { ...span, endedAt: latest }
}

/**
 * What an update does to components: for each one that changes, the state before and after, the interval that ends and
 * the one that begins. The first update's states hold since the incident began, later ones since `at`. Resolved sets the
 * rest to operational, as of the incident's end when that is known. An incident that is opened as resolved held its
 * components from its start until then.
 */
export function effectsOfUpdate(
  at: Instant,
  incident: Pick<Row<'incident'>, 'startedAt' | 'endedAt'>,
  intervals: Held[],
  components: ComponentState[],
  { first, resolved }: { first: boolean; resolved: boolean },
): Change {
  const over = incident.endedAt ?? at
  const change: Change = { effects: [], ended: [], begun: [] }
  if (first && resolved) {
    for (const { id: componentId, status } of components.filter(({ status }) => status !== 'operational')) {
      change.effects.push({ componentId, oldStatus: status, newStatus: 'operational' })
      change.begun.push({ componentId, status, startedAt: incident.startedAt, endedAt: over })
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
    if (held) change.ended.push(endedBy(held, resolved && newStatus === 'operational' ? over : at))
    if (newStatus !== 'operational')
      change.begun.push({ componentId, status: newStatus, startedAt: first ? incident.startedAt : at, endedAt: null })
  }
  if (resolved && incident.endedAt) {
    const closing = new Set(change.ended.map(({ id }) => id))
    for (const held of intervals) {
      const clipped = endedBy(held, over)
      if (held.endedAt !== null && !closing.has(held.id) && clipped !== held) change.ended.push(clipped)
    }
  }
  return change
}

type Facts = Pick<Row<'incident'>, 'startedAt' | 'endedAt' | 'resolvedAt'>

/**
 * The intervals that move when start or end of an incident are corrected: those that the first update began follow the
 * start; of a resolved incident, those that ended with it follow the end, and none outlasts it.
 */
export function correctedSpans(
  before: Facts,
  after: Facts,
  firstUpdateId: string | undefined,
  intervals: Interval[],
): Interval[] {
  const wasOver = before.endedAt ?? before.resolvedAt
  const isOver = after.endedAt ?? after.resolvedAt
  const moved = intervals.map((interval) => {
    let span = interval
    if (before.startedAt !== after.startedAt && span.updateId === firstUpdateId) {
      if (span.endedAt !== null && span.endedAt !== wasOver && span.endedAt < after.startedAt) {
        const sentence = 'The start cannot be later than the first change that an update made to a component.'
        throw invalid(sentence, { startedAt: sentence })
      }
      span = { ...span, startedAt: after.startedAt }
    }
    if (after.resolvedAt && before.endedAt !== after.endedAt && isOver && span.endedAt !== null) {
      if (span.endedAt === wasOver) span = { ...span, endedAt: isOver }
      span = endedBy(span, isOver)
    }
    return span
  })
  return moved.filter((span, i) => span !== intervals[i])
}
