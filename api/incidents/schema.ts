import { z } from '@hono/zod-openapi'
import { componentStatus, heldComponent, id, impact, incidentStatus, instant, words } from '#api/http/shapes.ts'
import type { Incident } from './show.ts'

const update = z
  .object({
    id,
    number: z.number(),
    status: incidentStatus,
    severity: z.number(),
    body: words,
    nextUpdateAt: instant.nullable(),
    correctsId: id.nullable(),
    notify: z.boolean(),
    createdAt: instant,
    createdBy: z.string(),
    effects: z.array(z.object({ componentId: id, oldStatus: componentStatus, newStatus: componentStatus })),
  })
  .openapi('IncidentUpdate')

/** An incident as the management API answers it. */
export const incidentShape: z.ZodType<Incident> = z
  .object({
    id,
    code: z.string().openapi({ description: 'The short name of its page: /i/{code}/.' }),
    title: words,
    severity: z.number(),
    advisory: z.boolean(),
    impact,
    status: incidentStatus,
    scope: words,
    notAffected: words,
    workaround: words,
    occurredAt: instant.nullable(),
    detectedAt: instant.nullable(),
    startedAt: instant,
    endedAt: instant.nullable(),
    nextUpdateAt: instant.nullable(),
    createdAt: instant,
    createdBy: z.string(),
    resolvedAt: instant.nullable(),
    resolvedBy: z.string().nullable(),
    components: z.array(heldComponent),
    updates: z.array(update),
  })
  .openapi('Incident')
