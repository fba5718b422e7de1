import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idInput, idParam, instantInput } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { textInput } from '#api/http/words.ts'
import { openSummary } from '#api/notices/summary.ts'
import { actionStates, actionTypes, priorities } from './action.ts'
import { addFactor, changeReview, dropFactor, saveSection, startReview } from './actions.ts'
import { causes, factorKinds } from './cause.ts'
import { readOpenActions, readReview, readReviews } from './read.ts'
import { reportRoutes } from './report-routes.ts'
import { reviewStates } from './review.ts'
import { reviewActionsShape, reviewShape, reviewsShape } from './schema.ts'
import { sectionLengthMax, sections } from './sections.ts'
import { addAction, changeAction } from './task-actions.ts'

/** Longest texts, in characters. */
const lineLengthMax = 500
const nameLengthMax = 100
const linkLengthMax = 1_000
/** How many reviews and actions a list shows. */
const listMax = 200

const line = (lengthMax: number) => textInput(lengthMax, { line: true })
const needed = (lengthMax: number) => line(lengthMax).refine((text) => text !== '', 'Write something here.')
/** A blank line is none. */
const optional = (lengthMax: number) =>
  line(lengthMax)
    .nullable()
    .transform((text) => text || null)
    .optional()

const action = {
  owner: optional(nameLengthMax),
  due: optional(10).openapi({ format: 'date', description: 'By the end of this day of the page’s zone.' }),
  priority: z.enum(priorities, { error: `A priority is one of ${priorities.join(', ')}.` }).optional(),
  link: optional(linkLengthMax),
}
const type = z.enum(actionTypes, { error: `A type is one of ${actionTypes.join(', ')}.` })
const kind = z.enum(factorKinds, { error: `A kind is one of ${factorKinds.join(', ')}.` })

/** Reviews of incidents: what happened, why, what is done about it, and the public version. */
export function reviewRoutes(app: App) {
  const common = { tags: ['Reviews'], security: secured }
  const middleware = idempotent(app)
  const countsOf = openSummary(app)
  const whole = (incidentId: string) => readReview(app, incidentId, countsOf)
  const changed = { 200: answer(reviewShape, 'The review as it stands now.') }
  const made = { 201: answer(reviewShape, 'The review as it stands now.') }
  const refused = refusals(400, 401, 403, 404, 409, 413, 422)

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/reviews',
        request: { query: z.strictObject({ status: z.enum(['open', 'closed']).optional() }) },
        responses: { 200: answer(reviewsShape, 'The longest open first.'), ...refusals(401, 403, 422) },
      }),
      async (c) => {
        const closed = c.req.valid('query').status === 'closed'
        return c.json({ data: await readReviews(app, { closed, limit: listMax }), next: null }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/reviews/actions',
        responses: { 200: answer(reviewActionsShape, 'Open actions, the soonest due first.'), ...refusals(401, 403) },
      }),
      async (c) => c.json({ data: await readOpenActions(app, listMax), next: null }, 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/review',
        request: { params: idParam },
        responses: { 200: answer(reviewShape, 'The whole review.'), ...refusals(401, 403, 404, 422) },
      }),
      async (c) => c.json(await whole(c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/review',
        request: { params: idParam },
        ...keyed,
        middleware,
        responses: { ...made, ...refused },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await once(c, (claim) => startReview(app, c.get('actor'), id, claim))
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'patch',
        path: '/api/v1/incidents/{id}/review',
        request: {
          params: idParam,
          ...body(
            z.strictObject({
              state: z.enum(reviewStates, { error: `A state is one of ${reviewStates.join(', ')}.` }).optional(),
              reason: textInput(lineLengthMax).nullable().optional(),
              causeCategory: z
                .enum(causes, { error: `A category is one of ${causes.join(', ')}.` })
                .nullable()
                .optional(),
              meetingAt: instantInput.nullable().optional(),
            }),
          ),
        },
        responses: { ...changed, ...refused },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await changeReview(app, c.get('actor'), id, c.req.valid('json'))
        return c.json(await whole(id), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'put',
        path: '/api/v1/incidents/{id}/review/sections/{section}',
        request: {
          params: z.object({ id: idInput, section: z.enum(sections) }),
          ...body(
            z.strictObject({
              body: textInput(sectionLengthMax),
              follows: z.int().min(0).openapi({ description: 'The version that was read, 0 for none.' }),
            }),
          ),
        },
        responses: { ...changed, ...refused },
      }),
      async (c) => {
        const { id, section } = c.req.valid('param')
        await saveSection(app, c.get('actor'), id, section, c.req.valid('json'))
        return c.json(await whole(id), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/review/factors',
        request: { params: idParam, ...body(z.strictObject({ text: needed(lineLengthMax), kind })) },
        ...keyed,
        middleware,
        responses: { ...made, ...refused },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => addFactor(app, c.get('actor'), id, given, claim))
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'delete',
        path: '/api/v1/incidents/{id}/review/factors/{factor}',
        request: { params: z.object({ id: idInput, factor: idInput }) },
        responses: { ...changed, ...refused },
      }),
      async (c) => {
        const { id, factor } = c.req.valid('param')
        await dropFactor(app, c.get('actor'), id, factor)
        return c.json(await whole(id), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/review/actions',
        request: { params: idParam, ...body(z.strictObject({ text: needed(lineLengthMax), type, ...action })) },
        ...keyed,
        middleware,
        responses: { ...made, ...refused },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { text, type, owner = null, due = null, priority = 'normal', link = null } = c.req.valid('json')
        const given = { text, type, owner, due, priority, link }
        await once(c, (claim) => addAction(app, c.get('actor'), id, given, claim))
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'patch',
        path: '/api/v1/incidents/{id}/review/actions/{action}',
        request: {
          params: z.object({ id: idInput, action: idInput }),
          ...body(
            z.strictObject({
              text: needed(lineLengthMax).optional(),
              type: type.optional(),
              ...action,
              state: z.enum(actionStates, { error: `A state is one of ${actionStates.join(', ')}.` }).optional(),
              evidence: optional(lineLengthMax),
            }),
          ),
        },
        responses: { ...changed, ...refused },
      }),
      async (c) => {
        const { id, action } = c.req.valid('param')
        const given = Object.fromEntries(Object.entries(c.req.valid('json')).filter(([, value]) => value !== undefined))
        await changeAction(app, c.get('actor'), id, action, given)
        return c.json(await whole(id), 200)
      },
    )
    .route('/', reportRoutes(app, whole))
}
