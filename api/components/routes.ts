import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { notFound } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idInput, idParam } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, componentStatus, id, keyed, refusals, secured, words } from '#api/http/shapes.ts'
import { optionalWordsInput, wordsInput } from '#api/http/words.ts'
import { changeComponent, createComponent } from './actions.ts'
import { readComponents } from './queries.ts'
import type { Component } from './show.ts'

/** Longest texts, in characters, and the highest position. */
const nameLengthMax = 80
const descriptionLengthMax = 300
const positionMax = 10_000

const componentShape: z.ZodType<Component> = z
  .object({
    id,
    name: words,
    description: words,
    status: componentStatus,
    core: z.boolean(),
    position: z.number(),
    startDate: z.string().openapi({ format: 'date' }),
    group: z.object({ id, name: words }),
  })
  .openapi('Component')

/** The services that the page shows, for staff and machines. */
export function componentRoutes(app: App) {
  const name = wordsInput(app.site.defaultLocale, nameLengthMax, { line: true })
  const description = optionalWordsInput(app.site.defaultLocale, descriptionLengthMax)
  const position = z.int('A position is a whole number.').min(0).max(positionMax)
  const create = z
    .strictObject({
      name,
      description: description.optional(),
      core: z.boolean().optional(),
      position: position.optional(),
      startDate: z.iso.date('A day is written like 2026-08-01.').optional(),
      groupId: idInput.optional(),
      group: z.strictObject({ name, position: position.optional() }).optional(),
    })
    .refine(({ groupId, group }) => (groupId === undefined) !== (group === undefined), {
      path: ['groupId'],
      message: 'Name a group that exists (groupId) or a new one (group), not both.',
    })
    .openapi('NewComponent')
  const patch = z
    .strictObject({ name: name.optional(), description: description.optional(), position: position.optional() })
    .openapi('ComponentPatch')
  const common = { tags: ['Components'], security: secured }
  const middleware = idempotent(app)
  const one = async (id: string) => {
    const component = (await readComponents(app.db, app.now())).find((other) => other.id === id)
    if (!component) throw notFound('This component')
    return component
  }

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/components',
        responses: {
          200: answer(
            z.object({ data: z.array(componentShape), next: z.string().nullable() }),
            'All, in the order of the page.',
          ),
          ...refusals(401, 403),
        },
      }),
      async (c) => c.json({ data: await readComponents(app.db, app.now()), next: null }, 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/components',
        request: body(create),
        ...keyed,
        middleware,
        responses: {
          201: answer(componentShape, 'It is on the page.'),
          ...refusals(400, 401, 403, 409, 413, 422),
        },
      }),
      async (c) => {
        const given = c.req.valid('json')
        const id = await once(c, (claim) => createComponent(app, c.get('actor'), given, { claim }))
        return c.json(await one(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'patch',
        path: '/api/v1/components/{id}',
        request: { params: idParam, ...body(patch) },
        ...keyed,
        middleware,
        responses: {
          200: answer(componentShape, 'As it stands now.'),
          ...refusals(400, 401, 403, 404, 409, 413, 422),
        },
      }),
      async (c) =>
        c.json(
          await one(await changeComponent(app, c.get('actor'), c.req.valid('param').id, c.req.valid('json'))),
          200,
        ),
    )
}
