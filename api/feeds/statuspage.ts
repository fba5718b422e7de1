import { gravest } from '#api/components/component.ts'
import type { ComponentStatus, Impact } from '#api/db/schema.ts'
import { derivedId } from '#api/lib/ids.ts'
import { type Instant, midnight, toInstant, zonedIso } from '#api/lib/time.ts'
import type { Site } from '#api/site.ts'
import type { PublicIncident, PublicMaintenance, StatusDocument } from '#api/status/document.ts'
import type { Words } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { inLocale } from './entries.ts'

// The public API of Atlassian Statuspage, version 2, field for field, so that programs written for it can read us:
// the shape is the one every page of theirs describes under its own /api.

/** What the documents are made of. */
export interface StatuspageParts {
  site: Site
  publicUrl: string
  /** The record's own name: the page's id is made of it. */
  record: string
  status: StatusDocument
  /** The youngest first, open ones among them. */
  incidents: PublicIncident[]
  /** Every pending one and the youngest past ones, the latest begin first. */
  maintenances: PublicMaintenance[]
}

/** How many incidents and maintenances the long lists hold, as theirs do. */
export const listLength = 50

/** Where each document stands, and what it says. Texts are in the site's own language where they exist in it. */
export const statuspageDocuments: Record<string, (parts: StatuspageParts) => object> = {
  '/api/v2/summary.json': (parts) => ({
    ...head(parts),
    components: components(parts),
    incidents: unresolved(parts),
    scheduled_maintenances: pending(parts),
    status: indicator(parts.status),
  }),
  '/api/v2/status.json': (parts) => ({ ...head(parts), status: indicator(parts.status) }),
  '/api/v2/components.json': (parts) => ({ ...head(parts), components: components(parts) }),
  '/api/v2/incidents.json': (parts) => ({
    ...head(parts),
    incidents: parts.incidents.slice(0, listLength).map((one) => incident(parts, one)),
  }),
  '/api/v2/incidents/unresolved.json': (parts) => ({ ...head(parts), incidents: unresolved(parts) }),
  '/api/v2/scheduled-maintenances.json': (parts) => ({
    ...head(parts),
    scheduled_maintenances: parts.maintenances.slice(0, listLength).map((one) => maintenance(parts, one)),
  }),
  '/api/v2/scheduled-maintenances/upcoming.json': (parts) => ({
    ...head(parts),
    scheduled_maintenances: pending(parts).filter(({ status }) => status === 'scheduled'),
  }),
  '/api/v2/scheduled-maintenances/active.json': (parts) => ({
    ...head(parts),
    scheduled_maintenances: pending(parts).filter(({ status }) => status !== 'scheduled'),
  }),
}

const text = ({ site }: StatuspageParts, words: Words) => inLocale(words, site.defaultLocale).text
const time = ({ site }: StatuspageParts, at: Instant | null) => (at === null ? null : zonedIso(at, site.zone))

/** What is worked out of the same parts is worked out once: every incident names whole components. */
function once<T>(work: (parts: StatuspageParts) => T): (parts: StatuspageParts) => T {
  const done = new WeakMap<StatuspageParts, { value: T }>()
  return (parts) => {
    const known = done.get(parts) ?? { value: work(parts) }
    done.set(parts, known)
    return known.value
  }
}

const pageId = once(({ record }) => derivedId('page', record))

function head(parts: StatuspageParts) {
  const { site, publicUrl, status } = parts
  return {
    page: {
      id: pageId(parts),
      name: site.name[site.defaultLocale],
      url: publicUrl,
      time_zone: site.zone,
      updated_at: time(parts, status.changedAt),
    },
  }
}

const sentences: Record<ComponentStatus, { indicator: Impact; description: string }> = {
  operational: { indicator: 'none', description: 'All Systems Operational' },
  under_maintenance: { indicator: 'none', description: 'Service Under Maintenance' },
  degraded_performance: { indicator: 'minor', description: 'Partially Degraded Service' },
  partial_outage: { indicator: 'major', description: 'Partial System Outage' },
  major_outage: { indicator: 'critical', description: 'Major Service Outage' },
}
const impacts: Record<Impact, ComponentStatus> = {
  none: 'operational',
  minor: 'degraded_performance',
  major: 'partial_outage',
  critical: 'major_outage',
}

/** The page in one word: the gravest of what components say and what open incidents say. */
const indicator = ({ overall, open }: StatusDocument) =>
  sentences[gravest([overall.status, ...open.map(({ impact }) => impacts[impact])])]

const components = once((parts) => {
  const { status, site } = parts
  return status.groups.flatMap((group, at) => {
    const begun = group.components.map(({ startDate }) => startDate).sort()[0]!
    return [
      {
        id: group.id,
        name: text(parts, group.name),
        status: gravest(group.components.map((component) => component.status)),
        created_at: time(parts, toInstant(midnight(begun, site.zone))),
        updated_at: time(
          parts,
          group.components
            .map(({ changedAt }) => changedAt)
            .sort()
            .at(-1)!,
        ),
        position: at + 1,
        description: null,
        showcase: false,
        start_date: null,
        group_id: null,
        page_id: pageId(parts),
        group: true,
        only_show_if_degraded: false,
        components: group.components.map(({ id }) => id),
      },
      ...group.components.map((component, place) => ({
        id: component.id,
        name: text(parts, component.name),
        status: component.status,
        created_at: time(parts, toInstant(midnight(component.startDate, site.zone))),
        updated_at: time(parts, component.changedAt),
        position: place + 1,
        description: text(parts, component.description) || null,
        showcase: true,
        start_date: component.startDate,
        group_id: group.id,
        page_id: pageId(parts),
        group: false,
        only_show_if_degraded: false,
      })),
    ]
  })
})

/** Full objects of the components an incident or a maintenance names; one that is no longer in use is left out. */
const named = (parts: StatuspageParts, list: readonly { id: string }[]) => {
  const all = byId(parts)
  return list.flatMap(({ id }) => all.get(id) ?? [])
}
const byId = once((parts) => new Map(components(parts).map((component) => [component.id, component])))

/** A component as updates name it: behind its group, while it is in use. */
function fullName(parts: StatuspageParts, id: string, name: Words): string {
  const all = byId(parts)
  const group = all.get(all.get(id)?.group_id ?? '')
  return (group ? `${group.name} - ` : '') + text(parts, name)
}

const unresolved = (parts: StatuspageParts) =>
  parts.incidents.filter(({ resolvedAt }) => resolvedAt === null).map((one) => incident(parts, one))

const pending = (parts: StatuspageParts) =>
  parts.maintenances
    .filter(({ completedAt, cancelledAt }) => completedAt === null && cancelledAt === null)
    .map((one) => maintenance(parts, one))
    .reverse()

function incident(parts: StatuspageParts, one: PublicIncident) {
  const oldestFirst = one.updates.toReversed()
  const watched = oldestFirst.find(({ status }) => status === 'monitoring')
  return {
    id: one.id,
    name: text(parts, one.title),
    status: one.status,
    created_at: time(parts, one.createdAt),
    updated_at: time(parts, one.updates[0]?.createdAt ?? one.createdAt),
    monitoring_at: time(parts, watched?.createdAt ?? null),
    resolved_at: time(parts, one.resolvedAt),
    impact: one.impact,
    shortlink: `${parts.publicUrl}/i/${one.code}/`,
    started_at: time(parts, one.startedAt),
    page_id: pageId(parts),
    incident_updates: one.updates.map((update) => ({
      id: update.id,
      status: update.status,
      body: text(parts, update.body),
      incident_id: one.id,
      created_at: time(parts, update.createdAt),
      updated_at: time(parts, update.createdAt),
      display_at: time(parts, update.createdAt),
      affected_components: update.effects.length
        ? update.effects.map((effect) => ({
            code: effect.componentId,
            name: fullName(parts, effect.componentId, effect.name),
            old_status: effect.oldStatus,
            new_status: effect.newStatus,
          }))
        : null,
      deliver_notifications: update.notified,
      custom_tweet: null,
      tweet_id: null,
    })),
    components: named(parts, one.affected),
    reminder_intervals: null,
    ...postmortem(parts, oldestFirst),
  }
}

/** What an incident with a report says besides; one without says nothing of it. */
function postmortem(parts: StatuspageParts, oldestFirst: PublicIncident['updates']) {
  const reports = oldestFirst.filter(({ status }) => status === 'postmortem')
  const newest = reports.at(-1)
  if (!newest) return {}
  return {
    postmortem_body: text(parts, newest.body),
    postmortem_body_last_updated_at: time(parts, newest.createdAt),
    postmortem_ignored: false,
    postmortem_published_at: time(parts, reports[0]!.createdAt),
    postmortem_notified_subscribers: reports.some(({ notified }) => notified),
    postmortem_notified_twitter: false,
  }
}

/** What has happened to a maintenance, newest first. A window begins by itself, so that part follows from the clock. */
function maintenanceSteps(parts: StatuspageParts, one: PublicMaintenance) {
  const labels = wordsOf(parts.site.defaultLocale).page.maintenance
  const body = text(parts, one.body)
  const begun = one.startsAt <= parts.status.at && one.cancelledAt === null
  return [
    { key: 'scheduled', status: 'scheduled', body, at: one.announcedAt },
    ...(begun ? [{ key: 'in_progress', status: 'in_progress', body, at: one.startsAt }] : []),
    ...one.changes.map(({ kind, said, at }, i) => ({
      key: kind === 'completed' ? kind : `${kind}-${i + 1}`,
      status: kind === 'moved' ? (begun && at >= one.startsAt ? 'in_progress' : 'scheduled') : 'completed',
      body: kind === 'completed' ? body : [labels.changed[kind], text(parts, said)].filter(Boolean).join('\n\n'),
      at,
    })),
  ].sort((a, b) => (a.at < b.at ? 1 : -1))
}

function maintenance(parts: StatuspageParts, one: PublicMaintenance) {
  const steps = maintenanceSteps(parts, one)
  const updatedAt = time(parts, steps[0]!.at)
  // Theirs knows no cancelled maintenance: a page that calls one off completes it and says so in words.
  const ended = one.completedAt ?? one.cancelledAt
  return {
    id: one.id,
    name: text(parts, one.title),
    status: one.status === 'cancelled' ? 'completed' : one.status,
    created_at: time(parts, one.announcedAt),
    updated_at: updatedAt,
    monitoring_at: null,
    resolved_at: time(parts, ended),
    impact: 'maintenance',
    shortlink: `${parts.publicUrl}/maintenance/${one.id}/`,
    started_at: time(parts, one.startsAt),
    page_id: pageId(parts),
    incident_updates: steps.map(({ key, status, body, at }) => ({
      id: derivedId('maintenance', one.id, key),
      status,
      body,
      incident_id: one.id,
      created_at: time(parts, at),
      updated_at: time(parts, at),
      display_at: time(parts, at),
      affected_components: one.components.map(({ id, name }) => ({
        code: id,
        name: fullName(parts, id, name),
        old_status: key === 'completed' ? 'under_maintenance' : 'operational',
        new_status: status === 'in_progress' ? 'under_maintenance' : 'operational',
      })),
      deliver_notifications: false,
      custom_tweet: null,
      tweet_id: null,
    })),
    components: named(parts, one.components),
    scheduled_for: time(parts, one.startsAt),
    scheduled_until: time(parts, one.endsAt),
    reminder_intervals: null,
  }
}
