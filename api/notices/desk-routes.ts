import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idParam } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, refusals, secured } from '#api/http/shapes.ts'
import { costly } from '#api/lib/costly.ts'
import { dayMs, plusMs } from '#api/lib/time.ts'
import { readMirrors } from '#api/publish/mirror-state.ts'
import { maySeeAddresses, shownAddress } from '#api/subscribers/address.ts'
import { locales, type Words } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { tryAlikeAgain, tryDeliveryAgain } from './again-actions.ts'
import { disabledEndpoints, heldNotices, type Waiting, waitingForPerson } from './alarm-queries.ts'
import { leaveNotice, tryChannel } from './desk-actions.ts'
import { endNotice, releaseNotice } from './held.ts'
import { stoppedChannels } from './ledger-queries.ts'
import { channelNames, stoppedProviders } from './provider.ts'
import { alarmsShape, alikeInput } from './schema.ts'

/** For how long what did not arrive is called to somebody's attention. */
const alarmForMs = 7 * dayMs

/** One message that tells several incidents bears the name of none. */
const severalTitle: Words = Object.fromEntries(locales.map((locale) => [locale, wordsOf(locale).messages.fold.several]))
const titled = <T extends { title: Words | null }>(one: T) => ({ ...one, title: one.title ?? severalTitle })

/** The published folder itself, when the disk does not take what readers see already. */
const ownFolder = ({ config, health: { unwritten } }: App) =>
  unwritten
    ? [
        {
          name: `${config.dataDir}/published`,
          trouble: unwritten.reason,
          troubleSince: unwritten.since,
          verifiedAt: null,
        },
      ]
    : []

const undrawnPages = ({ health: { undrawn } }: App) =>
  undrawn ? [{ reason: undrawn.reason, since: undrawn.since }] : []

/** What a person decides about the telling: one more attempt, a stopped channel tried now, a look that is enough. */
export function deskRoutes(app: App) {
  const common = { tags: ['Notices'], security: secured }
  const done = { 204: { description: 'Done.' } }
  const waiting = costly<Waiting[]>(app.steadyMs)
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/deliveries/{id}/attempts',
        request: { params: idParam },
        middleware: idempotent(app),
        responses: {
          201: answer(z.object({ id: z.string() }), 'It waits for one more attempt; asked twice, it is tried once.'),
          ...refusals(401, 403, 404, 409),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        return c.json({ id: await once(c, (claim) => tryDeliveryAgain(app, c.get('actor'), id, { claim })) }, 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/incidents/{id}/attempts',
        request: { params: idParam, ...body(alikeInput) },
        responses: {
          201: answer(z.object({ tried: z.int() }), 'How many wait for one more attempt.'),
          ...refusals(400, 401, 403, 404, 422),
        },
      }),
      async (c) =>
        c.json({ tried: await tryAlikeAgain(app, c.get('actor'), c.req.valid('param').id, c.req.valid('json')) }, 201),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/alarms',
        responses: { 200: answer(alarmsShape, 'What needs a person now.'), ...refusals(401, 403) },
      }),
      async (c) => {
        const from = plusMs(app.now(), -alarmForMs)
        const seesAddresses = maySeeAddresses(c.get('actor').roles)
        const shown = (address: string) => shownAddress(address, seesAddresses)
        return c.json(
          {
            channels: stoppedProviders(app.channels, await stoppedChannels(app.db)),
            held: (await heldNotices(app.db)).map(({ heldReason, heldAt, ...notice }) => ({
              ...titled(notice),
              reason: heldReason ?? '',
              since: heldAt ?? '',
            })),
            deliveries: (await waiting('all', () => waitingForPerson(app.db, channelNames(app.channels), from))).map(
              titled,
            ),
            endpoints: (await disabledEndpoints(app.db, from)).map(({ disabledAt, disabledReason, ...endpoint }) => ({
              ...endpoint,
              address: shown(endpoint.address),
              owner: shown(endpoint.owner),
              reason: disabledReason ?? '',
              since: disabledAt ?? '',
            })),
            pages: undrawnPages(app),
            mirrors: [...ownFolder(app), ...(await readMirrors(app.config.dataDir))].flatMap(
              ({ name, trouble, troubleSince, verifiedAt }) =>
                trouble === null || troubleSince === null
                  ? []
                  : [{ name, reason: trouble, since: troubleSince, verifiedAt }],
            ),
          },
          200,
        )
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/notices/{id}/seen',
        request: { params: idParam },
        responses: { ...done, ...refusals(401, 403, 404) },
      }),
      async (c) => {
        await leaveNotice(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/notices/{id}/release',
        request: { params: idParam },
        responses: { ...done, ...refusals(401, 403, 404, 409) },
      }),
      async (c) => {
        await releaseNotice(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/notices/{id}/end',
        request: { params: idParam },
        responses: { ...done, ...refusals(401, 403, 404, 409) },
      }),
      async (c) => {
        await endNotice(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/channels/{name}/attempts',
        request: { params: z.strictObject({ name: z.string().max(20) }) },
        responses: { ...done, ...refusals(401, 403, 409) },
      }),
      async (c) => {
        await tryChannel(app, c.get('actor'), c.req.valid('param').name)
        return c.body(null, 204)
      },
    )
}
