import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { notFound } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idParam, instantInput } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured, words } from '#api/http/shapes.ts'
import { optionalWordsInput, textInput, wordsInput } from '#api/http/words.ts'
import { draftStatement, recordMention } from './actions.ts'
import { clocksOf } from './clocks.ts'
import {
  factsNow,
  findStatement,
  readWhole,
  readWholes,
  readWholesOfAll,
  startsOf,
  statementsOf,
  undecidedStatements,
} from './queries.ts'
import { clocksShape, statementShape, statementType, visibility } from './schema.ts'
import type { Statement } from './show.ts'
import { statementTemplates } from './templates.ts'
import { placeOf } from './turn.ts'
import { maySee } from './types.ts'

/** Longest texts, in characters. */
const titleLengthMax = 200
const bodyLengthMax = 20_000
const noteLengthMax = 2_000
const sourceLengthMax = 300

/** What may be written in a statement, by the site's own rules for texts. */
export const statementInputs = (app: App) => {
  const { defaultLocale } = app.site
  return {
    title: wordsInput(defaultLocale, titleLengthMax, { line: true }),
    body: wordsInput(defaultLocale, bodyLengthMax),
    note: wordsInput(defaultLocale, noteLengthMax),
    noteOptional: optionalWordsInput(defaultLocale, noteLengthMax),
    remark: textInput(noteLengthMax).refine((text) => text !== '', 'Say what has to change.'),
    source: textInput(sourceLengthMax, { line: true }),
    hash: z.string().regex(/^[0-9a-f]{64}$/, 'A hash is 64 hexadecimal digits, as the statement shows it.'),
  }
}

/** A statement for whoever may know of it; for everybody else there is none. */
export async function statementFor(app: App, { roles }: Actor, id: string): Promise<Statement> {
  const row = await findStatement(app.db, id)
  if (!row || !maySee(roles, { ...row, published: row.publishedVersionId !== null })) throw notFound('This statement')
  return (await readWhole(app.db, id, placeOf(app), app.now()))!
}

/** Statements of an incident: list, begin, read; what the clocks say; the templates that legal has approved. */
export function statementRoutes(app: App) {
  const input = statementInputs(app)
  const common = { tags: ['Statements'], security: secured }
  const middleware = idempotent(app)
  const clocks = async (id: string) => {
    const facts = await factsNow(app.db, id, placeOf(app))
    if (!facts) throw notFound('This incident')
    const starts = await startsOf(app.db, id)
    return { id, ...starts, clocks: clocksOf(starts, starts.firstStatementAt, app.now()), facts }
  }

  const seenBy = (roles: readonly string[], rows: Row<'statement'>[]) =>
    rows.filter((row) => maySee(roles, { ...row, published: row.publishedVersionId !== null }))

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/statements/waiting',
        responses: {
          200: answer(
            z.object({ data: z.array(statementShape), next: z.string().nullable() }),
            'Of all incidents: texts with legal, sent back, approved, or under embargo; those that whoever asks may know of.',
          ),
          ...refusals(401, 403),
        },
      }),
      async (c) => {
        const rows = seenBy(c.get('actor').roles, await undecidedStatements(app.db))
        return c.json({ data: await readWholesOfAll(app.db, rows, placeOf(app), app.now()), next: null }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/statements',
        request: { params: idParam },
        responses: {
          200: answer(
            z.object({ data: z.array(statementShape), next: z.string().nullable() }),
            'The newest first; those that whoever asks may know of.',
          ),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        if (!(await factsNow(app.db, id, placeOf(app)))) throw notFound('This incident')
        const rows = seenBy(c.get('actor').roles, await statementsOf(app.db, id))
        return c.json({ data: await readWholes(app.db, rows, placeOf(app), app.now()), next: null }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/statements',
        request: {
          params: idParam,
          ...body(
            z
              .strictObject({
                type: statementType,
                visibility: visibility.optional(),
                template: z.string().max(60).nullable().optional().openapi({
                  description: 'A pre-approved template: its text stands where none is given.',
                }),
                title: input.title.optional(),
                body: input.body.optional().openapi({
                  description: 'Facts stand in braces: {started}, {ended}, {duration}, {affected} …',
                }),
              })
              .openapi('NewStatement'),
          ),
        },
        ...keyed,
        middleware,
        responses: {
          201: answer(statementShape, 'A draft: nobody outside may know of it.'),
          ...refusals(400, 401, 403, 404, 409, 413, 422),
        },
      }),
      async (c) => {
        const { id: incidentId } = c.req.valid('param')
        const given = c.req.valid('json')
        const id = await once(c, (claim) => draftStatement(app, c.get('actor'), incidentId, given, { claim }))
        return c.json(await statementFor(app, c.get('actor'), id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/statements/templates',
        responses: {
          200: answer(
            z.object({
              data: z.array(z.object({ key: z.string(), for: statementType, name: words, title: words, body: words })),
              next: z.string().nullable(),
            }),
            'Texts that need no review while nothing but their braces is filled in.',
          ),
          ...refusals(401, 403),
        },
      }),
      (c) => c.json({ data: [...statementTemplates()], next: null }, 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/statements/{id}',
        request: { params: idParam },
        responses: {
          200: answer(statementShape, 'The whole statement, with every version.'),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => c.json(await statementFor(app, c.get('actor'), c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/mention',
        request: { params: idParam },
        responses: {
          200: answer(clocksShape, 'When others first spoke of it, and how the clocks stand.'),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => c.json(await clocks(c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'put',
        path: '/api/v1/incidents/{id}/mention',
        request: {
          params: idParam,
          ...body(
            z
              .strictObject({
                mentionedAt: instantInput.nullable(),
                source: input.source,
                declaredAt: instantInput.nullable().optional(),
              })
              .openapi('NewMention'),
          ),
        },
        ...keyed,
        middleware,
        responses: {
          200: answer(clocksShape, 'The clocks as they run now.'),
          ...refusals(400, 401, 403, 404, 409, 413, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const given = c.req.valid('json')
        await once(c, () => recordMention(app, c.get('actor'), id, given))
        return c.json(await clocks(id), 200)
      },
    )
}
