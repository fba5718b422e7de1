import { z } from '@hono/zod-openapi'
import { componentStatuses } from '#api/components/component.ts'
import { componentStatus, heldComponent, id, impact, incidentStatus, instant, words } from '#api/http/shapes.ts'
import { maintenanceShape } from '#api/maintenance/schema.ts'
import type {
  FeedEntry,
  HistoryDocument,
  PastEntry,
  PublicComponent,
  PublicIncident,
  PublicUpdate,
  StatusDocument,
  UptimeDocument,
} from './document.ts'
import { publicStatementShape, statementLink } from './statement-schema.ts'

// The documents of document.ts for the OpenAPI document; the types hold the two together.

const component: z.ZodType<PublicComponent> = z
  .object({
    id,
    name: words,
    description: words,
    core: z.boolean(),
    status: componentStatus,
    changedAt: instant,
    startDate: z.string().openapi({ format: 'date' }),
    uptime: z.string().openapi({ example: '99.931', description: 'Percent over the days shown, floored.' }),
    days: z.array(z.enum([...componentStatuses, 'none'])),
    badDays: z.array(
      z.object({
        date: z.string().openapi({ format: 'date' }),
        states: z.array(z.object({ status: componentStatus, seconds: z.number(), since: instant.nullable() })),
      }),
    ),
  })
  .openapi('PublicComponent')

const update: z.ZodType<PublicUpdate> = z
  .object({
    id,
    number: z.number(),
    status: incidentStatus,
    body: words,
    createdAt: instant,
    nextUpdateAt: instant.nullable(),
    notified: z.boolean(),
    correctsId: id.nullable(),
    correctedById: id.nullable(),
    effects: z.array(
      z.object({ componentId: id, name: words, oldStatus: componentStatus, newStatus: componentStatus }),
    ),
  })
  .openapi('PublicUpdate')

const offer = z
  .object({
    id,
    state: z.enum(['live', 'closed']),
    basis: z.enum(['sla', 'goodwill']),
    title: words,
    terms: words,
    automatic: z.boolean(),
    announcedAt: instant,
    claimFrom: instant,
    claimUntil: instant,
  })
  .openapi('PublicOffer')

const incident = z.object({
  id,
  code: z.string(),
  kind: z.enum(['incident', 'known_issue', 'advisory']),
  impact,
  status: incidentStatus,
  title: words,
  scope: words,
  notAffected: words,
  workaround: words,
  startedAt: instant,
  endedAt: instant.nullable(),
  resolvedAt: instant.nullable(),
  createdAt: instant,
  nextUpdateAt: instant.nullable(),
  late: z.boolean(),
  affected: z.array(heldComponent),
  rating: z
    .object({ mean: z.string().openapi({ example: '4.1' }), answers: z.number(), at: instant })
    .nullable()
    .openapi({ description: 'How customers rated the telling, where the company shows it.' }),
  offers: z.array(offer),
})

export const publicIncidentShape: z.ZodType<PublicIncident> = incident
  .extend({ updates: z.array(update), statements: z.array(statementLink) })
  .openapi('PublicIncident')

const past: z.ZodType<PastEntry> = z
  .union([
    z.object({ kind: z.literal('incident'), date: z.string(), incident: publicIncidentShape }),
    z.object({ kind: z.literal('maintenance'), date: z.string(), maintenance: maintenanceShape }),
    z.object({ kind: z.literal('quiet'), from: z.string(), to: z.string() }),
  ])
  .openapi('PastEntry')

export const statusShape: z.ZodType<StatusDocument> = z
  .object({
    revision: z.number(),
    at: instant,
    changedAt: instant,
    zone: z.string(),
    overall: z.object({ status: componentStatus, count: z.number() }),
    open: z.array(publicIncidentShape),
    knownIssues: z.array(publicIncidentShape),
    groups: z.array(z.object({ id, name: words, components: z.array(component) })),
    maintenances: z.array(maintenanceShape),
    past: z.array(past),
    firstMonth: z.string().nullable(),
  })
  .openapi('Status')

export const historyShape: z.ZodType<HistoryDocument> = z
  .object({
    month: z.string(),
    revision: z.number(),
    at: instant,
    zone: z.string(),
    incidents: z.array(publicIncidentShape),
    maintenances: z.array(maintenanceShape),
    statements: z.array(publicStatementShape),
    older: z.string().nullable(),
    newer: z.string().nullable(),
  })
  .openapi('History')

export const uptimeShape: z.ZodType<UptimeDocument> = z
  .object({
    at: instant,
    zone: z.string(),
    months: z.array(z.string()),
    groups: z.array(
      z.object({
        id,
        name: words,
        components: z.array(
          z.object({
            id,
            name: words,
            startDate: z.string().openapi({ format: 'date' }),
            uptimes: z.array(z.string().nullable()),
          }),
        ),
      }),
    ),
  })
  .openapi('Uptime')

export const monthsShape = z.object({ data: z.array(z.string()), next: z.string().nullable() })

const entry: z.ZodType<FeedEntry> = z.object({ incident, update }).openapi('FeedEntry')
export const updatesShape = z.object({ data: z.array(entry), next: z.string().nullable() })
