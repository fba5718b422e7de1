import { join } from 'node:path'
import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { listLetters, readLetter } from '#api/channels/letterbox/read.ts'
import { AppError, notFound } from '#api/errors.ts'
import { idInput, idParam, pageQuery } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, refusals, secured } from '#api/http/shapes.ts'
import { isSealed } from '#api/lib/seal.ts'
import { maskAddress, maySeeAddresses, normalForms } from '#api/subscribers/address.ts'
import { deliveryStates } from './delivery.ts'
import { deskRoutes } from './desk-routes.ts'
import { hookRoutes } from './hook-routes.ts'
import { incidentExists, type LedgerLine, readLedger, stoppedChannels } from './ledger-queries.ts'
import { previewNotices } from './preview.ts'
import { channelShape, draftInput, headShape, ledgerShape, letterShape, previewShape } from './schema.ts'
import { searchRoutes } from './search-routes.ts'
import { openSummary } from './summary.ts'

const pageSize = 50

/** A provider's reason may name the address too. */
const masked = (line: LedgerLine): LedgerLine => {
  const address = maskAddress(line.address)
  return { ...line, address, reason: line.reason?.replaceAll(line.address, address) ?? null }
}

/** What staff see of the telling: the ledger, previews, the letterbox; and the hooks that providers call. */
export function noticeRoutes(app: App) {
  const letterbox = join(app.config.dataDir, 'letterbox')
  const summary = openSummary(app)
  const common = { tags: ['Notices'], security: secured }
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/incidents/{id}/deliveries',
        request: {
          params: idParam,
          query: z.strictObject({
            state: z.enum(deliveryStates).optional(),
            channel: z.string().max(20).optional(),
            address: z.string().max(2_000).optional(),
            update: idInput.optional(),
            ...pageQuery,
          }),
        },
        responses: {
          200: answer(ledgerShape, 'Counts per channel and the rows behind them.'),
          ...refusals(401, 403, 404, 422),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { state, channel, address, update, cursor, limit = pageSize } = c.req.valid('query')
        if (!(await incidentExists(app.db, id))) throw notFound('This incident')
        const seesAddresses = maySeeAddresses(c.get('actor').roles)
        if (address !== undefined && !seesAddresses)
          throw new AppError('forbidden', 'Who may not see addresses may not search for one.')
        const lines = await readLedger(app.db, {
          incidentId: id,
          updateId: update,
          state,
          channel,
          addresses: address === undefined ? undefined : normalForms(app.channels, address),
          after: cursor,
          limit: limit + 1,
        })
        const data = lines
          .slice(0, limit)
          .map((line) => (seesAddresses && !isSealed(line.address) ? line : masked(line)))
        return c.json(
          {
            ...(await summary(id, update)),
            channels: await channelStates(app),
            data,
            next: lines.length > limit ? data.at(-1)!.id : null,
          },
          200,
        )
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/channels',
        responses: {
          200: answer(z.object({ data: z.array(channelShape), next: z.null() }), 'Every way notices travel.'),
          ...refusals(401, 403),
        },
      }),
      async (c) => c.json({ data: await channelStates(app), next: null }, 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/previews',
        request: body(draftInput(app.site)),
        responses: {
          200: answer(previewShape, 'What readers would get, and how many they are.'),
          ...refusals(400, 401, 403, 404, 413, 422),
        },
      }),
      async (c) => c.json(await previewNotices(app, c.req.valid('json')), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/letters',
        request: {
          query: z.strictObject({
            channel: z.string().max(20).optional(),
            address: z.string().max(254).optional(),
            ...pageQuery,
          }),
        },
        responses: {
          200: answer(
            z.object({ data: z.array(headShape), next: z.string().nullable() }),
            'What lies in the letterbox, the newest first.',
          ),
          ...refusals(401, 403, 422),
        },
      }),
      async (c) => {
        const { channel, address, cursor, limit = pageSize } = c.req.valid('query')
        return c.json(await listLetters(letterbox, { channel, address: address?.toLowerCase(), cursor, limit }), 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/letters/{id}',
        request: { params: z.object({ id: z.string().max(40) }) },
        responses: { 200: answer(letterShape, 'One letter as it was written.'), ...refusals(401, 403, 404, 422) },
      }),
      async (c) => {
        const letter = await readLetter(letterbox, c.req.valid('param').id)
        if (!letter) throw notFound('This letter')
        return c.json(letter, 200)
      },
    )
    .route('/', deskRoutes(app))
    .route('/', searchRoutes(app))
    .route('/', hookRoutes(app))
}

/** Each channel with its provider, and why it is off or stopped. */
async function channelStates(app: App) {
  const stopped = await stoppedChannels(app.db)
  return app.channels.map(({ name, provider, offReason }) => {
    const stop = stopped.find(({ channel }) => channel === name)
    return { name, provider, off: offReason, stopped: stop?.stoppedReason ?? null, stoppedAt: stop?.stoppedAt ?? null }
  })
}
