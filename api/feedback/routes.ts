import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { clientIp } from '#api/http/client-ip.ts'
import { idInput, idParam } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, id, instant, refusals, secured, words } from '#api/http/shapes.ts'
import { textInput } from '#api/http/words.ts'
import { locales } from '#content/locales.ts'
import { answerHelped, publishRating, rateIncident, readRating, withdrawRating } from './actions.ts'
import { countAsked, countHelped, countScores, findPublication, listComments } from './queries.ts'
import { commentLengthMax, publishedFrom, summaryOf } from './rating.ts'

/** Comments that a person reads at once. */
const commentsMax = 200

const score = z.literal([1, 2, 3, 4, 5], { error: 'A rating is a number from 1 to 5.' }).openapi({
  type: 'integer',
  enum: [1, 2, 3, 4, 5],
})
const ratingLink = z.object({ id: idInput, token: z.string().min(1).max(200) })
const own = z
  .object({
    incidentId: id,
    title: words,
    locale: z.enum(locales),
    score: score.nullable(),
    comment: z.string().nullable(),
  })
  .openapi('OwnRating')
const publication = z
  .object({ mean: z.string().openapi({ example: '4.1' }), answers: z.int(), publishedAt: instant })
  .openapi('RatingPublication')
const feedback = z
  .object({
    ratings: z.object({
      answers: z.int(),
      asked: z.int().openapi({ description: 'Subscribers to whom a resolved notice with the link was handed over.' }),
      mean: z.string().nullable(),
      satisfied: z.string().nullable().openapi({ description: 'Share of 4 and 5, in percent.' }),
      distribution: z.array(z.int()).length(5).openapi({ description: 'How many gave 1, 2, 3, 4, 5.' }),
      publishedFrom: z.int(),
    }),
    helped: z.object({ yes: z.int(), no: z.int() }),
    comments: z.array(z.object({ score: z.int(), comment: z.string(), locale: z.enum(locales), updatedAt: instant })),
    publication: publication.nullable(),
  })
  .openapi('Feedback')

/** What customers thought: answers from the public page and from the link in the resolved notice, and the desk's view. */
export function feedbackRoutes(app: App) {
  const asked = { tags: ['Feedback'] }
  const common = { ...asked, security: secured }
  return newRouter()
    .openapi(
      createRoute({
        ...asked,
        method: 'post',
        path: '/api/v1/status/incidents/{id}/answers',
        request: {
          params: idParam,
          ...body(
            z.strictObject({
              helped: z.boolean({ error: 'Say true or false.' }),
              locale: z.enum(locales).optional(),
              website: z.string().max(1_000).optional().openapi({ description: 'Left empty by people.' }),
            }),
          ),
        },
        responses: {
          202: answer(z.object({ accepted: z.literal(true) }), 'Taken; asked again, the newest answer counts.'),
          ...refusals(400, 404, 422, 429),
        },
      }),
      async (c) => {
        const { helped, locale = app.site.defaultLocale, website } = c.req.valid('json')
        const agent = c.req.header('user-agent') ?? ''
        if (!website) await answerHelped(app, c.req.valid('param').id, { helped, locale, ip: clientIp(c), agent })
        return c.json({ accepted: true as const }, 202)
      },
    )
    .openapi(
      createRoute({
        ...asked,
        method: 'get',
        path: '/api/v1/status/incidents/{id}/ratings/{token}',
        request: { params: ratingLink },
        responses: { 200: answer(own, 'What is rated, and what was answered before.'), ...refusals(404, 422) },
      }),
      async (c) => {
        const { id, token } = c.req.valid('param')
        return c.json(await readRating(app, id, token), 200)
      },
    )
    .openapi(
      createRoute({
        ...asked,
        method: 'post',
        path: '/api/v1/status/incidents/{id}/ratings/{token}',
        request: {
          params: ratingLink,
          ...body(z.strictObject({ score, comment: textInput(commentLengthMax).optional() })),
        },
        responses: { 200: answer(own, 'Kept; sent again, the newest counts.'), ...refusals(400, 404, 422, 429) },
      }),
      async (c) => {
        const { id, token } = c.req.valid('param')
        const { score, comment } = c.req.valid('json')
        return c.json(await rateIncident(app, id, token, { score, comment: comment || null }), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/feedback',
        request: { params: idParam },
        responses: { 200: answer(feedback, 'Counts, and words without whose they are.'), ...refusals(401, 403, 422) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const shown = await findPublication(app.db, id)
        return c.json(
          {
            ratings: {
              ...summaryOf(await countScores(app.db, id)),
              asked: await countAsked(app.db, id),
              publishedFrom,
            },
            helped: await countHelped(app.db, id),
            comments: await listComments(app.db, id, commentsMax),
            publication: shown ?? null,
          },
          200,
        )
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/feedback/publication',
        request: { params: idParam },
        responses: { 201: answer(publication, 'Readers see it.'), ...refusals(401, 403, 404, 422) },
      }),
      async (c) => c.json(await publishRating(app, c.get('actor'), c.req.valid('param').id), 201),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'delete',
        path: '/api/v1/incidents/{id}/feedback/publication',
        request: { params: idParam },
        responses: { 204: { description: 'Readers no longer see it.' }, ...refusals(401, 403, 404) },
      }),
      async (c) => {
        await withdrawRating(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
}
