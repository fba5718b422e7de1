import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { notFound } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { cursorOf, idInput, idParam, instantInput, page, pageQuery, readCursor } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { optionalWordsInput, wordsInput } from '#api/http/words.ts'
import { announceMaintenance, cancelMaintenance, completeMaintenance, moveMaintenance } from './actions.ts'
import { findMaintenance, listMaintenances, partsOf } from './queries.ts'
import { maintenanceShape } from './schema.ts'
import { showMaintenance } from './show.ts'

/** Longest texts, in characters. */
const titleLengthMax = 200
const bodyLengthMax = 10_000
const componentsMax = 500

/** Planned work: announce, list, move, cancel, complete. */
export function maintenanceRoutes(app: App) {
  const create = z
    .strictObject({
      title: wordsInput(app.site.defaultLocale, titleLengthMax, { line: true }),
      body: wordsInput(app.site.defaultLocale, bodyLengthMax),
      startsAt: instantInput,
      endsAt: instantInput,
      components: z.array(idInput).min(1, 'Say which components it concerns.').max(componentsMax),
    })
    .openapi('NewMaintenance')
  const said = optionalWordsInput(app.site.defaultLocale, bodyLengthMax)
    .optional()
    .openapi({ description: 'What readers are told about it.' })
  const move = z
    .strictObject({ startsAt: instantInput.optional(), endsAt: instantInput.optional(), said })
    .openapi('MaintenanceMove')
  const common = { tags: ['Maintenance'], security: secured }
  const middleware = idempotent(app)
  const whole = async (id: string) => {
    const row = await findMaintenance(app.db, id)
    if (!row) throw notFound('This maintenance')
    return showMaintenance(row, await partsOf(app.db, [id]), app.now())
  }

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/maintenances',
        request: { query: z.strictObject(pageQuery) },
        responses: {
          200: answer(
            z.object({ data: z.array(maintenanceShape), next: z.string().nullable() }),
            'The latest start first.',
          ),
          ...refusals(401, 403, 422),
        },
      }),
      async (c) => {
        const { cursor, limit } = c.req.valid('query')
        const place = readCursor(cursor)
        const after = place && { startsAt: place.instant, id: place.id }
        const { rows, next } = await page(
          limit,
          (count) => listMaintenances(app.db, { after, limit: count }),
          (last) => cursorOf(last.startsAt, last.id),
        )
        const parts = await partsOf(
          app.db,
          rows.map(({ id }) => id),
        )
        return c.json({ data: rows.map((row) => showMaintenance(row, parts, app.now())), next }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/maintenances',
        request: body(create),
        ...keyed,
        middleware,
        responses: { 201: answer(maintenanceShape, 'It is announced.'), ...refusals(400, 401, 403, 409, 413, 422) },
      }),
      async (c) => {
        const { components: componentIds, ...given } = c.req.valid('json')
        const id = await once(c, (claim) =>
          announceMaintenance(app, c.get('actor'), { ...given, componentIds }, { claim }),
        )
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'patch',
        path: '/api/v1/maintenances/{id}',
        request: { params: idParam, ...body(move) },
        responses: { 200: answer(maintenanceShape, 'It is moved.'), ...refusals(400, 401, 403, 404, 409, 413, 422) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        return c.json(await moveMaintenance(app, c.get('actor'), id, c.req.valid('json')), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/maintenances/{id}/cancellation',
        request: { params: idParam, ...body(z.strictObject({ said })) },
        ...keyed,
        middleware,
        responses: {
          201: answer(maintenanceShape, 'It will not take place.'),
          ...refusals(400, 401, 403, 404, 409, 413, 422),
        },
      }),
      async (c) => {
        const { said } = c.req.valid('json')
        const id = await once(c, (claim) =>
          cancelMaintenance(app, c.get('actor'), c.req.valid('param').id, said, { claim }),
        )
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/maintenances/{id}/completion',
        request: { params: idParam },
        ...keyed,
        middleware,
        responses: { 201: answer(maintenanceShape, 'It is done.'), ...refusals(401, 403, 404, 409, 422) },
      }),
      async (c) => {
        const id = await once(c, (claim) =>
          completeMaintenance(app, c.get('actor'), c.req.valid('param').id, { claim }),
        )
        return c.json(await whole(id), 201)
      },
    )
}
