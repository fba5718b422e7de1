import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { guard } from '#api/accounts/guards.ts'
import { accountRoutes } from '#api/accounts/routes.ts'
import type { App } from '#api/app.ts'
import { auditRoutes } from '#api/audit/routes.ts'
import { offerRoutes } from '#api/compensation/routes.ts'
import { componentRoutes } from '#api/components/routes.ts'
import { customerRoutes } from '#api/customers/routes.ts'
import { isForm, isUpload, wayBack } from '#api/customers/upload.ts'
import { AppError, invalid } from '#api/errors.ts'
import { feedbackRoutes } from '#api/feedback/routes.ts'
import { answerError, newRouter } from '#api/http/router.ts'
import { incidentRoutes } from '#api/incidents/routes.ts'
import { maintenanceRoutes } from '#api/maintenance/routes.ts'
import { noticeRoutes } from '#api/notices/routes.ts'
import { reviewRoutes } from '#api/reviews/routes.ts'
import { questionRoutes } from '#api/statements/question-routes.ts'
import { statementRoutes } from '#api/statements/routes.ts'
import { statementStepRoutes } from '#api/statements/step-routes.ts'
import { statusRoutes } from '#api/status/routes.ts'
import { subscriberRoutes } from '#api/subscribers/routes.ts'
import { type ApiDocument, describe } from './openapi.ts'
import { operationRoutes } from './operations.ts'

/** The largest body any route takes but for files, in bytes; astro.config.mjs says the same for pages. */
export const bodyBytesMax = 256 * 1024
export const tooLarge = () => new AppError('too_large', `The body is larger than ${bodyBytesMax / 1024} KB.`)

/** Every route of the API, each behind the one table of who may. */
export function openRoutes(app: App) {
  const router = newRouter()
  router.onError((error, c) => {
    const answer = answerError(error, c, app.log)
    if (!isUpload(c.req.method, c.req.path) || !isForm(c.req.header('content-type'))) return answer
    return c.redirect(wayBack(error instanceof AppError ? error.code : 'internal', c.req.query()), 303)
  })
  router.notFound((c) => answerError(new AppError('not_found', 'There is nothing at this address.'), c, app.log))
  const limited = bodyLimit({
    maxSize: bodyBytesMax,
    onError: () => {
      throw tooLarge()
    },
  })
  // A file has a limit of its own, and is counted as it comes in.
  router.use((c, next) => (isUpload(c.req.method, c.req.path) ? next() : limited(c, next)))
  router.use(guard(app))
  router.use(async (c, next) => {
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD'
    const json = c.req.path.startsWith('/api/') && !isUpload(c.req.method, c.req.path)
    if (!reads && json && hasBody(c) && !/\bjson\b/i.test(c.req.header('content-type') ?? ''))
      throw invalid('Send the body as JSON, with the header Content-Type: application/json.')
    if (!reads && app.health.trouble) throw new AppError('unavailable', app.health.trouble)
    await next()
    if (c.req.path.startsWith('/api/v1/')) c.header('Cache-Control', 'no-store')
  })
  router.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  const document = () =>
    router.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Candor',
        version: '1',
        description: 'The public read API and the management API of this status page.',
      },
      servers: [{ url: app.config.publicUrl }],
    }) as unknown as ApiDocument
  return router
    .get('/api/openapi.json', (c) => c.json(describe(document()), 200))
    .route('/', operationRoutes(app))
    .route('/', statusRoutes(app))
    .route('/', componentRoutes(app))
    .route('/', incidentRoutes(app))
    .route('/', maintenanceRoutes(app))
    .route('/', statementRoutes(app))
    .route('/', statementStepRoutes(app))
    .route('/', questionRoutes(app))
    .route('/', subscriberRoutes(app))
    .route('/', noticeRoutes(app))
    .route('/', reviewRoutes(app))
    .route('/', feedbackRoutes(app))
    .route('/', customerRoutes(app))
    .route('/', offerRoutes(app))
    .route('/', accountRoutes(app))
    .route('/', auditRoutes(app))
}

const hasBody = (c: Context) => Number(c.req.header('content-length') ?? 0) > 0 || !!c.req.header('transfer-encoding')

export type ApiRoutes = ReturnType<typeof openRoutes>
