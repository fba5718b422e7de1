import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { locales } from '#content/locales.ts'
import type { App } from './app.ts'
import { type Answers, clientFor } from './client.ts'
import { isUpload } from './customers/upload.ts'
import { AppError, errorBody, errorStatus, invalid } from './errors.ts'
import { clientAddress, clientIpHeader } from './http/client-ip.ts'
import { foreignOrigin } from './http/origin.ts'
import { randomWord } from './lib/ids.ts'
import { securityHeaders } from './publish/headers.ts'
import type { Published } from './publish/published.ts'
import { type ApiRoutes, bodyBytesMax, tooLarge } from './routes.ts'

/** Astro's built handler: a connect middleware that takes locals last. */
export type SiteHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
  locals?: object,
) => Promise<void>

/** How long a client may take to send its headers, its whole request, and a file, in milliseconds. */
const headersTimeoutMs = 10_000
const requestTimeoutMs = 30_000
const uploadTimeoutMs = 600_000
/**
 * How long a connection stays open with nothing asked, in milliseconds: longer than an open page waits between two looks,
 * and than a proxy keeps it, so that a request never meets a connection that is being closed here.
 */
const keepAliveMs = 75_000

/** What every page is drawn with; the desk's own middleware adds to it. */
export type Handed = Pick<
  App.Locals,
  'api' | 'site' | 'publicUrl' | 'now' | 'publishing' | 'mirrored' | 'demo' | 'formKey' | 'trouble'
>

/** Hands a page the API as whoever asks, the site, and the moment. */
export function localsFor(
  app: App,
  routes: ApiRoutes,
  headers: IncomingMessage['headers'],
  publishing: boolean,
  answers?: Answers,
): Handed {
  return {
    api: clientFor(routes, headers, answers),
    site: app.site,
    publicUrl: app.config.publicUrl,
    now: app.now(),
    publishing,
    mirrored: false,
    demo: app.config.mode === 'demo',
    formKey: randomWord(24),
    trouble: app.health.trouble,
  }
}

/** The front door: finished files first, without a database; then the API's own routes; then pages drawn on request. */
export function openServer(app: App, routes: ApiRoutes, site: SiteHandler, published: Published): Server {
  // The API is handed the raw headers that came in; the client's address is what the front door found, never what was sent.
  const api = getRequestListener((request, env) => {
    const { incoming } = env as { incoming: IncomingMessage }
    request.headers.set(clientIpHeader, String(incoming.headers[clientIpHeader] ?? ''))
    return routes.fetch(request)
  })
  const isApi = apiPaths(routes)
  const note = (res: ServerResponse, kind: string) => app.meters.requests.add(`kind=${kind},status=${res.statusCode}`)
  /** What is answered from memory is answered already, and needs no listener. */
  const count = (res: ServerResponse, kind: string) => {
    if (res.headersSent) note(res, kind)
    else res.once('close', () => note(res, kind))
  }
  const always = securityHeaders(app.config.publicUrl)
  /** A published file is read and nothing else: no renderer is asked for what somebody posts to it (RFC 9110, 15.5.6). */
  const refuseToChange = (res: ServerResponse) => {
    const type = 'text/plain; charset=utf-8'
    res.writeHead(405, { ...always, allow: 'GET, HEAD', 'content-type': type, connection: 'close' })
    res.end('This address is only read, with GET or HEAD.')
  }
  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const served = published.serve(req, res)
    if (served === true || (await served)) return count(res, 'published')
    if (isFile(req) && !isApi(req)) {
      if (!isRead(req)) {
        refuseToChange(res)
        return count(res, 'published')
      }
      if (published.has('/')) {
        published.missing(req, res)
        return count(res, 'published')
      }
    }
    count(res, isApi(req) ? 'api' : 'drawn')
    for (const [name, value] of Object.entries(always)) res.setHeader(name, value)
    req.headers[clientIpHeader] = clientAddress(req, app.config.trustedProxies)
    const refusal =
      app.health.opened || operations.test(req.url ?? '') ? refusalOf(req, app.config.publicUrl) : notYet(app)
    if (refusal) {
      res.writeHead(errorStatus[refusal.code], { 'content-type': 'application/json', connection: 'close' })
      res.end(JSON.stringify(errorBody(refusal)))
      return
    }
    if (isApi(req)) return api(req, res)
    await site(req, res, () => published.missing(req, res), localsFor(app, routes, req.headers, false))
  }
  const server = createServer((req, res) => {
    limitTime(req, res)
    answer(req, res).catch((error: Error) => {
      app.log('error', 'request.failed', { name: error.name, message: error.message })
      if (!res.headersSent) res.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' })
      res.end('Something went wrong on our side. Nothing was changed.')
    })
  })
  server.headersTimeout = headersTimeoutMs
  server.keepAliveTimeout = keepAliveMs
  // Node knows one limit for all; every request but a file has its own in limitTime.
  server.requestTimeout = uploadTimeoutMs
  return server
}

/** Ends a request whose body takes too long to come in; a file may take its time. */
function limitTime(req: IncomingMessage, res: ServerResponse): void {
  if (!req.headers['content-length'] && !req.headers['transfer-encoding']) return
  if (isUpload(req.method ?? '', (req.url ?? '').split('?')[0]!)) return
  const overdue = setTimeout(() => {
    if (!req.complete) req.destroy()
  }, requestTimeoutMs)
  res.once('close', () => clearTimeout(overdue))
}

/** Pages of one person: they are drawn when they are asked for. Every other page lies in the published folder or nowhere. */
const onRequest = new RegExp(
  `^(?:/(?:${locales.join('|')}))?/(?:admin|subscribe|subscriptions|preferences|unsubscribe|feedback|claims)(?:[/?]|$)`,
)
/** Whether this asks for a page that can only be a published one: that it is missing needs neither renderer nor record. */
const isFile = ({ url = '/' }: IncomingMessage) => !onRequest.test(url)
const isRead = ({ method }: IncomingMessage) => method === 'GET' || method === 'HEAD'

const operations = /^\/(healthz|readyz)$/
const notYet = (app: App) => new AppError('unavailable', app.health.trouble ?? 'The program is starting.')

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** What is turned away before any route sees it: strange methods, bodies too large, forms of other sites. */
function refusalOf(req: IncomingMessage, publicUrl: string): AppError | null {
  if (!methods.includes(req.method ?? '')) return invalid('This method is not known here.')
  const path = (req.url ?? '').split('?')[0]!
  if (Number(req.headers['content-length'] ?? 0) > bodyBytesMax && !isUpload(req.method ?? '', path)) return tooLarge()
  const foreign = foreignOrigin(req, publicUrl)
  return foreign ? new AppError('forbidden', foreign) : null
}

/** Tells whether the API itself owns this method and path; everything else is a page. */
function apiPaths(routes: ApiRoutes): (req: IncomingMessage) => boolean {
  const owned = routes.routes
    .filter((route) => route.method !== 'ALL')
    .map((route) => ({
      method: route.method,
      pattern: new RegExp(`^${route.path.replace(/[.+*?^$()[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`),
    }))
  return (req) => {
    const path = (req.url ?? '/').split('?')[0]!
    if (path.startsWith('/api/') || path.startsWith('/hooks/')) return true
    const method = req.method === 'HEAD' ? 'GET' : req.method
    return owned.some((route) => route.method === method && route.pattern.test(path))
  }
}
