import { z } from '@hono/zod-openapi'
import { id, instant, words } from '#api/http/shapes.ts'
import { factNames } from '#api/statements/facts.ts'
import { statementTypes } from '#api/statements/types.ts'
import type { PublicStatement, ReportLink, StatementLink } from './document.ts'

const link = z.object({
  id,
  type: z.enum(statementTypes),
  standing: z.enum(['published', 'corrected', 'withdrawn', 'superseded']),
  title: words,
  publishedAt: instant,
  changedAt: instant,
})
export const statementLink: z.ZodType<StatementLink> = link.openapi('StatementLink')

export const publicStatementShape: z.ZodType<PublicStatement> = link
  .extend({
    body: words.openapi({ description: 'Nothing once it was withdrawn.' }),
    scheduledFor: instant.nullable().openapi({ description: 'When it was to be published, if it came out late.' }),
    corrections: z.array(z.object({ at: instant, note: words })),
    withdrawnAt: instant.nullable(),
    withdrawnReason: words,
    supersededAt: instant.nullable(),
    supersededBy: z.object({ id, title: words }).nullable(),
    differs: z
      .array(z.enum(factNames))
      .openapi({ description: 'Facts that it tells otherwise than the incident’s page does today.' }),
    incident: z.object({ id, title: words }).nullable(),
  })
  .openapi('PublicStatement')

const reportLink: z.ZodType<ReportLink> = z
  .object({
    incidentId: id,
    number: z.int(),
    standing: z.enum(['published', 'corrected']),
    title: words.openapi({ description: 'The incident it reports on.' }),
    publishedAt: instant,
    changedAt: instant,
  })
  .openapi('ReportLink')

export const publicStatementsShape = z.object({
  data: z.array(publicStatementShape),
  next: z.string().nullable(),
  reports: z.array(reportLink).openapi({ description: 'Public reports, which are updates of their incidents.' }),
})
