import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idInput, idParam, instantInput } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { discardStatement, saveVersion } from './actions.ts'
import {
  correctStatement,
  publishStatement,
  scheduleStatement,
  supersedeStatement,
  unscheduleStatement,
  withdrawStatement,
} from './publish-actions.ts'
import { approveStatement, askForReview, requestChanges } from './review-actions.ts'
import { statementFor, statementInputs } from './routes.ts'
import { statementShape } from './schema.ts'

/** What people do with a statement, one address each: save, review, approve, schedule, publish, correct, take back. */
export function statementStepRoutes(app: App) {
  const input = statementInputs(app)
  const middleware = idempotent(app)
  const common = { tags: ['Statements'], security: secured }
  const step = <P extends string, B extends z.ZodType>(path: P, done: string, schema: B) =>
    createRoute({
      ...common,
      method: 'post',
      path: `/api/v1/statements/{id}/${path}` as const,
      request: { params: idParam, ...body(schema) },
      ...keyed,
      middleware,
      responses: { 201: answer(statementShape, done), ...refusals(400, 401, 403, 404, 409, 413, 422) },
    })
  const nothing = z.strictObject({}).openapi('Nothing')
  const text = { title: input.title, body: input.body }

  return newRouter()
    .openapi(
      step(
        'versions',
        'Saved; what was approved or scheduled is so no longer.',
        z
          .strictObject({
            ...text,
            note: input.noteOptional.optional(),
            follows: idInput.optional().openapi({
              description: 'The version that was read before writing. When another was saved since: 409.',
            }),
          })
          .openapi('NewStatementVersion'),
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => saveVersion(app, c.get('actor'), id, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(step('review', 'Legal is asked.', nothing), async (c) => {
      const { id } = c.req.valid('param')
      await once(c, (claim) => askForReview(app, c.get('actor'), id, { claim }))
      return c.json(await statementFor(app, c.get('actor'), id), 201)
    })
    .openapi(step('changes', 'Sent back.', z.strictObject({ note: input.remark }).openapi('NewRemark')), async (c) => {
      const { id } = c.req.valid('param')
      const given = c.req.valid('json')
      await once(c, (claim) => requestChanges(app, c.get('actor'), id, given, { claim }))
      return c.json(await statementFor(app, c.get('actor'), id), 201)
    })
    .openapi(
      step(
        'approval',
        'This wording may go out.',
        z.strictObject({ hash: input.hash, note: input.remark.optional() }).openapi('NewApproval'),
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => approveStatement(app, c.get('actor'), id, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(
      step(
        'schedule',
        'It becomes public at that time, and nothing shows it before.',
        z.strictObject({ at: instantInput }).openapi('NewEmbargo'),
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => scheduleStatement(app, c.get('actor'), id, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'delete',
        path: '/api/v1/statements/{id}/schedule',
        request: { params: idParam },
        ...keyed,
        middleware,
        responses: { 200: answer(statementShape, 'Off the schedule.'), ...refusals(401, 403, 404, 409, 422) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await once(c, (claim) => unscheduleStatement(app, c.get('actor'), id, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 200)
      },
    )
    .openapi(
      step(
        'publication',
        'It is out.',
        z
          .strictObject({
            hash: input.hash.optional().openapi({ description: 'The wording that was read. When it is another: 409.' }),
          })
          .openapi('NewPublication'),
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => publishStatement(app, c.get('actor'), id, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(
      step(
        'correction',
        'A draft; readers go on seeing the published text until this one is published.',
        z.strictObject({ ...text, note: input.note }).openapi('NewCorrection'),
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => correctStatement(app, c.get('actor'), id, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(
      step(
        'withdrawal',
        'Taken back: the page stays with the date and the reason.',
        z.strictObject({ reason: input.note }).openapi('NewWithdrawal'),
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => withdrawStatement(app, c.get('actor'), id, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(
      step(
        'supersession',
        'A newer statement has taken its place.',
        z.strictObject({ by: idInput }).openapi('NewSupersession'),
      ),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, (claim) => supersedeStatement(app, c.get('actor'), id, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(step('discard', 'It will not be published.', nothing), async (c) => {
      const { id } = c.req.valid('param')
      await once(c, (claim) => discardStatement(app, c.get('actor'), id, { claim }))
      return c.json(await statementFor(app, c.get('actor'), id), 201)
    })
}
