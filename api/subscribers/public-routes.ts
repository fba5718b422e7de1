import { setTimeout } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { clientIp } from '#api/http/client-ip.ts'
import { idInput } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, id, refusals } from '#api/http/shapes.ts'
import { locales } from '#content/locales.ts'
import { requestSubscription, sendAgain } from './actions.ts'
import { isSubscribedChannel, subscribedChannels } from './choice.ts'
import { confirmByCode, confirmByLink, readConfirmation } from './confirm-actions.ts'
import { rotateSecret, sendTest, switchOn } from './endpoint-actions.ts'
import { evenly, type Pause } from './evenly.ts'
import { leave, readGoodbye, readSettings, saveSettings } from './settings-actions.ts'

/** A webhook's address may be long; each channel has its own limit below this. */
const addressLengthMax = 2_000
const ownerLengthMax = 320
const secretLengthMax = 200
const componentsMax = 500

const channel = z.string().max(20)
const address = z.string({ error: 'Give the address.' }).max(addressLengthMax, 'This address is too long.')
const locale = z.enum(locales, { error: `A language is one of ${locales.join(', ')}.` })
const components = z.array(idInput).max(componentsMax)
const token = z.object({ token: z.string().min(1).max(200) })

const accepted = answer(z.object({ accepted: z.literal(true) }), 'Taken; the same for every address.')
const view = z.object({
  channel: z.string(),
  address: z.string().openapi({ description: 'Masked.' }),
  locale: z.enum(locales),
  everything: z.boolean(),
  componentIds: z.array(id),
  active: z.boolean(),
})
const ownView = view
  .extend({
    preferences: z.string(),
    unsubscribe: z.string(),
    endpoint: z
      .object({
        owner: z.string().openapi({ description: 'Masked.' }),
        signed: z.boolean().openapi({ description: 'Requests are signed with a secret that was shown once.' }),
        disabled: z.boolean().openapi({ description: 'Switched off because nothing arrived any more.' }),
      })
      .nullable()
      .openapi({ description: 'Of a webhook or a chat; null of everything else.' }),
  })
  .openapi('OwnSubscription')
const shownOnce = z.string().openapi({ description: 'What requests are signed with: shown once.' })
const confirmed = ownView.extend({ secret: shownOnce.optional() }).openapi('ConfirmedSubscription')

/** What anybody may ask who holds an address or one of our links; the pages of the site call these. */
export function publicSubscriberRoutes(app: App, pause: Pause = setTimeout) {
  const common = { tags: ['Subscribing'] }
  const offer = z.object({
    channels: z.array(z.object({ name: z.enum(subscribedChannels), open: z.boolean() })),
    countries: z.array(z.string()).openapi({ description: 'Whose mobile numbers are served, ISO 3166.' }),
    example: z.string().openapi({ description: 'What a mobile number looks like.' }),
  })

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/subscriptions/offer',
        responses: { 200: answer(offer, 'By which ways messages can come.') },
      }),
      (c) => {
        const channels = app.channels.flatMap(({ name, offReason }) =>
          isSubscribedChannel(name) ? [{ name, open: offReason === null }] : [],
        )
        const { smsCountries: countries } = app.site
        const example = app.channels.find(({ name }) => name === 'sms')?.example ?? ''
        return c.json({ channels, countries, example }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/subscriptions',
        request: body(
          z.strictObject({
            channel,
            address,
            owner: z
              .string()
              .max(ownerLengthMax)
              .optional()
              .openapi({ description: 'Of a webhook or a chat: the mail address of whoever answers for it.' }),
            secret: z
              .string()
              .max(secretLengthMax)
              .optional()
              .openapi({ description: 'Of a Feishu bot that asks for one: its signing secret.' }),
            components: components.optional(),
            locale: locale.optional(),
            website: z.string().max(1_000).optional().openapi({ description: 'Left empty by people.' }),
          }),
        ),
        responses: { 202: accepted, ...refusals(400, 422, 429) },
      }),
      async (c) => {
        const given = c.req.valid('json')
        const wish = {
          channel: given.channel,
          address: given.address,
          owner: given.owner,
          secret: given.secret,
          components: given.components ?? [],
          locale: given.locale ?? app.site.defaultLocale,
        }
        await evenly(pause, given.website ? Promise.resolve() : requestSubscription(app, wish, clientIp(c)))
        return c.json({ accepted: true as const }, 202)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/subscriptions/again',
        request: body(z.strictObject({ channel, address, website: z.string().max(1_000).optional() })),
        responses: { 202: accepted, ...refusals(400, 422, 429) },
      }),
      async (c) => {
        const { website, ...wish } = c.req.valid('json')
        await evenly(pause, website ? Promise.resolve() : sendAgain(app, wish, clientIp(c)))
        return c.json({ accepted: true as const }, 202)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/subscriptions/code',
        request: body(z.strictObject({ channel, address, code: z.string().max(40) })),
        responses: { 200: answer(ownView, 'Confirmed: messages come.'), ...refusals(400, 422, 429) },
      }),
      async (c) => c.json(await evenly(pause, confirmByCode(app, c.req.valid('json'), clientIp(c))), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/confirmations/{token}',
        request: { params: token },
        responses: {
          200: answer(view.extend({ state: z.enum(['open', 'used', 'expired']) }), 'What the link would confirm.'),
          ...refusals(404),
        },
      }),
      async (c) => c.json(await readConfirmation(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/confirmations/{token}',
        request: { params: token },
        responses: { 200: answer(confirmed, 'Confirmed: messages come.'), ...refusals(404, 409) },
      }),
      async (c) => c.json(await confirmByLink(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/preferences/{token}',
        request: { params: token },
        responses: { 200: answer(ownView, 'What was chosen.'), ...refusals(404) },
      }),
      async (c) => c.json(await readSettings(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/preferences/{token}',
        request: {
          params: token,
          ...body(z.strictObject({ components, locale, revokeLinks: z.boolean().optional() })),
        },
        responses: { 200: answer(ownView, 'Saved.'), ...refusals(400, 404, 409, 422) },
      }),
      async (c) => {
        const { components: componentIds, locale, revokeLinks = false } = c.req.valid('json')
        return c.json(await saveSettings(app, c.req.valid('param').token, { componentIds, locale, revokeLinks }), 200)
      },
    )
    .route('/', endpointRoutes(app))
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/goodbyes/{token}',
        request: { params: token },
        responses: {
          200: answer(view.extend({ preferences: z.string() }), 'Who would leave.'),
          ...refusals(404),
        },
      }),
      async (c) => c.json(await readGoodbye(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/goodbyes/{token}',
        request: { params: token },
        responses: { 200: answer(view, 'Nothing more is sent.'), ...refusals(404) },
      }),
      async (c) => c.json(await leave(app, c.req.valid('param').token), 200),
    )
}

/** What the owner of a webhook or a chat may do with it, by the link in their mail. */
function endpointRoutes(app: App) {
  const common = { tags: ['Subscribing'], request: { params: token } }
  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/preferences/{token}/secret',
        responses: { 200: answer(z.object({ secret: shownOnce }), 'Signs from now on.'), ...refusals(404, 409) },
      }),
      async (c) => c.json(await rotateSecret(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/preferences/{token}/test',
        responses: {
          202: answer(z.object({ accepted: z.literal(true) }), 'A test message goes out.'),
          ...refusals(404, 409, 429),
        },
      }),
      async (c) => {
        await sendTest(app, c.req.valid('param').token)
        return c.json({ accepted: true as const }, 202)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/preferences/{token}/on',
        responses: { 200: answer(ownView, 'Messages come again.'), ...refusals(404, 409) },
      }),
      async (c) => c.json(await switchOn(app, c.req.valid('param').token), 200),
    )
}
