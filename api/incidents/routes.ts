import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { componentStatuses } from '#api/components/component.ts'
import { notFound } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { cursorOf, idInput, idParam, instantInput, page, pageQuery, readCursor } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { optionalWordsInput, wordsInput } from '#api/http/words.ts'
import type { Site } from '#api/site.ts'
import { changeFacts, openIncident, publishUpdate } from './actions.ts'
import { impacts, incidentStatuses } from './incident.ts'
import { listIncidents, readWhole, readWholes } from './queries.ts'
import { incidentShape } from './schema.ts'

/** Longest texts, in characters. */
const titleLengthMax = 200
const factLengthMax = 1_000
const bodyLengthMax = 10_000
const componentsMax = 500

const advisory = z.boolean().openapi({
  description: 'At severity 4: no known issue, but something readers should know of. It stands apart as well.',
})
const severity = z.literal([1, 2, 3, 4], { error: 'A severity is a number from 1 (gravest) to 4.' }).openapi({
  type: 'integer',
  enum: [1, 2, 3, 4],
  description: '1 is the gravest. 3 is private: nothing public shows it. 4 is a known issue: it touches no component.',
})
const components = z
  .array(
    z.strictObject({
      id: idInput,
      status: z.enum(componentStatuses, { error: `A state is one of ${componentStatuses.join(', ')}.` }),
    }),
  )
  .max(componentsMax)
const status = z.enum(incidentStatuses, { error: `A status is one of ${incidentStatuses.join(', ')}.` })
const impact = z.enum(impacts, { error: `An impact is one of ${impacts.join(', ')}.` })

function inputs({ defaultLocale }: Site) {
  const title = wordsInput(defaultLocale, titleLengthMax, { line: true })
  const fact = optionalWordsInput(defaultLocale, factLengthMax)
  const text = wordsInput(defaultLocale, bodyLengthMax)
  const facts = { scope: fact.optional(), notAffected: fact.optional(), workaround: fact.optional() }
  const promise = {
    nextUpdateAt: instantInput
      .nullable()
      .optional()
      .openapi({ description: 'When readers hear again. Required unless the status is resolved or postmortem.' }),
  }
  const notify = z.boolean().optional().openapi({ description: 'Whether subscribers are told; yes, unless said.' })
  return {
    create: z
      .strictObject({
        title,
        severity,
        advisory: advisory.optional(),
        impact: impact.optional(),
        status,
        startedAt: instantInput.optional(),
        ...facts,
        components,
        body: text,
        ...promise,
        notify,
      })
      .openapi('NewIncident'),
    update: z
      .strictObject({
        status: status.openapi({ description: 'A postmortem is published from the review, when it is approved: 409.' }),
        body: text,
        components: components.optional(),
        ...promise,
        effectiveAt: instantInput.optional().openapi({ description: 'When the components changed; now, unless said.' }),
        corrects: idInput.nullable().optional(),
        follows: idInput.optional().openapi({
          description: 'The newest update that was read before writing. When another was published since: 409.',
        }),
        notify,
      })
      .openapi('NewUpdate'),
    patch: z
      .strictObject({
        title: title.optional(),
        severity: severity.optional(),
        advisory: advisory.optional(),
        impact: impact.optional(),
        ...facts,
        occurredAt: instantInput.nullable().optional(),
        detectedAt: instantInput.nullable().optional(),
        startedAt: instantInput.optional(),
        endedAt: instantInput.nullable().optional(),
        ...promise,
      })
      .openapi('IncidentPatch'),
  }
}

/** Incidents for staff and machines: list, open, read, correct, update. */
export function incidentRoutes(app: App) {
  const input = inputs(app.site)
  const common = { tags: ['Incidents'], security: secured }
  const middleware = idempotent(app)
  const whole = async (id: string) => {
    const incident = await readWhole(app.db, id)
    if (!incident) throw notFound('This incident')
    return incident
  }

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents',
        request: { query: z.strictObject({ status: z.enum(['open', 'resolved']).optional(), ...pageQuery }) },
        responses: {
          200: answer(z.object({ data: z.array(incidentShape), next: z.string().nullable() }), 'The youngest first.'),
          ...refusals(401, 403, 422),
        },
      }),
      async (c) => {
        const { status, cursor, limit } = c.req.valid('query')
        const place = readCursor(cursor)
        const after = place && { startedAt: place.instant, id: place.id }
        const { rows, next } = await page(
          limit,
          (count) => listIncidents(app.db, { status, after, limit: count }),
          (last) => cursorOf(last.startedAt, last.id),
        )
        return c.json({ data: await readWholes(app.db, rows), next }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents',
        request: body(input.create),
        ...keyed,
        middleware,
        responses: { 201: answer(incidentShape, 'It is public.'), ...refusals(400, 401, 403, 409, 413, 422) },
      }),
      async (c) => {
        const given = c.req.valid('json')
        const id = await once(c, (claim) => openIncident(app, c.get('actor'), given, { claim }))
        return c.json(await whole(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}',
        request: { params: idParam },
        responses: { 200: answer(incidentShape, 'The whole incident.'), ...refusals(401, 403, 404, 422) },
      }),
      async (c) => c.json(await whole(c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'patch',
        path: '/api/v1/incidents/{id}',
        request: { params: idParam, ...body(input.patch) },
        ...keyed,
        middleware,
        responses: { 200: answer(incidentShape, 'As it stands now.'), ...refusals(400, 401, 403, 404, 409, 413, 422) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, () => changeFacts(app, c.get('actor'), id, given))
        return c.json(await whole(id), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/updates',
        request: { params: idParam, ...body(input.update) },
        ...keyed,
        middleware,
        responses: {
          201: answer(incidentShape, 'The whole incident with its new update.'),
          ...refusals(400, 401, 403, 404, 409, 413, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { effectiveAt, ...given } = c.req.valid('json')
        await once(c, (claim) => publishUpdate(app, c.get('actor'), id, given, { claim, effectiveAt }))
        return c.json(await whole(id), 201)
      },
    )
}
