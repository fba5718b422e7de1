import { setTimeout } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import { sql } from 'kysely'
import type { App } from '#api/app.ts'
import { newRouter } from '#api/http/router.ts'

const state = (description: string) => ({
  description,
  content: { 'application/json': { schema: z.object({ ok: z.boolean(), why: z.string().nullable() }) } },
})

/** Whether the process lives, and whether it can do its work: for load balancers and supervisors. */
export const operationRoutes = (app: App) =>
  newRouter()
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
