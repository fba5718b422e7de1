import { setTimeout } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { databaseTrouble } from '#api/db/trouble.ts'
import { tryToWrite } from '#api/db/writable.ts'
import { newRouter } from '#api/http/router.ts'
import { refusals, secured } from '#api/http/shapes.ts'
import { machineMs } from '#api/lib/clock.ts'
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
  const whyNoWrite = openWriteCheck(app)
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
        const why = app.health.trouble ?? (await whyNoWrite()) ?? undrawn(app)
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

/** While readers wait for what cannot be drawn, an update is committed and not published. */
const undrawn = ({ health }: App) =>
  health.undrawn?.first ? `Pages cannot be drawn; readers get the last that could. ${health.undrawn.reason}` : null

/**
 * How long a write may take until the database counts as silent, in milliseconds: longer than a publish waits for
 * another's lock, for a lock that it outlasts is no outage.
 */
const answerWithinMs = 6_000
/** The same while the last one failed: nobody who asks again waits for that once more. */
const againWithinMs = 500
/** How long what was found is true, in milliseconds: whoever asks over and over writes no oftener. */
const trueForMs = 1_000

/** Why the record takes no write, as a sentence; null when it does. It is asked once for all who ask at a time. */
function openWriteCheck(app: App): () => Promise<string | null> {
  const silent = 'The database does not answer.'
  let asking: Promise<string | null> | null = null
  let last: string | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  const ask = () =>
    tryToWrite(app.db, app.now())
      .then(
        () => null,
        (error: Error) => {
          if (last === null) app.log('error', 'ready.not', { name: error.name, message: error.message })
          return databaseTrouble(error) ?? 'The database refuses what is written to it. The log says why.'
        },
      )
      .then((found) => {
        asking = null
        askedAt = machineMs()
        last = found
        return found
      })
  return () => {
    if (last === null && machineMs() - askedAt < trueForMs) return Promise.resolve(null)
    asking ??= ask()
    return Promise.race([
      asking,
      setTimeout(last === null ? answerWithinMs : againWithinMs, last ?? silent, { ref: false }),
    ])
  }
}
