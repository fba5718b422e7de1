import { setTimeout } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import { sql } from 'kysely'
import type { App } from '#api/app.ts'
import { newRouter } from '#api/http/router.ts'
import { refusals, secured } from '#api/http/shapes.ts'
import { openMetrics } from './metrics.ts'

const state = (description: string) => ({
  description,
  content: { 'application/json': { schema: z.object({ ok: z.boolean(), why: z.string().nullable() }) } },
})

/** What Prometheus asks for by name (its text format, 0.0.4). */
const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** Whether the process lives, whether it can do its work, and how it does it: for load balancers and supervisors. */
export function operationRoutes(app: App) {
  const metrics = openMetrics(app)
  return newRouter()
    .openapi(createRoute({ method: 'get', path: '/healthz', responses: { 200: state('The process answers.') } }), (c) =>
      c.json({ ok: true, why: null }, 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/readyz',
        responses: {
          200: state('Updates can be published.'),
          503: state('Readers are served; nothing can be published.'),
        },
      }),
      async (c) => {
        const why = app.health.trouble ?? (await databaseAnswers(app))
        return why ? c.json({ ok: false, why }, 503) : c.json({ ok: true, why: null }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/metrics',
        security: secured,
        responses: {
          200: { description: 'For Prometheus.', content: { 'text/plain': { schema: z.string() } } },
          ...refusals(401, 403),
        },
      }),
      async (c) => c.text(await metrics(), 200, { 'Content-Type': metricsType, 'Cache-Control': 'no-store' }),
    )
}

/** How long the database may take to say that it is there, in milliseconds. */
const answerWithinMs = 2_000

async function databaseAnswers(app: App): Promise<string | null> {
  const silent = 'The database does not answer.'
  const asked = sql`select 1`.execute(app.db).then(
    () => null,
    () => silent,
  )
  return Promise.race([asked, setTimeout(answerWithinMs, silent, { ref: false })])
}
