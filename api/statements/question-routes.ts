import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import type { Row } from '#api/db/schema.ts'
import { notFound } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idInput, idParam, instantInput } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { textInput, wordsInput } from '#api/http/words.ts'
import { rumourDueAt } from './clocks.ts'
import { factsNow } from './queries.ts'
import { addQuestion, approveAnswer, decideRumour, endAnswer, noteRumour, returnAnswer } from './question-actions.ts'
import { findRumour, readQuestion, readQuestions, readRumours } from './question-queries.ts'
import { statementInputs } from './routes.ts'
import { questionShape, rumourShape } from './schema.ts'
import { placeOf } from './turn.ts'
import { makes } from './types.ts'

const answerLengthMax = 5_000
const rumourLengthMax = 1_000

/** Answers that support may give, and what is said about an incident elsewhere. */
export function questionRoutes(app: App) {
  const input = statementInputs(app)
  const middleware = idempotent(app)
  const common = { tags: ['Statements'], security: secured }
  const told = refusals(400, 401, 403, 404, 409, 413, 422)
  const known = async (id: string) => {
    if (!(await factsNow(app.db, id, placeOf(app)))) throw notFound('This incident')
  }
  const question = async (id: string) => {
    const found = await readQuestion(app.db, id, placeOf(app))
    if (!found) throw notFound('This answer')
    return found
  }
  const rumour = (row: Row<'rumour'>) => ({
    ...row,
    dueAt: row.decision === 'answer' && row.decidedAt ? rumourDueAt(row.decidedAt) : null,
  })
  const step = <P extends string, B extends z.ZodType, S extends z.ZodType>(
    path: P,
    done: string,
    schema: B,
    shape: S,
  ) =>
    createRoute({
      ...common,
      method: 'post',
      path,
      request: { params: idParam, ...body(schema) },
      ...keyed,
      middleware,
      responses: { 201: answer(shape, done), ...told },
    })

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/questions',
        request: { params: idParam },
        responses: {
          200: answer(
            z.object({ data: z.array(questionShape), next: z.string().nullable() }),
            'The oldest first. Who only gives answers sees those that legal has approved.',
          ),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await known(id)
        const all = await readQuestions(app.db, id, placeOf(app))
        const mine = makes(c.get('actor').roles) ? all : all.filter(({ state }) => state === 'approved')
        return c.json({ data: mine, next: null }, 200)
      },
    )
    .openapi(
      step(
        '/api/v1/incidents/{id}/questions',
        'It waits for legal.',
        z
          .strictObject({
            question: wordsInput(app.site.defaultLocale, 500, { line: true }),
            answer: wordsInput(app.site.defaultLocale, answerLengthMax),
            replaces: idInput.nullable().optional(),
          })
          .openapi('NewQuestion'),
        questionShape,
      ),
      async (c) => {
        const { id: incidentId } = c.req.valid('param')
        const given = c.req.valid('json')
        const id = await once(c, (claim) => addQuestion(app, c.get('actor'), incidentId, given, { claim }))
        return c.json(await question(id), 201)
      },
    )
    .openapi(
      step(
        '/api/v1/questions/{id}/approval',
        'Support may give this answer.',
        z.strictObject({ hash: input.hash }).openapi('NewAnswerApproval'),
        questionShape,
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => approveAnswer(app, c.get('actor'), id, given, { claim }))
        return c.json(await question(id), 201)
      },
    )
    .openapi(
      step(
        '/api/v1/questions/{id}/changes',
        'Sent back.',
        z.strictObject({ note: input.remark }).openapi('NewAnswerRemark'),
        questionShape,
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => returnAnswer(app, c.get('actor'), id, given, { claim }))
        return c.json(await question(id), 201)
      },
    )
    .openapi(
      step('/api/v1/questions/{id}/end', 'Not given any more.', z.strictObject({}), questionShape),
      async (c) => {
        const { id } = c.req.valid('param')
        await once(c, (claim) => endAnswer(app, c.get('actor'), id, { claim }))
        return c.json(await question(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/rumours',
        request: { params: idParam },
        responses: {
          200: answer(z.object({ data: z.array(rumourShape), next: z.string().nullable() }), 'The newest first.'),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await known(id)
        return c.json({ data: (await readRumours(app.db, id)).map(rumour), next: null }, 200)
      },
    )
    .openapi(
      step(
        '/api/v1/incidents/{id}/rumours',
        'Written down.',
        z
          .strictObject({
            text: textInput(rumourLengthMax).refine((text) => text !== '', 'Say what is said.'),
            source: input.source,
            seenAt: instantInput.optional(),
          })
          .openapi('NewRumour'),
        rumourShape,
      ),
      async (c) => {
        const { id: incidentId } = c.req.valid('param')
        const given = c.req.valid('json')
        const id = await once(c, (claim) => noteRumour(app, c.get('actor'), incidentId, given, { claim }))
        return c.json(rumour((await findRumour(app.db, id))!), 201)
      },
    )
    .openapi(
      step(
        '/api/v1/rumours/{id}/decision',
        'Decided.',
        z
          .strictObject({
            decision: z.enum(['answer', 'watch'], { error: 'A rumour is answered or watched.' }),
            statementId: idInput.nullable().optional(),
          })
          .openapi('NewRumourDecision'),
        rumourShape,
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => decideRumour(app, c.get('actor'), id, given, { claim }))
        return c.json(rumour((await findRumour(app.db, id))!), 201)
      },
    )
}
