import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { cursorOf, idInput, page, pageQuery, readCursor } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, instant, refusals, secured } from '#api/http/shapes.ts'
import { listAudit } from './queries.ts'

const line = z
  .object({
    id: z.string(),
    at: instant,
    actorId: z.string(),
    actor: z.string().nullable(),
    action: z.string().openapi({ example: 'incident.updated' }),
    subjectId: z.string(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .openapi('AuditLine')

/** Who did what, and when. */
export const auditRoutes = (app: App) =>
  newRouter().openapi(
    createRoute({
      tags: ['Audit'],
      security: secured,
      method: 'get',
      path: '/api/v1/audit',
      request: { query: z.strictObject({ incident: idInput.optional(), ...pageQuery }) },
      responses: {
        200: answer(z.object({ data: z.array(line), next: z.string().nullable() }), 'The newest first.'),
        ...refusals(401, 403, 422),
      },
    }),
    async (c) => {
      const { incident, cursor, limit } = c.req.valid('query')
      const before = readCursor(cursor)
      const { rows, next } = await page(
        limit,
        (count) => listAudit(app.db, { incidentId: incident, before, limit: count }),
        ({ at, id }) => cursorOf(at, id),
      )
      return c.json({ data: rows, next }, 200)
    },
  )
