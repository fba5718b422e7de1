import type { ComponentStatus, IncidentStatus } from '#api/db/schema.ts'
import { isPrivate } from '#api/incidents/incident.ts'
import { type Instant, minuteMs, toMs } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'

/** How much later than promised still is on time (2.6.2). */
export const graceMs = 2 * minuteMs

interface Told {
  status: IncidentStatus
  severity: number
  createdAt: Instant
  nextUpdateAt: Instant | null
  correctsId: string | null
}

interface Held {
  componentId: string
  name: Words
  status: ComponentStatus
  startedAt: Instant
  endedAt: Instant | null
}

export interface Figures {
  /** Minutes that each component was not operational, by state; in the order in which they were touched. */
  components: { id: string; name: Words; minutes: number; states: { status: ComponentStatus; minutes: number }[] }[]
  /** From occurrence and from discovery to the first word in public; null when a time is missing or out of order. */
  firstNotice: { fromOccurrence: number | null; fromDiscovery: number | null }
  /** From the first public mention and from the declaration to the first public statement: 60 minutes and 4 hours (2.4.3). */
  firstStatement: { fromMention: number | null; fromDeclaration: number | null }
  /** From occurrence and from discovery to the end. */
  handling: { fromOccurrence: number | null; fromDiscovery: number | null }
  /** Promises of a next update, and how many were kept to within two minutes. */
  cadence: { due: number; kept: number }
  /** The longest time between two words in public, up to the resolved one. */
  longestSilence: number | null
  updates: number
  corrections: number
}

interface Measured {
  occurredAt: Instant | null
  detectedAt: Instant | null
  startedAt: Instant
  endedAt: Instant | null
  resolvedAt: Instant | null
  updates: readonly Told[]
  intervals: readonly Held[]
  /** What the clocks of statements run from, and when the company first spoke. */
  spoken?: { mentionedAt: Instant | null; declaredAt: Instant; firstStatementAt: Instant | null } | undefined
}

/** Whole minutes; null when one end is missing, or the end is before the start (2.6.1: never shown as 0). */
const between = (from: Instant | null | undefined, to: Instant | null | undefined): number | null => {
  if (!from || !to) return null
  const ms = toMs(to) - toMs(from)
  return ms < 0 ? null : Math.round(ms / minuteMs)
}

/** An incident in numbers, by the definitions of 2.6.2. Updates of a private time do not count: the public never saw them. */
export function figuresOf(incident: Measured, now: Instant): Figures {
  const told = incident.updates
    .filter(({ severity }) => !isPrivate(severity))
    .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
  const first = told[0]?.createdAt
  const occurred = incident.occurredAt ?? incident.startedAt
  const end = incident.endedAt ?? incident.resolvedAt
  const last = told.findLastIndex(({ createdAt }) => incident.resolvedAt === null || createdAt <= incident.resolvedAt)
  const until = told.slice(0, last + 1)
  const promises = until.flatMap((update, i) => {
    const next = until[i + 1]
    if (!update.nextUpdateAt || (!next && toMs(update.nextUpdateAt) + graceMs >= toMs(now))) return []
    return [next !== undefined && toMs(next.createdAt) <= toMs(update.nextUpdateAt) + graceMs]
  })
  const silences = until.slice(1).map(({ createdAt }, i) => between(until[i]?.createdAt, createdAt) ?? 0)
  return {
    components: minutesOf(incident.intervals, now),
    firstNotice: { fromOccurrence: between(occurred, first), fromDiscovery: between(incident.detectedAt, first) },
    firstStatement: {
      fromMention: between(incident.spoken?.mentionedAt, incident.spoken?.firstStatementAt),
      fromDeclaration: between(incident.spoken?.declaredAt, incident.spoken?.firstStatementAt),
    },
    handling: { fromOccurrence: between(occurred, end), fromDiscovery: between(incident.detectedAt, end) },
    cadence: { due: promises.length, kept: promises.filter(Boolean).length },
    longestSilence: silences.length ? Math.max(...silences) : null,
    updates: told.length,
    corrections: told.filter(({ correctsId }) => correctsId !== null).length,
  }
}

function minutesOf(intervals: readonly Held[], now: Instant): Figures['components'] {
  const components = new Map<string, Figures['components'][number]>()
  for (const { componentId, name, status, startedAt, endedAt } of intervals) {
    const minutes = between(startedAt, endedAt ?? now) ?? 0
    const component = components.get(componentId) ?? { id: componentId, name, minutes: 0, states: [] }
    component.minutes += minutes
    const state = component.states.find((one) => one.status === status)
    if (state) state.minutes += minutes
    else component.states.push({ status, minutes })
    components.set(componentId, component)
  }
  return [...components.values()]
}
