import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idParam } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { optionalWordsInput, textInput } from '#api/http/words.ts'
import type { ShownReview } from './read.ts'
import { approvers, partLengthMax, type ReportPart, type ReportParts, reportParts } from './report.ts'
import { judgeReport, publishReport, writeReport } from './report-actions.ts'
import { reviewShape } from './schema.ts'

const noteLengthMax = 2_000
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'A fingerprint is 64 hexadecimal digits.')

/** The public version: written, judged by legal and the lead, published. */
export function reportRoutes(app: App, whole: (incidentId: string) => Promise<ShownReview>) {
  const common = { tags: ['Reviews'], security: secured, ...keyed, middleware: idempotent(app) }
  const responses = {
    201: answer(reviewShape, 'The review as it stands now.'),
    ...refusals(400, 401, 403, 404, 409, 413, 422),
  }
  const text = optionalWordsInput(app.site.defaultLocale, partLengthMax)
  const parts = z.strictObject(
    Object.fromEntries(reportParts.map((part) => [part, text])) as Record<ReportPart, typeof text>,
  )
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/review/report',
        request: {
          params: idParam,
          ...body(
            z.strictObject({
              parts,
              follows: z.int().min(0).openapi({ description: 'The version that was read, 0 for none.' }),
            }),
          ),
        },
        responses,
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { parts, follows } = c.req.valid('json')
        const given = { parts: parts as ReportParts, follows }
        await once(c, (claim) => writeReport(app, c.get('actor'), id, given, claim))
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/review/report/verdicts',
        request: {
          params: idParam,
          ...body(
            z.strictObject({
              hash,
              role: z.enum(approvers, { error: `A role is one of ${approvers.join(', ')}.` }),
              verdict: z.enum(['approved', 'changes_requested']),
              note: textInput(noteLengthMax).nullable().optional(),
            }),
          ),
        },
        responses,
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => judgeReport(app, c.get('actor'), id, given, claim))
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/review/report/publication',
        request: { params: idParam, ...body(z.strictObject({ hash, notify: z.boolean().optional() })) },
        responses,
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => publishReport(app, c.get('actor'), id, given, claim))
        return c.json(await whole(id), 201)
      },
    )
}
