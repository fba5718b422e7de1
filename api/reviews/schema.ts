import { z } from '@hono/zod-openapi'
import { componentStatus, id, instant, words } from '#api/http/shapes.ts'
import { actionStates, actionTypes, priorities } from './action.ts'
import { causes, factorKinds } from './cause.ts'
import { type ReportPart, reportParts } from './report.ts'
import { reviewStates } from './review.ts'
import { type Section, sections } from './sections.ts'

const day = z.string().openapi({ format: 'date', example: '2026-11-18' })
const minutes = z.number().nullable()
const bySection = z.object(
  Object.fromEntries(sections.map((section) => [section, words])) as Record<Section, typeof words>,
)
const parts = z.object(Object.fromEntries(reportParts.map((part) => [part, words])) as Record<ReportPart, typeof words>)
const said = { createdAt: instant, createdBy: z.string() }

const due = z.object({
  meetingOn: day,
  meetingLate: z.boolean(),
  reportOn: day,
  reportLate: z.boolean(),
  preliminaryAt: instant.nullable(),
})
const action = {
  id,
  text: z.string(),
  type: z.enum(actionTypes),
  owner: z.string().nullable(),
  due: day.nullable(),
  priority: z.enum(priorities),
  link: z.string().nullable(),
  state: z.enum(actionStates),
  evidence: z.string().nullable(),
  overdue: z.boolean(),
}
const advice = z.array(
  z.object({
    kind: z.enum(['name', 'ifOnly', 'humanError', 'train', 'prevent']),
    place: z.string(),
    found: z.string(),
  }),
)

const fromTo = z.object({ fromOccurrence: minutes, fromDiscovery: minutes })
const figures = z
  .object({
    components: z.array(
      z.object({
        id,
        name: words,
        minutes: z.number(),
        states: z.array(z.object({ status: componentStatus, minutes: z.number() })),
      }),
    ),
    firstNotice: fromTo,
    firstStatement: z.object({ fromMention: minutes, fromDeclaration: minutes }),
    handling: fromTo,
    cadence: z.object({ due: z.number(), kept: z.number() }),
    longestSilence: minutes,
    updates: z.number(),
    corrections: z.number(),
  })
  .openapi('IncidentFigures', { description: 'Minutes; null where a time is missing or out of order.' })

const report = z.object({
  versions: z.array(z.object({ number: z.number(), hash: z.string(), parts, ...said, published: z.boolean() })),
  body: words.nullable(),
  missing: z.array(z.string()),
  verdicts: z.array(
    z.object({
      version: z.number(),
      role: z.string(),
      verdict: z.enum(['approved', 'changes_requested']),
      note: z.string().nullable(),
      ...said,
    }),
  ),
  approved: z.boolean(),
  advice,
  publishedAt: instant.nullable(),
  updateNumber: z.number().nullable(),
  prefill: parts,
})

export const reviewShape = z
  .object({
    id,
    incidentId: id,
    title: words,
    severity: z.number(),
    resolvedAt: instant.nullable(),
    state: z.enum(reviewStates),
    openedAt: instant,
    openedBy: z.string(),
    meetingAt: instant.nullable(),
    causeCategory: z.enum(causes).nullable(),
    closedAt: instant.nullable(),
    closedReason: z.string().nullable(),
    due: due.nullable(),
    next: z.enum(reviewStates),
    blockers: z.array(z.enum(['reopened', 'summary', 'factors', 'cause', 'unowned', 'report', 'approval'])),
    factors: z.array(z.object({ id, text: z.string(), kind: z.enum(factorKinds), ...said })),
    sections: z.array(
      z.object({
        section: z.enum(sections),
        body: z.string().nullable(),
        number: z.number(),
        versions: z.array(z.object({ number: z.number(), body: z.string(), ...said })),
      }),
    ),
    prefill: bySection,
    figures,
    deliveries: z.record(z.string(), z.record(z.string(), z.number())),
    actions: z.array(z.object(action)),
    report,
    advice,
  })
  .openapi('Review')

export const reviewsShape = z
  .object({
    data: z.array(
      z.object({
        id,
        incidentId: id,
        title: words,
        severity: z.number(),
        resolvedAt: instant.nullable(),
        state: z.enum(reviewStates),
        openedAt: instant,
        meetingAt: instant.nullable(),
        reportPublishedAt: instant.nullable(),
        closedAt: instant.nullable(),
        due: due.nullable(),
      }),
    ),
    next: z.null(),
  })
  .openapi('Reviews')

export const reviewActionsShape = z
  .object({ data: z.array(z.object({ ...action, incidentId: id, title: words })), next: z.null() })
  .openapi('ReviewActions')
