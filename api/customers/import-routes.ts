import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { AppError, invalid, notFound } from '#api/errors.ts'
import { csvAnswer } from '#api/http/csv.ts'
import { cursorOf, idInput, idParam, page, pageQuery, readCursor } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, refusals, secured } from '#api/http/shapes.ts'
import { costly } from '#api/lib/costly.ts'
import { fromJson } from '#api/lib/json.ts'
import { locales } from '#content/locales.ts'
import { countsByPlan } from './affected-queries.ts'
import { type Finding, say } from './finding.ts'
import { commitImport, discardImport, nameColumns } from './import-actions.ts'
import { committedTwin, findImport, listImportRows, listImports } from './import-queries.ts'
import { receiveFile } from './receive.ts'
import { exportReport } from './report.ts'
import { columnsInput, fates, importShape, rowShape } from './schema.ts'
import { shownFinding, shownImport } from './shown.ts'
import { fileIn, isForm, uploadPath } from './upload.ts'

const common = { tags: ['Customers'], security: secured }
const done = { 204: { description: 'Done.' } }
const kind = z.enum(['customers', 'affected'], { error: 'A kind is customers or affected.' })

/** Where the desk shows what became of a file. */
const deskPage = (id: string) => `/admin/imports/${id}`

/** Files about customers and about who was affected: handed in, looked at, committed or thrown away. */
export function importRoutes(app: App) {
  const plans = costly<{ plan: string; count: number }[]>(app.steadyMs)
  const found = async (id: string) => {
    const row = await findImport(app.db, id)
    if (!row) throw notFound('This import')
    return row
  }
  const shown = async (id: string) => {
    const row = await found(id)
    const counted = row.kind === 'affected' && ['read', 'committed'].includes(row.state) && row.listId
    return shownImport(row, {
      twin: row.hash ? await committedTwin(app.db, row) : undefined,
      plans: counted ? await plans(`${id} ${row.state}`, () => countsByPlan(app.db, counted)) : [],
    })
  }

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: uploadPath,
        request: {
          query: z.strictObject({
            kind,
            incident: idInput.optional(),
            name: z.string().max(120).optional(),
          }),
          body: {
            content: { 'text/csv': { schema: z.string().openapi({ description: 'UTF-8 or GB18030.' }) } },
            required: true as const,
          },
        },
        responses: {
          201: answer(importShape, 'It waits for its columns to be named.'),
          303: { description: 'To a form: the page of the import.' },
          ...refusals(401, 403, 404, 413, 422),
        },
      }),
      async (c) => {
        const { kind, incident, name } = c.req.valid('query')
        if ((kind === 'affected') !== (incident !== undefined))
          throw invalid('A list of affected customers belongs to an incident, and only that does.', {
            incident: kind === 'affected' ? 'Name the incident.' : 'Leave this out.',
          })
        const { fileName, pieces } = await fileIn(c.req.raw, name)
        const upload = { kind, incidentId: incident ?? null, fileName }
        const { id, finding } = await receiveFile(app, c.get('actor'), upload, pieces)
        if (isForm(c.req.header('content-type'))) return c.redirect(deskPage(id), 303)
        if (finding) {
          const sentence = say(finding, 'en')
          throw new AppError(finding.code === 'tooLarge' ? 'too_large' : 'invalid', sentence, {
            fields: { file: sentence },
          })
        }
        return c.json(await shown(id), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/imports',
        request: { query: z.strictObject({ kind: kind.optional(), incident: idInput.optional(), ...pageQuery }) },
        responses: {
          200: answer(z.object({ data: z.array(importShape), next: z.string().nullable() }), 'The newest first.'),
          ...refusals(401, 403, 422),
        },
      }),
      async (c) => {
        const { kind, incident, cursor, limit } = c.req.valid('query')
        const before = readCursor(cursor)
        const { rows, next } = await page(
          limit,
          (count) => listImports(app.db, { kind, incidentId: incident }, before, count),
          ({ createdAt, id }) => cursorOf(createdAt, id),
        )
        return c.json({ data: rows.map((row) => shownImport(row, { twin: undefined, plans: [] })), next }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/imports/{id}',
        request: { params: idParam },
        responses: { 200: answer(importShape, 'How far it has come.'), ...refusals(401, 403, 404) },
      }),
      async (c) => c.json(await shown(c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/imports/{id}/columns',
        request: { params: idParam, ...body(columnsInput) },
        responses: {
          200: answer(importShape, 'It is being read with these columns.'),
          ...refusals(400, 401, 403, 404, 409, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await nameColumns(app, c.get('actor'), id, c.req.valid('json'))
        return c.json(await shown(id), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/imports/{id}/rows',
        request: {
          params: idParam,
          query: z.strictObject({
            fate: z.enum(fates).optional(),
            ...pageQuery,
            cursor: z
              .string()
              .regex(/^\d{1,9}$/, 'Take the cursor from the "next" of the page before.')
              .optional(),
          }),
        },
        responses: {
          200: answer(
            z.object({ data: z.array(rowShape), next: z.string().nullable() }),
            'Rows that are not used, or counted once with another, by their line.',
          ),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const { id } = await found(c.req.valid('param').id)
        const { fate, cursor, limit } = c.req.valid('query')
        const { rows, next } = await page(
          limit,
          (count) => listImportRows(app.db, id, fate ? [fate] : [...fates], Number(cursor ?? 0), count),
          ({ line }) => String(line),
        )
        const data = rows.map(({ line, fate, firstLine, reason, cells }) => ({
          line,
          fate: fate as (typeof fates)[number],
          firstLine,
          reasons: fromJson<Finding[]>(reason ?? '[]').map(shownFinding),
          cells: fromJson<string[]>(cells ?? '[]'),
        }))
        return c.json({ data, next }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/imports/{id}/report.csv',
        request: { params: idParam, query: z.strictObject({ lang: z.enum(locales).optional() }) },
        responses: {
          200: { description: 'The same rows as CSV.', content: { 'text/csv': { schema: z.string() } } },
          ...refusals(401, 403, 404),
        },
      }),
      async (c) => {
        const row = await found(c.req.valid('param').id)
        const lines = exportReport(app, row, c.req.valid('query').lang ?? app.site.defaultLocale)
        return csvAnswer(c, `import-${row.id}`, lines)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/imports/{id}/commit',
        request: { params: idParam },
        responses: { 200: answer(importShape, 'It counts.'), ...refusals(401, 403, 404, 409) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await commitImport(app, c.get('actor'), id)
        return c.json(await shown(id), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'delete',
        path: '/api/v1/imports/{id}',
        request: { params: idParam },
        responses: { ...done, ...refusals(401, 403, 404, 409) },
      }),
      async (c) => {
        await discardImport(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
}
