import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idParam } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { textInput } from '#api/http/words.ts'
import { approveOffer, refuseOffer, requestApproval } from './approval-actions.ts'
import { claimRoutes } from './claim-routes.ts'
import { importCodes } from './code-actions.ts'
import { offerInputs, wholeInput } from './input-schema.ts'
import { cancelOffer, closeOffer, goLive, pauseOffer, resumeOffer } from './live-actions.ts'
import { changeOffer, offerCompensation } from './offer-actions.ts'
import { previewOffer, readChoices, readOffers, readOffersOf, readUndecided } from './read.ts'
import { choicesShape, codesShape, offerShape, offersShape, previewShape } from './schema.ts'

const reasonLengthMax = 1_000
const listLengthMax = 250_000

const reason = textInput(reasonLengthMax).refine((text) => text.length > 0, 'Say why.')
const whole = answer(offerShape, 'The offer as it is now.')
const common = { tags: ['Compensation'], security: secured }

/** What is given after incidents: offers, who approves them, what becomes of them. */
export function offerRoutes(app: App) {
  const inputs = offerInputs(app.site)
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/offers',
        request: { params: idParam },
        responses: {
          200: answer(offersShape, 'The oldest first, with what they come to.'),
          ...refusals(401, 403, 404),
        },
      }),
      async (c) => c.json({ ...(await readOffersOf(app, c.req.valid('param').id)), next: null }, 200),
    )
    .openapi(
      createRoute({
        ...common,
        ...keyed,
        method: 'post',
        path: '/api/v1/incidents/{id}/offers',
        middleware: [idempotent(app)] as const,
        request: { params: idParam, ...body(inputs.create) },
        responses: { 201: whole, ...refusals(400, 401, 403, 404, 409, 422) },
      }),
      async (c) => {
        const input = wholeInput(c.req.valid('json'), app.now())
        const id = await once(c, (claim) =>
          offerCompensation(app, c.get('actor'), c.req.valid('param').id, input, claim),
        )
        return c.json(await readOffers(app, id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/offers/preview',
        request: { params: idParam, ...body(inputs.create) },
        responses: {
          200: answer(previewShape, 'What it would come to. Nothing is written.'),
          ...refusals(400, 401, 403, 404, 422),
        },
      }),
      async (c) =>
        c.json(await previewOffer(app, c.req.valid('param').id, wholeInput(c.req.valid('json'), app.now())), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/offers/waiting',
        responses: {
          200: answer(
            z.object({ data: z.array(offerShape), next: z.string().nullable() }),
            'Of all incidents: offers that wait for approval, and approved ones that are not live.',
          ),
          ...refusals(401, 403),
        },
      }),
      async (c) => c.json({ data: await readUndecided(app), next: null }, 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/offers/{id}',
        request: { params: idParam },
        responses: { 200: whole, ...refusals(401, 403, 404) },
      }),
      async (c) => c.json(await readOffers(app, c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'patch',
        path: '/api/v1/offers/{id}',
        request: { params: idParam, ...body(inputs.change) },
        responses: { 200: whole, ...refusals(400, 401, 403, 404, 409, 422) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = Object.fromEntries(Object.entries(c.req.valid('json')).filter(([, value]) => value !== undefined))
        await changeOffer(app, c.get('actor'), id, given)
        return c.json(await readOffers(app, id), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/offers/choices',
        request: { params: idParam },
        responses: {
          200: answer(choicesShape, 'What an offer may name: lists, plans, regions, segments.'),
          ...refusals(401, 403, 404),
        },
      }),
      async (c) => c.json(await readChoices(app, c.req.valid('param').id), 200),
    )
    .route('/', decisionRoutes(app))
    .route('/', claimRoutes(app))
}

/** What a person decides about an offer. */
function decisionRoutes(app: App) {
  const moved = { 200: whole, ...refusals(400, 401, 403, 404, 409, 422) }
  const bare = <P extends `/api/v1/offers/{id}/${string}`>(path: P) =>
    createRoute({ ...common, method: 'post', path, request: { params: idParam }, responses: moved })
  const reasoned = <P extends `/api/v1/offers/{id}/${string}`>(path: P) =>
    createRoute({
      ...common,
      method: 'post',
      path,
      request: { params: idParam, ...body(z.strictObject({ reason })) },
      responses: moved,
    })
  /** Does it, and answers with the offer as it then is. */
  const then = async (id: string, move: Promise<void>) => {
    await move
    return readOffers(app, id)
  }
  return newRouter()
    .openapi(bare('/api/v1/offers/{id}/request'), async (c) => {
      const { id } = c.req.valid('param')
      return c.json(await then(id, requestApproval(app, c.get('actor'), id)), 200)
    })
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/offers/{id}/approval',
        request: {
          params: idParam,
          ...body(
            z.union([
              z.strictObject({ decision: z.literal('approved'), hash: z.string().max(64) }),
              z.strictObject({ decision: z.literal('refused'), reason }),
            ]),
          ),
        },
        responses: moved,
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        const actor = c.get('actor')
        const decided =
          given.decision === 'approved'
            ? approveOffer(app, actor, id, given.hash)
            : refuseOffer(app, actor, id, given.reason)
        return c.json(await then(id, decided), 200)
      },
    )
    .openapi(bare('/api/v1/offers/{id}/live'), async (c) => {
      const { id } = c.req.valid('param')
      return c.json(await then(id, goLive(app, c.get('actor'), id)), 200)
    })
    .openapi(bare('/api/v1/offers/{id}/resumption'), async (c) => {
      const { id } = c.req.valid('param')
      return c.json(await then(id, resumeOffer(app, c.get('actor'), id)), 200)
    })
    .openapi(reasoned('/api/v1/offers/{id}/pause'), async (c) => {
      const { id } = c.req.valid('param')
      return c.json(await then(id, pauseOffer(app, c.get('actor'), id, c.req.valid('json').reason)), 200)
    })
    .openapi(reasoned('/api/v1/offers/{id}/closure'), async (c) => {
      const { id } = c.req.valid('param')
      return c.json(await then(id, closeOffer(app, c.get('actor'), id, c.req.valid('json').reason)), 200)
    })
    .openapi(reasoned('/api/v1/offers/{id}/cancellation'), async (c) => {
      const { id } = c.req.valid('param')
      return c.json(await then(id, cancelOffer(app, c.get('actor'), id, c.req.valid('json').reason)), 200)
    })
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/offers/{id}/codes',
        request: {
          params: idParam,
          ...body(z.strictObject({ list: z.string().max(listLengthMax, 'This list is too long: send it in parts.') })),
        },
        responses: {
          200: answer(codesShape, 'What was taken in, and what was not, by line.'),
          ...refusals(400, 401, 403, 404, 409, 413, 422),
        },
      }),
      async (c) =>
        c.json(await importCodes(app, c.get('actor'), c.req.valid('param').id, c.req.valid('json').list), 200),
    )
}
