import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { AppError, invalid } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idInput, idParam, instantInput, pageQuery } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, id, instant, refusals, secured } from '#api/http/shapes.ts'
import { textInput } from '#api/http/words.ts'
import { idPattern } from '#api/lib/ids.ts'
import { locales } from '#content/locales.ts'
import { maySeeAddresses, normalForms, shownAddress } from './address.ts'
import type { Pause } from './evenly.ts'
import { hear } from './inbound-actions.ts'
import { readKeyword } from './keywords.ts'
import { publicSubscriberRoutes } from './public-routes.ts'
import { addSubscriber, liftBar } from './staff-actions.ts'
import { findListed, type ListedSubscriber, listSubscribers } from './staff-queries.ts'

const limitDefault = 20
const addressLengthMax = 2_000
const wordingLengthMax = 80

const shape = z
  .object({
    id,
    channel: z.string(),
    address: z.string().openapi({ description: 'Masked for roles that need not know it.' }),
    locale: z.enum(locales),
    state: z.enum(['pending', 'active', 'closed']),
    everything: z.boolean(),
    components: z.array(id),
    suppressed: z.string().nullable(),
    createdAt: instant,
    confirmedAt: instant.nullable(),
    closedAt: instant.nullable(),
    closedReason: z.string().nullable(),
    consentAt: instant.nullable(),
    consentWording: z.string().nullable(),
  })
  .openapi('Subscriber')

const input = z
  .strictObject({
    channel: z.string().max(20),
    address: z.string().max(addressLengthMax, 'This address is too long.'),
    owner: z.string().max(320).optional(),
    secret: z.string().max(200).optional(),
    components: z.array(idInput).max(500).optional(),
    locale: z.enum(locales, { error: `A language is one of ${locales.join(', ')}.` }).optional(),
    confirmed: z.boolean().optional(),
    consentAt: instantInput.optional(),
    consentWording: textInput(wordingLengthMax, { line: true }).optional(),
  })
  .openapi('NewSubscriber', {
    description:
      'With `confirmed` the consent was given elsewhere, and `consentAt` and `consentWording` prove it. A webhook or a chat needs `owner`, the mail address of whoever answers for it; a Feishu bot may need `secret`.',
  })

/** When and to what somebody agreed elsewhere; null when they are to be asked. Throws invalid when half of it is there. */
function consentOf(given: z.infer<typeof input>) {
  const { confirmed = false, consentAt, consentWording } = given
  if (confirmed && consentAt && consentWording) return { at: consentAt, wording: consentWording }
  if (!confirmed && consentAt === undefined && consentWording === undefined) return null
  const sentence = 'A consent given elsewhere needs confirmed: true, consentAt and consentWording together.'
  throw invalid(sentence, {
    ...(confirmed ? {} : { confirmed: 'Set this when the person has agreed.' }),
    ...(consentAt ? {} : { consentAt: 'Give the instant at which they agreed.' }),
    ...(consentWording ? {} : { consentWording: 'Name the wording they agreed to.' }),
  })
}

/** Subscribers for staff and machines, the public's side of it, and what people text back. `pause` is for tests. */
export function subscriberRoutes(app: App, pause?: Pause) {
  const common = { tags: ['Subscribers'], security: secured }
  const shown = (subscriber: ListedSubscriber, roles: readonly string[]): ListedSubscriber => ({
    ...subscriber,
    address: shownAddress(subscriber.address, maySeeAddresses(roles)),
  })

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/subscribers',
        request: {
          query: z.strictObject({
            channel: z
              .string()
              .regex(/^[a-z]{1,20}$/, 'A channel is a word such as email.')
              .optional(),
            address: textInput(addressLengthMax, { line: true }).optional(),
            ...pageQuery,
          }),
        },
        responses: {
          200: answer(z.object({ data: z.array(shape), next: z.string().nullable() }), 'By id.'),
          ...refusals(401, 403, 422),
        },
      }),
      async (c) => {
        const { channel, address, cursor: given, limit = limitDefault } = c.req.valid('query')
        if (address !== undefined && !maySeeAddresses(c.get('actor').roles))
          throw new AppError('forbidden', 'Who may not see addresses may not search for one.')
        const cursor = given !== undefined && idPattern.test(given) ? given : undefined
        const addresses = address === undefined ? undefined : normalForms(app.channels, address)
        const { data, next } = await listSubscribers(app.db, { channel, addresses, cursor, limit })
        return c.json({ data: data.map((one) => shown(one, c.get('actor').roles)), next }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/subscribers',
        request: body(input),
        middleware: idempotent(app),
        responses: { 201: answer(shape, 'Subscribed, or asked.'), ...refusals(400, 401, 403, 409, 422) },
      }),
      async (c) => {
        const given = c.req.valid('json')
        const wanted = {
          channel: given.channel,
          address: given.address,
          owner: given.owner,
          secret: given.secret,
          components: given.components ?? [],
          locale: given.locale ?? app.site.defaultLocale,
          consent: consentOf(given),
        }
        const id = await once(c, (claim) => addSubscriber(app, c.get('actor'), wanted, { claim }))
        return c.json(shown(await findListed(app.db, id), c.get('actor').roles), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'delete',
        path: '/api/v1/subscribers/{id}/suppression',
        request: { params: idParam },
        responses: {
          204: { description: 'Messages go to this address again.' },
          ...refusals(401, 403, 404, 409),
        },
      }),
      async (c) => {
        await liftBar(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
    .route('/', publicSubscriberRoutes(app, pause))
    .route('/', inboundRoutes(app))
}

/** What people text back. The signature is checked before anything is believed; the answer holds no reply of ours. */
function inboundRoutes(app: App) {
  const router = newRouter()
  router.post('/hooks/twilio/inbound', async (c) => {
    const { pathname, search } = new URL(c.req.url)
    const inbound = app.channels.find((channel) => channel.inbound?.path === pathname)?.inbound
    if (!inbound) throw new AppError('forbidden', 'SMS is not set up here.')
    const heard = inbound.read({
      method: 'POST',
      path: `${pathname}${search}`,
      headers: c.req.header(),
      body: await c.req.text(),
    })
    if (heard) await hear(app, { ...heard, keyword: readKeyword(heard.text, heard.optOutType) })
    return c.body('<Response/>', 200, { 'Content-Type': 'text/xml; charset=utf-8' })
  })
  return router
}
