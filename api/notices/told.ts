import { gravest, gravity } from '#api/components/component.ts'
import type { ComponentStatus, Impact, IncidentStatus } from '#api/db/schema.ts'
import { isOver } from '#api/incidents/incident.ts'
import type { Incident } from '#api/incidents/show.ts'
import type { Instant } from '#api/lib/time.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'

/** Everything that the messages about one update say, in all languages; nothing else reaches a mail or an SMS. */
export interface Told {
  incidentId: string
  code: string
  status: IncidentStatus
  impact: Impact
  title: Words
  body: Words
  scope: Words
  notAffected: Words
  workaround: Words
  startedAt: Instant
  /** When it was over, for customers; null while it is not. */
  endedAt: Instant | null
  publishedAt: Instant
  nextUpdateAt: Instant | null
  correction: boolean
  /** Graver than at the update before. */
  raised: boolean
  /** The components it has touched, as they stood after this update: the gravest first, then in the order of the page. */
  components: { id: string; name: Words; status: ComponentStatus }[]
  /** Titles of what is given to those it affected, and was open when it was over; none before. */
  offers: Words[]
}

/** Components in the order of the page. */
export type PageOrder = readonly { id: string; name: Words }[]

/** Puts touched components in the order that people read them. */
export function inOrder(
  states: ReadonlyMap<string, ComponentStatus>,
  names: ReadonlyMap<string, Words>,
  page: PageOrder,
): Told['components'] {
  const place = new Map(page.map(({ id }, position) => [id, position]))
  return [...states]
    .map(([id, status]) => ({ id, status, name: names.get(id) ?? page.find((other) => other.id === id)?.name ?? {} }))
    .sort(
      (a, b) =>
        gravity(b.status) - gravity(a.status) ||
        (place.get(a.id) ?? page.length) - (place.get(b.id) ?? page.length) ||
        (a.id < b.id ? -1 : 1),
    )
}

/**
 * What one published update tells. States are as they stood after it, whatever came later; the facts are the sheet as
 * it stands. `offers` are those that were open when it was published, and are. Null when the incident has no such update.
 */
export function toldOf(incident: Incident, updateId: string, page: PageOrder, offers: Words[]): Told | null {
  const update = incident.updates.find(({ id }) => id === updateId)
  if (!update) return null
  const until = incident.updates.filter(({ number }) => number <= update.number).sort((a, b) => a.number - b.number)
  const states = new Map<string, ComponentStatus>()
  for (const { effects } of until) for (const effect of effects) states.set(effect.componentId, effect.newStatus)
  const before = until.at(-2)
  return {
    incidentId: incident.id,
    code: incident.code,
    status: update.status,
    impact: incident.impact,
    title: incident.title,
    body: update.body,
    scope: incident.scope,
    notAffected: incident.notAffected,
    workaround: incident.workaround,
    startedAt: incident.startedAt,
    endedAt: isOver(update.status) ? (incident.endedAt ?? incident.resolvedAt ?? update.createdAt) : null,
    publishedAt: update.createdAt,
    nextUpdateAt: update.nextUpdateAt,
    correction: update.correctsId !== null,
    raised: before !== undefined && update.severity < before.severity,
    components: inOrder(states, new Map(incident.components.map(({ id, name }) => [id, name])), page),
    offers: isOver(update.status) ? offers : [],
  }
}

/** The gravest state of the components it still affects. */
export const worstOf = (told: Told): ComponentStatus => gravest(told.components.map(({ status }) => status))

/** A text as a reader of this language gets it; `lang` when it exists in another language only. No control characters but line breaks. */
export function inLocale(words: Words, locale: Locale): { text: string; lang?: Locale } {
  const own = words[locale]
  const other = locales.find((candidate) => words[candidate])
  const text = (own || (other && words[other]) || '').replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ')
  return own || !other ? { text } : { text, lang: other }
}
