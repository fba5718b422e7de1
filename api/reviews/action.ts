import { invalid } from '#api/errors.ts'
import { isPast } from '#api/lib/business.ts'
import type { Instant } from '#api/lib/time.ts'

export const actionTypes = ['prevent', 'detect', 'respond', 'communicate', 'train', 'plan-change'] as const
export type ActionType = (typeof actionTypes)[number]
export const actionStates = ['open', 'done', 'dropped'] as const
export type ActionState = (typeof actionStates)[number]
export const priorities = ['high', 'normal', 'low'] as const
export type Priority = (typeof priorities)[number]

export interface ActionFacts {
  text: string
  type: ActionType
  /** Who sees to it; null while nobody does. */
  owner: string | null
  /** By the end of this day, "2026-12-01". */
  due: string | null
  priority: Priority
  link: string | null
  state: ActionState
  /** What shows that it is done, or why it was dropped. */
  evidence: string | null
}

/** Refuses what an action cannot be: done without evidence, a change of the plan that names none. */
export function checkAction(action: ActionFacts): void {
  const fields: Record<string, string> = {}
  if (action.due !== null && !isDay(action.due)) fields.due = 'Write the day as 2026-12-01.'
  if (action.link !== null && !/^https:\/\/[^\s/]/.test(action.link)) fields.link = 'A link begins with https://.'
  if (action.state !== 'open' && !action.evidence)
    fields.evidence = action.state === 'done' ? 'Say what shows that it is done.' : 'Say why it is dropped.'
  if (action.state === 'done' && !action.owner) fields.owner = 'Say who has done it.'
  if (action.state === 'done' && action.type === 'plan-change' && !action.link)
    fields.link ??= 'A change of the plan names the new version, rule or policy it has led to.'
  if (Object.keys(fields).length) throw invalid('This action needs your attention.', fields)
}

const isDay = (text: string) => {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

/** Open, and its day is over. */
export const isOverdue = (action: Pick<ActionFacts, 'state' | 'due'>, now: Instant, zone: string): boolean =>
  action.state === 'open' && action.due !== null && isPast(action.due, now, zone)

export const isUnowned = (action: Pick<ActionFacts, 'state' | 'owner'>): boolean =>
  action.state === 'open' && !action.owner
