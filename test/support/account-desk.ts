import { Hono } from 'hono'
import { guard } from '#api/accounts/guards.ts'
import { accountRoutes } from '#api/accounts/routes.ts'
import type { App } from '#api/app.ts'
import { answerError, type Env } from '#api/http/router.ts'

export const password = 'harbour lantern seven tides'

/** The account routes behind the guard, as the program composes them. */
export function desk(app: App) {
  const hono = new Hono<Env>()
  hono.onError((error, c) => answerError(error, c, app.log))
  hono.use(guard(app))
  hono.route('/', accountRoutes(app))
  hono.get('/api/v1/unlisted', (c) => c.text('secret'))
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    hono.request(path, {
      method,
      headers: {
        'x-candor-client-ip': '198.51.100.7',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const signIn = async (email = 'lin@hezhou.example', typed = password, headers: Record<string, string> = {}) => {
    const answer = await call('POST', '/api/v1/session', { email, password: typed }, headers)
    const setCookie = answer.headers.getSetCookie()[0] ?? ''
    return { answer, setCookie, cookie: setCookie.split(';')[0] ?? '' }
  }
  return { call, signIn }
}

/** The first person of the comms team. */
export const lin = { email: 'Lin@hezhou.example', name: 'Lin', password, roles: ['comms'] } as const
