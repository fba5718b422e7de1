import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { invalid } from '#api/errors.ts'
import { csvAnswer } from '#api/http/csv.ts'
import { idInput, idParam, instantInput, pageQuery } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, instant, refusals, secured } from '#api/http/shapes.ts'
import { textInput } from '#api/http/words.ts'
import { idPattern } from '#api/lib/ids.ts'
import { reviveBilling } from './billing-actions.ts'
import { exportsOf } from './billing-queries.ts'
import { claimStates } from './claim.ts'
import { claimOffer, readClaim } from './claim-actions.ts'
import { redeemClaim } from './code-actions.ts'
import { leaveOffers, readGoodbye } from './goodbye-actions.ts'
import { exportClaims, readOffers } from './read.ts'
import { acceptClaim, rejectClaim, revokeClaim, takeUpClaim } from './review-actions.ts'
import { claimLineShape, claimViewShape } from './schema.ts'
import { listClaims } from './totals-queries.ts'

const common = { tags: ['Compensation'], security: secured }
const token = z.object({ token: z.string().min(1).max(200) })
const reason = textInput(1_000).refine((text) => text.length > 0, 'Say why: the customer reads it.')
const done = { 204: { description: 'Done.' } } as const

/** Claims: what staff decide about them, what billing hears and says, and what a customer does by their own link. */
export function claimRoutes(app: App) {
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/offers/{id}/claims',
        request: {
          params: idParam,
          query: z.object({
            state: z.enum(claimStates).optional(),
            customer: z.string().max(200).optional(),
            ...pageQuery,
          }),
        },
        responses: {
          200: answer(z.object({ data: z.array(claimLineShape), next: z.string().nullable() }), 'One page of claims.'),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { state, customer, cursor = '', limit = 20 } = c.req.valid('query')
        if (cursor && !idPattern.test(cursor))
          throw invalid('This cursor leads nowhere.', { cursor: 'Take it from the "next" of the page before.' })
        await readOffers(app, id)
        const found = await listClaims(app.db, { offerId: id, state, customer, after: cursor, limit: limit + 1 })
        const data = found.slice(0, limit)
        return c.json({ data, next: found.length > limit ? (data.at(-1)?.id ?? null) : null }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/offer-claims/{id}/review',
        request: {
          params: idParam,
          ...body(
            z.union([
              z.strictObject({ decision: z.enum(['take_up', 'accept']) }),
              z.strictObject({ decision: z.literal('reject'), reason }),
            ]),
          ),
        },
        responses: { ...done, ...refusals(400, 401, 403, 404, 409, 422) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        const actor = c.get('actor')
        if (given.decision === 'reject') await rejectClaim(app, actor, id, given.reason)
        else if (given.decision === 'accept') await acceptClaim(app, actor, id)
        else await takeUpClaim(app, actor, id)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/offer-claims/{id}/revocation',
        request: { params: idParam, ...body(z.strictObject({ reason })) },
        responses: { ...done, ...refusals(400, 401, 403, 404, 409, 422) },
      }),
      async (c) => {
        await revokeClaim(app, c.get('actor'), c.req.valid('param').id, c.req.valid('json').reason)
        return c.body(null, 204)
      },
    )
    .route('/', fileRoutes(app))
    .route('/', billingRoutes(app))
    .route('/', customerRoutes(app))
}

/** What was issued, as a file. */
const fileRoutes = (app: App) =>
  newRouter().get('/api/v1/offers/:id/claims.csv', async (c) => {
    const { id } = await readOffers(app, c.req.param('id'))
    return csvAnswer(c, `claims-${id}`, exportClaims(app, id))
  })

/** What the billing system says, and what it has not heard. */
function billingRoutes(app: App) {
  const redeemed = z.object({ claimId: z.string(), offerId: z.string(), redeemedAt: instant })
  const letter = z.object({ key: z.string(), attempts: z.number(), outcome: z.string().nullable(), body: z.string() })
  const at = { redeemedAt: instantInput.optional() }
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/redemptions',
        request: body(
          z.union([z.strictObject({ code: z.string().max(100), ...at }), z.strictObject({ claim: idInput, ...at })], {
            error: 'Name the code that was used, or the claim.',
          }),
        ),
        responses: {
          200: answer(redeemed, 'Noted; the same again changes nothing.'),
          ...refusals(400, 401, 403, 404, 409, 422),
        },
      }),
      async (c) => {
        const { redeemedAt, ...by } = c.req.valid('json')
        return c.json(await redeemClaim(app, c.get('actor'), by, redeemedAt ?? null), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/offers/{id}/billing',
        request: { params: idParam, query: z.object({ state: z.enum(['waiting', 'sent', 'dead']).default('dead') }) },
        responses: {
          200: answer(z.object({ data: z.array(letter), next: z.null() }), 'A hundred at the most, the oldest first.'),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const { id } = await readOffers(app, c.req.valid('param').id)
        const rows = await exportsOf(app.db, id, c.req.valid('query').state, 100)
        const data = rows.map(({ key, attempts, lastOutcome, body: text }) => ({
          key,
          attempts,
          outcome: lastOutcome,
          body: text,
        }))
        return c.json({ data, next: null }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/offers/{id}/billing/attempts',
        request: { params: idParam },
        responses: {
          200: answer(z.object({ again: z.number() }), 'How many are tried again.'),
          ...refusals(401, 403, 404),
        },
      }),
      async (c) => c.json({ again: await reviveBilling(app, c.get('actor'), c.req.valid('param').id) }, 200),
    )
}

/** What anybody may do who holds one of our links; the pages of the site call these. */
function customerRoutes(app: App) {
  const open = { tags: ['Claiming'], request: { params: token } }
  const leaving = z.object({
    address: z.string().openapi({ description: 'Masked.' }),
    locale: z.string(),
    left: z.boolean(),
  })
  return newRouter()
    .openapi(
      createRoute({
        ...open,
        method: 'get',
        path: '/api/v1/claims/{token}',
        responses: { 200: answer(claimViewShape, 'What the link offers.'), ...refusals(404) },
      }),
      async (c) => c.json(await readClaim(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        tags: open.tags,
        method: 'post',
        path: '/api/v1/claims/{token}',
        request: {
          params: token,
          ...body(z.strictObject({ termsVersion: z.number().int().nullable().default(null) })),
        },
        responses: {
          200: answer(claimViewShape, 'It is theirs, or is being looked at.'),
          ...refusals(400, 404, 409, 422),
        },
      }),
      async (c) => c.json(await claimOffer(app, c.req.valid('param').token, c.req.valid('json').termsVersion), 200),
    )
    .openapi(
      createRoute({
        ...open,
        method: 'get',
        path: '/api/v1/offer-goodbyes/{token}',
        responses: { 200: answer(leaving, 'Who would hear of no more offers.'), ...refusals(404) },
      }),
      async (c) => c.json(await readGoodbye(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        ...open,
        method: 'post',
        path: '/api/v1/offer-goodbyes/{token}',
        responses: { 200: answer(leaving, 'No more offers go there.'), ...refusals(404) },
      }),
      async (c) => c.json(await leaveOffers(app, c.req.valid('param').token), 200),
    )
}
