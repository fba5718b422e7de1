import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { App } from '#api/app.ts'
import { notFound } from '#api/errors.ts'
import { newRouter } from '#api/http/router.ts'
import { refusals } from '#api/http/shapes.ts'
import { foldReceipts } from './receipts.ts'

/** What a provider calls when something became of a message. Only its signature lets it in; the answer is empty. */
export function hookRoutes(app: App) {
  const fold = async (c: Context) => {
    const { pathname, search } = new URL(c.req.url)
    const channel = app.channels.find(({ callback }) => callback?.path === pathname)
    if (!channel?.callback) throw notFound('This hook')
    const events = await channel.callback.read({
      method: c.req.method,
      path: `${pathname}${search}`,
      headers: c.req.header(),
      body: await c.req.text(),
    })
    const news = await foldReceipts(app, channel, events)
    app.log('debug', 'callback.folded', { channel: channel.name, events: events.length, news })
    return c.body(null, 204)
  }
  const hook = {
    method: 'post' as const,
    tags: ['Hooks'],
    responses: { 204: { description: 'Folded into the ledger, or known already.' }, ...refusals(403, 404) },
  }
  return newRouter()
    .openapi(createRoute({ ...hook, path: '/hooks/resend' }), (c) => fold(c))
    .openapi(createRoute({ ...hook, path: '/hooks/twilio/status' }), (c) => fold(c))
}
