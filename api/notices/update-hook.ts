import type { ComponentStatus, Impact } from '#api/db/schema.ts'
import { isOver, isPrivate } from '#api/incidents/incident.ts'
import type { Incident, IncidentUpdate } from '#api/incidents/show.ts'
import { cutText } from '#api/lib/cut.ts'
import { markdownToText } from '#api/lib/markdown.ts'
import type { Locale, Words } from '#content/locales.ts'
import { inLocale } from './told.ts'
import type { Sender } from './update-mail.ts'

// What a webhook says: Statuspage's subscriber webhook, field for field as Atlassian documents it (Enable webhook
// notifications), so that programs written for that can read us, inside an envelope with a type and a version.

/** Standard Webhooks asks for less than 20 KB; the reader's own link comes on top. */
const bytesMax = 19_000
/** Fewer updates than this are never left out: their texts are cut instead. */
const updatesLeast = 1
const textsCut = [8_000, 4_000, 2_000, 1_000] as const

export interface HookPage {
  id: string
  status: ComponentStatus
}

export interface HookEnvelope {
  type: string
  version: string
  timestamp: string
  data: { meta: { unsubscribe: string; documentation: string }; page: object; incident?: object }
}

/** Raised when a receiver written for the version before could misread the next. */
const version = '1'

const indicators: Record<ComponentStatus, { indicator: Impact; description: string }> = {
  operational: { indicator: 'none', description: 'All Systems Operational' },
  under_maintenance: { indicator: 'none', description: 'Service Under Maintenance' },
  degraded_performance: { indicator: 'minor', description: 'Partially Degraded Service' },
  partial_outage: { indicator: 'major', description: 'Partial System Outage' },
  major_outage: { indicator: 'critical', description: 'Major Service Outage' },
}

const envelope = (type: string, timestamp: string, { publicUrl }: Sender, page: HookPage): HookEnvelope => ({
  type,
  version,
  timestamp,
  data: {
    meta: { unsubscribe: '', documentation: `${publicUrl}/api/docs` },
    page: {
      id: page.id,
      status_indicator: indicators[page.status].indicator,
      status_description: indicators[page.status].description,
    },
  },
})

/** The message of one update in one language, without the reader's own link. */
export function updateHook(
  incident: Incident,
  updateId: string | null,
  locale: Locale,
  sender: Sender,
  page: HookPage,
): HookEnvelope {
  const told = incident.updates.find(({ id }) => id === updateId)
  const updates = incident.updates
    .filter(({ number, severity }) => number <= (told?.number ?? 0) && !isPrivate(severity))
    .sort((a, b) => b.number - a.number)
  const made = (count: number, textMax: number) => ({
    ...envelope('incident.updated', told?.createdAt ?? incident.createdAt, sender, page),
    data: {
      ...envelope('', '', sender, page).data,
      incident: incidentOf(incident, updates.slice(0, count), locale, sender, page, textMax),
    },
  })
  // A long story loses its oldest chapters first, then the length of the texts that are left.
  let count = updates.length
  let message = made(count, Number.POSITIVE_INFINITY)
  while (count > updatesLeast && sizeOf(message) > bytesMax) message = made(--count, Number.POSITIVE_INFINITY)
  for (const textMax of textsCut) if (sizeOf(message) > bytesMax) message = made(count, textMax)
  return message
}

const sizeOf = (message: HookEnvelope) => Buffer.byteLength(JSON.stringify(message))

/** A message that only shows an endpoint's owner that messages arrive. */
export const testHook = (now: string, sender: Sender, page: HookPage): HookEnvelope =>
  envelope('endpoint.test', now, sender, page)

/** The message of one reader: with the link by which this endpoint leaves. */
export const hookFor = (message: HookEnvelope, unsubscribe: string): string =>
  JSON.stringify({ ...message, data: { ...message.data, meta: { ...message.data.meta, unsubscribe } } })

function incidentOf(
  incident: Incident,
  newestFirst: IncidentUpdate[],
  locale: Locale,
  sender: Sender,
  page: HookPage,
  textMax: number,
) {
  const [newest] = newestFirst
  const text = (words: Words) => cutText(markdownToText(inLocale(words, locale).text), textMax)
  const since = (status: string) => newestFirst.find((update) => update.status === status)?.createdAt ?? null
  const over = newest !== undefined && isOver(newest.status)
  const report = newest?.status === 'postmortem' ? newest : null
  const names = new Map(incident.components.map(({ id, name }) => [id, name]))
  return {
    backfilled: false,
    created_at: incident.createdAt,
    impact: incident.impact,
    impact_override: null,
    monitoring_at: since('monitoring'),
    postmortem_body: report && text(report.body),
    postmortem_body_last_updated_at: report?.createdAt ?? null,
    postmortem_ignored: false,
    postmortem_notified_subscribers: report !== null,
    postmortem_notified_twitter: false,
    postmortem_published_at: report?.createdAt ?? null,
    resolved_at: over ? (since('resolved') ?? incident.resolvedAt) : null,
    scheduled_auto_transition: false,
    scheduled_for: null,
    scheduled_remind_prior: false,
    scheduled_reminded_at: null,
    scheduled_until: null,
    shortlink: `${sender.publicUrl}/i/${incident.code}`,
    status: newest?.status ?? incident.status,
    updated_at: newest?.createdAt ?? incident.createdAt,
    id: incident.id,
    organization_id: page.id,
    incident_updates: newestFirst.map((update) => ({
      body: text(update.body),
      created_at: update.createdAt,
      display_at: update.createdAt,
      status: update.status,
      twitter_updated_at: null,
      updated_at: update.createdAt,
      wants_twitter_update: false,
      id: update.id,
      incident_id: incident.id,
      affected_components: update.effects.map(({ componentId, oldStatus, newStatus }) => ({
        code: componentId,
        name: inLocale(names.get(componentId) ?? {}, locale).text,
        old_status: oldStatus,
        new_status: newStatus,
      })),
    })),
    name: inLocale(incident.title, locale).text,
  }
}
