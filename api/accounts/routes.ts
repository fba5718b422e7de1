import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, refusals, secured } from '#api/http/shapes.ts'
import * as actions from './actions.ts'
import { changeOwnPassword } from './own-password.ts'
import { roles, staffRoles } from './permissions.ts'
import { findUser, listPeople, listTokens } from './queries.ts'
import { signIn, signOut } from './sign-in.ts'

const line = (most: number) =>
  z
    .string()
    .trim()
    .min(1, 'Please fill this in.')
    .max(most, `At most ${most} characters`)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'Please keep this on one line.')
const email = z.string().trim().toLowerCase().max(254).pipe(z.email('Please give an address such as lin@example.com.'))
const session = z.object({ id: z.string(), name: z.string(), email: z.string().nullable(), roles: z.array(z.string()) })
const token = z.object({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
})
const person = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  roles: z.array(z.string()),
  hasPassword: z.boolean(),
})
const welcome = z.object({ purpose: z.enum(['owner', 'invitation']), name: z.string(), email: z.string() })
const idParam = z.strictObject({ id: z.string().max(40) })
const tokenParam = z.strictObject({ token: z.string().max(100) })
const done = { 204: { description: 'Done.' } }

/** Sessions, one-time links, API tokens and the people of the staff. */
export const accountRoutes = (app: App) =>
  newRouter()
    .openapi(
      createRoute({
        method: 'post',
        path: '/api/v1/session',
        request: body(z.strictObject({ email: z.string().max(254), password: z.string().max(256) })),
        responses: { 200: answer(z.object({ id: z.string() }), 'Signed in; the session is in the cookie.') },
      }),
      async (c) => {
        const { email, password } = c.req.valid('json')
        const { userId, cookies } = await signIn(app, c.req.raw.headers, email, password)
        for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
        return c.json({ id: userId }, 200)
      },
    )
    .openapi(createRoute({ method: 'delete', path: '/api/v1/session', responses: done }), async (c) => {
      for (const cookie of await signOut(app, c.req.raw.headers)) c.header('set-cookie', cookie, { append: true })
      return c.body(null, 204)
    })
    .openapi(
      createRoute({
        method: 'get',
        path: '/api/v1/session',
        security: secured,
        responses: { 200: answer(session, 'Who asks.') },
      }),
      async (c) => {
        const actor = c.get('actor')
        const user = await findUser(app.db, actor.id)
        return c.json(
          { id: actor.id, name: user?.name ?? actor.id, email: user?.email ?? null, roles: [...actor.roles] },
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/api/v1/session/password',
        security: secured,
        request: body(z.strictObject({ currentPassword: z.string().max(256), newPassword: z.string().max(256) })),
        responses: {
          204: { description: 'Changed; every other session of this person is over.' },
          ...refusals(401, 403, 422, 429),
        },
      }),
      async (c) => {
        const cookies = await changeOwnPassword(app, c.get('actor'), c.req.raw.headers, c.req.valid('json'))
        for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/api/v1/welcome/{token}',
        request: { params: tokenParam },
        responses: { 200: answer(welcome, 'What this one-time link is for.') },
      }),
      async (c) => c.json(await actions.readWelcome(app, c.req.valid('param').token), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/api/v1/welcome/{token}',
        request: {
          params: tokenParam,
          ...body(z.strictObject({ name: line(100), email, password: z.string().max(256) })),
        },
        responses: { 201: answer(z.object({ email: z.string() }), 'The account is there; sign in with this address.') },
      }),
      async (c) =>
        c.json({ email: await actions.acceptWelcome(app, c.req.valid('param').token, c.req.valid('json')) }, 201),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/api/v1/tokens',
        security: secured,
        responses: { 200: answer(z.object({ data: z.array(token), next: z.null() }), 'API tokens, newest first.') },
      }),
      async (c) => c.json({ data: await listTokens(app.db), next: null }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/api/v1/tokens',
        security: secured,
        request: body(z.strictObject({ name: line(100), role: z.enum(roles) })),
        responses: { 201: answer(z.object({ id: z.string(), token: z.string() }), 'The token, shown this once.') },
      }),
      async (c) => c.json(await actions.createToken(app, c.get('actor'), c.req.valid('json')), 201),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/api/v1/tokens/{id}',
        security: secured,
        request: { params: idParam },
        responses: done,
      }),
      async (c) => {
        await actions.revokeToken(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/api/v1/people',
        security: secured,
        responses: { 200: answer(z.object({ data: z.array(person), next: z.null() }), 'Everybody of the staff.') },
      }),
      async (c) => c.json({ data: await listPeople(app.db), next: null }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/api/v1/people',
        security: secured,
        request: body(
          z.strictObject({
            name: line(100),
            email,
            roles: z.array(z.enum(staffRoles)).min(1, 'Choose one role or more.'),
          }),
        ),
        responses: {
          201: answer(z.object({ id: z.string(), url: z.string() }), 'The link to hand over, shown this once.'),
        },
      }),
      async (c) => c.json(await actions.inviteStaff(app, c.get('actor'), c.req.valid('json')), 201),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/api/v1/people/{id}',
        security: secured,
        request: { params: idParam },
        responses: done,
      }),
      async (c) => {
        await actions.removeStaff(app, c.get('actor'), c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
