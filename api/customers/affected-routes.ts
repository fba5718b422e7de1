import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { notFound } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idParam, page, pageQuery } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, refusals, secured } from '#api/http/shapes.ts'
import { costly } from '#api/lib/costly.ts'
import { discardList, findAffected, nameAffected } from './affected-actions.ts'
import {
  countsByPlan,
  findList,
  incidentThere,
  listAffected,
  listLists,
  touchedComponents,
} from './affected-queries.ts'
import { findImport } from './import-queries.ts'
import { affectedInput, affectedShape, importShape, listShape } from './schema.ts'
import { shownImport, shownList } from './shown.ts'

const common = { tags: ['Customers'], security: secured }
const plansShape = z.array(z.object({ plan: z.string(), count: z.int() }))

/** Who was affected by an incident, and how that is known. */
export function affectedRoutes(app: App) {
  const plans = costly<z.infer<typeof plansShape>>(app.steadyMs)
  const list = async (id: string) => {
    const found = await findList(app.db, id)
    if (!found) throw notFound('This list')
    return found
  }
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/affected',
        request: { params: idParam },
        responses: {
          200: answer(
            z.object({
              data: z.array(listShape),
              components: z.array(z.string()).openapi({ description: 'Services a rule may ask for.' }),
            }),
            'Lists of affected customers, the newest first, with those that were discarded.',
          ),
          ...refusals(401, 403, 404),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        if (!(await incidentThere(app.db, id))) throw notFound('This incident')
        const data = (await listLists(app.db, id)).map(shownList)
        return c.json({ data, components: await touchedComponents(app.db, id) }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/affected',
        request: { params: idParam, ...body(affectedInput) },
        middleware: idempotent(app),
        responses: {
          201: answer(
            z.union([listShape, importShape]),
            'Of customers, a list that counts; of a rule, an import that is being looked up.',
          ),
          ...refusals(400, 401, 403, 404, 409, 413, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { description, customers, rule } = c.req.valid('json')
        const actor = c.get('actor')
        if (customers) {
          const made = await once(c, (claim) => nameAffected(app, actor, id, { description, customers }, { claim }))
          return c.json(shownList(await list(made)), 201)
        }
        const begun = await once(c, (claim) => findAffected(app, actor, id, { description, rule: rule! }, { claim }))
        return c.json(shownImport((await findImport(app.db, begun))!, { twin: undefined, plans: [] }), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/affected/{id}',
        request: { params: idParam, query: z.strictObject(pageQuery) },
        responses: {
          200: answer(
            z.object({
              list: listShape,
              plans: plansShape,
              data: z.array(affectedShape),
              next: z.string().nullable(),
            }),
            'One list and who is on it, by number.',
          ),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const found = await list(c.req.valid('param').id)
        const { cursor, limit } = c.req.valid('query')
        const after = cursor === undefined ? null : Buffer.from(cursor, 'base64url').toString()
        const { rows, next } = await page(
          limit,
          (count) => listAffected(app.db, found.id, after, count),
          ({ externalId }) => Buffer.from(externalId).toString('base64url'),
        )
        const data = rows.map(({ internalFlag, ...row }) => ({ ...row, internal: internalFlag === 1 }))
        const counts = await plans(found.id, () => countsByPlan(app.db, found.id))
        return c.json({ list: shownList(found), plans: counts, data, next }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'delete',
        path: '/api/v1/affected/{id}',
        request: { params: idParam },
        responses: { 204: { description: 'It counts no more.' }, ...refusals(401, 403, 404, 409) },
      }),
      async (c) => {
        await discardList(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
}
