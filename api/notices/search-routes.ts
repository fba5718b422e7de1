import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { AppError, notFound } from '#api/errors.ts'
import { cursorOf, idInput, idParam, page, pageQuery, readCursor } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, refusals, secured } from '#api/http/shapes.ts'
import { maySeeAddresses, normalForms, shownAddress } from '#api/subscribers/address.ts'
import { mayLift } from '#api/subscribers/suppression.ts'
import { noteExport } from './desk-actions.ts'
import { exportLedger } from './export.ts'
import { incidentExists } from './ledger-queries.ts'
import { searchShape } from './schema.ts'
import { findDeliveries, momentsOf, standingsOf } from './search-queries.ts'

/** The answer to "was this customer told?", and the ledger as a file. */
export function searchRoutes(app: App) {
  const common = { tags: ['Notices'], security: secured }
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/deliveries',
        request: { query: z.strictObject({ address: z.string().trim().min(1).max(2_000), ...pageQuery }) },
        responses: {
          200: answer(searchShape, 'How an address stands, and every message to it with what became of it.'),
          ...refusals(401, 403, 422),
        },
      }),
      async (c) => {
        const { address, cursor, limit } = c.req.valid('query')
        // An answer to the right guess would be the address itself.
        if (!maySeeAddresses(c.get('actor').roles))
          throw new AppError('forbidden', 'Who may not see addresses may not search for one.')
        const forms = normalForms(app.channels, address)
        const before = readCursor(cursor)
        const { rows, next } = await page(
          limit,
          (count) => findDeliveries(app.db, forms, before, count),
          ({ createdAt, id }) => cursorOf(createdAt, id),
        )
        const moments = await momentsOf(app.db, rows)
        // That of a webhook or a chat is a password: whoever searched for it typed it, and is not shown how it is kept.
        const shown = (kept: string) => shownAddress(kept, true)
        const names = app.channels.map(({ name }) => name)
        const standing = await standingsOf(app.db, names, forms)
        return c.json(
          {
            standing: standing.map((place) => ({
              ...place,
              address: shown(place.address),
              liftable: place.suppressed !== null && place.subscriber !== null && mayLift(place.suppressed) !== null,
            })),
            data: rows.map(({ batchId: _, ...row }) => ({
              ...row,
              address: shown(row.address),
              moments: moments.get(row.id) ?? [],
            })),
            next,
          },
          200,
        )
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/deliveries.csv',
        request: { params: idParam, query: z.strictObject({ update: idInput.optional() }) },
        responses: {
          200: {
            description: 'The ledger as CSV in UTF-8; addresses are masked for roles that need not know them.',
            content: { 'text/csv': { schema: z.string() } },
          },
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const incidentId = c.req.valid('param').id
        const updateId = c.req.valid('query').update
        if (!(await incidentExists(app.db, incidentId))) throw notFound('This incident')
        const masked = !maySeeAddresses(c.get('actor').roles)
        await noteExport(app, c.get('actor'), incidentId, { updateId: updateId ?? null, masked })
        const pieces = exportLedger(app, { incidentId, updateId, masked })
        const encoder = new TextEncoder()
        const stream = new ReadableStream<Uint8Array>(
          {
            async pull(controller) {
              const { done, value } = await pieces.next()
              if (done) controller.close()
              else controller.enqueue(encoder.encode(value))
            },
            async cancel() {
              await pieces.return(undefined)
            },
          },
          // Nothing is read ahead of whoever downloads.
          { highWaterMark: 0 },
        )
        return c.body(stream, 200, {
          'Content-Type': 'text/csv; charset=utf-8',
          'Content-Disposition': `attachment; filename="deliveries-${updateId ?? incidentId}.csv"`,
        })
      },
    )
}
