import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { notFound } from '#api/errors.ts'
import { idParam, pageQuery } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, refusals } from '#api/http/shapes.ts'
import { maintenanceShape } from '#api/maintenance/schema.ts'
import { readMonths } from './changes.ts'
import { readHistory, readIncident, readIncidentByCode, readMaintenance, readStatus, readUpdates } from './read.ts'
import { reportsOf } from './reports.ts'
import { historyShape, monthsShape, publicIncidentShape, statusShape, updatesShape, uptimeShape } from './schema.ts'
import { readUptime } from './services.ts'
import { publicStatementShape, publicStatementsShape } from './statement-schema.ts'
import { readStatement, readStatements, statementsMax } from './statements.ts'

/** How many updates a feed is given unless it asks otherwise. */
const updatesDefault = 50

const read = { tags: ['Public'], method: 'get' as const }

/** The public read API: everything the page shows, in every language, and nothing it does not. */
export function statusRoutes(app: App) {
  return newRouter()
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status',
        responses: { 200: answer(statusShape, 'What the home page shows.') },
      }),
      async (c) => c.json(await readStatus(app), 200),
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/incidents/{id}',
        request: { params: idParam },
        responses: { 200: answer(publicIncidentShape, 'One incident.'), ...refusals(404, 422) },
      }),
      async (c) => {
        const incident = await readIncident(app, c.req.valid('param').id)
        if (!incident) throw notFound('This incident')
        return c.json(incident, 200)
      },
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/codes/{code}',
        request: { params: z.object({ code: z.string().max(6) }) },
        responses: { 200: answer(publicIncidentShape, 'The incident of a short code.'), ...refusals(404, 422) },
      }),
      async (c) => {
        const incident = await readIncidentByCode(app, c.req.valid('param').code)
        if (!incident) throw notFound('This incident')
        return c.json(incident, 200)
      },
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/maintenances/{id}',
        request: { params: idParam },
        responses: { 200: answer(maintenanceShape, 'One maintenance.'), ...refusals(404, 422) },
      }),
      async (c) => {
        const maintenance = await readMaintenance(app, c.req.valid('param').id)
        if (!maintenance) throw notFound('This maintenance')
        return c.json(maintenance, 200)
      },
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/statements',
        responses: { 200: answer(publicStatementsShape, 'What was said beside the updates, the newest first.') },
      }),
      async (c) => {
        const reported = await readUpdates(app, { limit: statementsMax, status: 'postmortem' })
        return c.json({ data: await readStatements(app), next: null, reports: reportsOf(reported) }, 200)
      },
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/statements/{id}',
        request: { params: idParam },
        responses: { 200: answer(publicStatementShape, 'One public statement.'), ...refusals(404, 422) },
      }),
      async (c) => {
        const statement = await readStatement(app, c.req.valid('param').id)
        if (!statement) throw notFound('This statement')
        return c.json(statement, 200)
      },
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/uptime',
        responses: { 200: answer(uptimeShape, 'Uptime by component and month of the page’s zone.') },
      }),
      async (c) => c.json(await readUptime(app), 200),
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/history/{month}',
        request: {
          params: z.object({ month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'A month is written like 2026-11.') }),
        },
        responses: { 200: answer(historyShape, 'What began in a month of the page’s zone.'), ...refusals(422) },
      }),
      async (c) => c.json(await readHistory(app, c.req.valid('param').month), 200),
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/months',
        responses: { 200: answer(monthsShape, 'The months that hold something, the youngest first.') },
      }),
      async (c) => c.json({ data: await readMonths(app), next: null }, 200),
    )
    .openapi(
      createRoute({
        ...read,
        path: '/api/v1/status/updates',
        request: { query: z.strictObject({ limit: pageQuery.limit }) },
        responses: { 200: answer(updatesShape, 'The newest updates of all incidents.'), ...refusals(422) },
      }),
      async (c) => {
        const limit = c.req.valid('query').limit ?? updatesDefault
        return c.json({ data: await readUpdates(app, { limit }), next: null }, 200)
      },
    )
}
