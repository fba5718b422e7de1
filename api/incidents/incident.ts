import { gravity } from '#api/components/component.ts'
import type { ComponentStatus, Impact, IncidentStatus, Row } from '#api/db/schema.ts'
import { conflict, invalid } from '#api/errors.ts'
import { hourMs, type Instant, toMs } from '#api/lib/time.ts'

export const incidentStatuses = ['investigating', 'identified', 'monitoring', 'resolved', 'postmortem'] as const
export const impacts = ['none', 'minor', 'major', 'critical'] as const

/** How long after its end an incident may go on as the same one. */
export const reopenWithinMs = 24 * hourMs

/** Severity 3 concerns single customers: no page, feed, code or notice shows it. */
export const isPrivate = (severity: number): boolean => severity === 3
export const isOver = (status: IncidentStatus): boolean => status === 'resolved' || status === 'postmortem'

/** What the public reads an incident as: on level 4 it stands apart. */
export const kindOf = (severity: number, advisory: boolean) =>
  severity !== 4 ? 'incident' : advisory ? 'advisory' : 'known_issue'

/** What the public reads of a severity unless a person says otherwise. */
export const impactOf = (severity: number): Impact =>
  (['critical', 'major', 'minor', 'none'] as const)[severity - 1] ?? 'none'

export interface ComponentState {
  id: string
  status: ComponentStatus
}

/** Refuses components listed twice or unknown, and any effect of a known issue. `field` names the input. */
export function checkComponents(severity: number, components: ComponentState[], known: Set<string>): void {
  const fields: Record<string, string> = {}
  components.forEach(({ id, status }, i) => {
    if (!known.has(id)) fields[`components.${i}.id`] = `There is no component ${id}.`
    else if (components.findIndex((other) => other.id === id) !== i)
      fields[`components.${i}.id`] = 'This component is listed twice.'
    else if (severity === 4 && status !== 'operational')
      fields[`components.${i}.status`] = 'A known issue (severity 4) changes no component. Choose a graver severity.'
  })
  if (Object.keys(fields).length) throw invalid('Some components need your attention.', fields)
}

/** Refuses an advisory on a level that stops somebody: it stands apart and touches no component. */
export function checkAdvisory(severity: number, advisory: boolean | undefined): void {
  const sentence = 'Only a word of severity 4 is an advisory: it stands apart and changes no component.'
  if (advisory && severity !== 4) throw invalid(sentence, { advisory: sentence })
}

/**
 * Refuses a word on an incident that is over, and stays over, that makes a component worse than this incident holds it:
 * the page would show trouble that no open incident speaks of.
 */
export function checkOver(
  components: ComponentState[],
  held: { componentId: string; status: ComponentStatus }[],
): void {
  const fields: Record<string, string> = {}
  components.forEach(({ id, status }, i) => {
    const before = held.find(({ componentId }) => componentId === id)?.status ?? 'operational'
    if (gravity(status) > gravity(before))
      fields[`components.${i}.status`] = 'This incident is over. Open it again with another status, or open a new one.'
  })
  if (Object.keys(fields).length)
    throw invalid('An incident that is over cannot make a component worse. Open it again, or open a new one.', fields)
}

/** Refuses words written without having read the newest ones: two people would contradict each other in public. */
export function checkFollows(follows: string | undefined, earlier: { id: string; number: number }[]): void {
  const newest = earlier.at(-1)
  if (follows !== undefined && newest && newest.id !== follows)
    throw conflict(`Update ${newest.number} was published meanwhile. Read it first, then follow it.`)
}

/** A reader is always told when the next word comes, until the incident is over. */
export function checkPromise(status: IncidentStatus, nextUpdateAt: Instant | null, now: Instant): void {
  if (!nextUpdateAt) {
    if (isOver(status)) return
    const sentence = 'Say when the next update comes: readers are waiting for it.'
    throw invalid(sentence, { nextUpdateAt: sentence })
  }
  if (toMs(nextUpdateAt) <= toMs(now)) {
    const sentence = 'The next update must be promised for a time that is still to come.'
    throw invalid(sentence, { nextUpdateAt: sentence })
  }
}

type Life = Pick<Row<'incident'>, 'status' | 'resolvedAt'>

/**
 * What an update's status does to an incident: it goes on, is resolved, or begins again. Moves back are allowed;
 * a resolved incident begins again within 24 hours only, and a report follows a resolved incident only.
 */
export function moveTo(incident: Life, status: IncidentStatus, now: Instant): 'goes_on' | 'resolved' | 'reopened' {
  const { resolvedAt } = incident
  if (status === 'postmortem' && !resolvedAt)
    throw conflict('The report follows once the incident is resolved. Publish that it is resolved first.')
  if (status === 'resolved' && !resolvedAt) return 'resolved'
  if (isOver(status) || !resolvedAt) return 'goes_on'
  if (toMs(now) - toMs(resolvedAt) > reopenWithinMs)
    throw conflict('This incident was resolved more than 24 hours ago. Open a new one instead.')
  return 'reopened'
}

/**
 * Refuses a report that somebody writes as an update, or puts right as one: both go out from the incident's review, once
 * legal and the lead have approved these very words (2.1.4, 2.8).
 */
export function checkByHand(status: IncidentStatus, corrected?: { status: IncidentStatus } | undefined): void {
  if (status === 'postmortem')
    throw conflict(
      'A report goes out from the incident’s review, once legal and the lead have approved it. For a further word on what is over, publish it as resolved.',
    )
  if (corrected?.status === 'postmortem')
    throw conflict('A report is put right in the incident’s review, where legal and the lead approve the new words.')
}

/** Refuses facts that cannot be: what lies in the future, and an end before the start. */
export function checkFacts(
  facts: Pick<Row<'incident'>, 'occurredAt' | 'detectedAt' | 'startedAt' | 'endedAt' | 'resolvedAt'>,
  now: Instant,
): void {
  const fields: Record<string, string> = {}
  for (const name of ['occurredAt', 'detectedAt', 'startedAt', 'endedAt'] as const) {
    const at = facts[name]
    if (at && toMs(at) > toMs(now)) fields[name] = 'This time is still to come.'
  }
  if (facts.endedAt && toMs(facts.endedAt) < toMs(facts.startedAt)) fields.endedAt ??= 'The end is before the start.'
  if (facts.resolvedAt && facts.resolvedAt < facts.startedAt)
    fields.startedAt ??= 'The incident was resolved before this time.'
  if (Object.keys(fields).length) throw invalid('Some times need your attention.', fields)
}

/**
 * Refuses two changes of severity: what was said in public stays public, so it never becomes 3; a known issue holds no
 * component, so it becomes 4 only when all are operational.
 */
export function checkSeverity(before: number, after: number, holdsComponents: boolean): void {
  const refuse = (sentence: string): never => {
    throw invalid(sentence, { severity: sentence })
  }
  if (isPrivate(after) && !isPrivate(before))
    refuse('What was said in public stays public: this incident cannot become severity 3. Resolve it instead.')
  if (after === 4 && before !== 4 && holdsComponents)
    refuse('A known issue (severity 4) holds no component. Set its components to operational first.')
}

/** Refuses a change of components dated before the incident, before an earlier change of one of them, or to come. */
export function checkEffectiveAt(
  effectiveAt: Instant,
  incident: Pick<Row<'incident'>, 'startedAt'>,
  held: { startedAt: Instant; endedAt: Instant | null }[],
  now: Instant,
): void {
  const earliest = [incident.startedAt, ...held.map(({ startedAt }) => startedAt)].sort().at(-1)!
  if (effectiveAt >= earliest && effectiveAt <= now) return
  const sentence = `Components changed between ${earliest} and now, not at this time.`
  throw invalid(sentence, { effectiveAt: sentence })
}
