import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { componentRoutes } from '#api/components/routes.ts'
import { answerError, newRouter } from '#api/http/router.ts'
import { incidentRoutes } from '#api/incidents/routes.ts'
import { maintenanceRoutes } from '#api/maintenance/routes.ts'
import { statusRoutes } from '#api/status/routes.ts'

/** The routes of the record, asked as one person, without the door in front of them. */
export function recordRoutes(app: App, actor: Actor) {
  const router = newRouter()
  router.onError((error, c) => answerError(error, c, app.log))
  router.use(async (c, next) => {
    c.set('actor', actor)
    await next()
  })
  return router
    .route('/', statusRoutes(app))
    .route('/', componentRoutes(app))
    .route('/', incidentRoutes(app))
    .route('/', maintenanceRoutes(app))
}

/** Sends JSON and reads the answer. */
export function client(app: App, actor: Actor) {
  const routes = recordRoutes(app, actor)
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await routes.request(path, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  }
}
