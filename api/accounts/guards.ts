import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { AppError } from '#api/errors.ts'
import type { Env } from '#api/http/router.ts'
import { minuteMs, plusMs } from '#api/lib/time.ts'
import { hashSecret } from '#api/lib/tokens.ts'
import { openAuth } from './auth.ts'
import { allows, permissionOf } from './permissions.ts'
import { findToken, noteTokenUse, rolesOf } from './queries.ts'

/** Somebody we know nothing of: reads the page, subscribes, signs in. */
const anonymous: Actor = { id: 'public', roles: [] }

/**
 * Puts the one table of permissions in front of every route: finds the row of the route that will answer, and lets
 * nobody through where there is none. Public routes never look anybody up, so they need no database for it.
 * 401 unauthorized when nobody is signed in, 403 forbidden when somebody is and may not.
 */
export function guard(app: App): MiddlewareHandler<Env> {
  return async (c, next) => {
    const route = matchedRoutes(c).find((matched) => matched.method !== 'ALL')
    if (!route) return next()
    const row = permissionOf(route.method, route.path)
    if (!row) throw new AppError('forbidden', 'Nobody may use this address: it has no row in the table of permissions.')
    if (row.who === 'public') {
      c.set('actor', anonymous)
      return next()
    }
    const actor = await actorOf(app, c.req.raw.headers)
    if (!actor) throw new AppError('unauthorized', 'Sign in, or send an API token as "Authorization: Bearer cndr_…".')
    if (!allows(row, actor.roles))
      throw new AppError('forbidden', `This needs one of these roles: ${row.who.join(', ')}.`)
    c.set('actor', actor)
    return next()
  }
}

/** Who asks: the holder of an API token or of a session; null when the request names neither. A wrong token throws unauthorized. */
async function actorOf(app: App, headers: Headers): Promise<Actor | null> {
  const authorization = headers.get('authorization')
  if (authorization !== null) return tokenActor(app, authorization)
  if (!headers.has('cookie')) return null
  const session = await openAuth(app).api.getSession({ headers })
  if (!session) return null
  return { id: session.user.id, roles: await rolesOf(app.db, session.user.id) }
}

async function tokenActor(app: App, authorization: string): Promise<Actor> {
  const secret = /^bearer +(cndr_[\w-]{20,100})$/i.exec(authorization)?.[1]
  const token = secret ? await findToken(app.db, hashSecret(secret)) : undefined
  if (!token || token.revokedAt) throw new AppError('unauthorized', 'This API token is not known, or it was revoked.')
  const now = app.now()
  // Once a minute is enough to see that a token is in use; a row written per request would be the busiest of all.
  if (!token.lastUsedAt || token.lastUsedAt < plusMs(now, -minuteMs)) await noteTokenUse(app.db, token.id, now)
  return { id: `token:${token.id}`, roles: [token.role] }
}
