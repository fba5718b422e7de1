import { Hono } from 'hono'
import { sql } from 'kysely'
import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { answerError, type Env } from '#api/http/router.ts'
import { hourMs, minuteMs } from '#api/lib/time.ts'
import { type Stage, story } from '#test/support/story.ts'
import {
  acceptWelcome,
  createOwnerLink,
  createStaff,
  createToken,
  inviteStaff,
  ownerExists,
  readWelcome,
  removeStaff,
} from './actions.ts'
import { guard } from './guards.ts'
import { findUserByEmail } from './queries.ts'
import { accountRoutes } from './routes.ts'

const password = 'harbour lantern seven tides'

/** The account routes behind the guard, as the program composes them. */
function desk(app: App) {
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

const lin = { email: 'Lin@hezhou.example', name: 'Lin', password, roles: ['comms'] } as const

story(
  'a session opens with the right password, lives in a strict cookie, and ends in the record when she signs out',
  async ({ app }) => {
    const { call, signIn } = desk(app)
    const id = await createStaff(app, lin)
    const { answer, setCookie, cookie } = await signIn()
    expect(answer.status).toBe(200)
    expect(setCookie).toMatch(/^__Host-candor=/)
    for (const flag of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/', 'Max-Age=43200'])
      expect(setCookie).toContain(flag)
    expect(setCookie).not.toContain('Domain')
    const me = await call('GET', '/api/v1/session', undefined, { cookie })
    expect(await me.json()).toEqual({ id, name: 'Lin', email: 'lin@hezhou.example', roles: ['comms'] })
    expect((await call('DELETE', '/api/v1/session', undefined, { cookie })).status).toBe(204)
    expect((await call('GET', '/api/v1/session', undefined, { cookie })).status).toBe(401)
    expect((await call('DELETE', '/api/v1/session')).status).toBe(204)
    expect(
      await app.db
        .withoutPlugins()
        .selectFrom('session' as never)
        .selectAll()
        .execute(),
    ).toEqual([])
  },
)

story('an unknown address and a wrong password get the same answer', async ({ app }) => {
  const { signIn } = desk(app)
  await createStaff(app, lin)
  const wrong = (await signIn(undefined, 'not the password at all')).answer
  const unknown = (await signIn('nobody@hezhou.example')).answer
  const strange = (await signIn('no address')).answer
  expect([wrong.status, unknown.status, strange.status]).toEqual([401, 401, 401])
  const text = await wrong.text()
  expect(await unknown.text()).toBe(text)
  expect(await strange.text()).toBe(text)
})

story('a cookie that was planted beforehand is never the session', async ({ app }) => {
  const { call, signIn } = desk(app)
  await createStaff(app, lin)
  const first = await signIn()
  const second = await signIn(undefined, password, { cookie: first.cookie })
  expect(second.cookie).not.toBe(first.cookie)
  const planted = await signIn(undefined, password, { cookie: '__Host-candor=planted.planted' })
  expect(planted.cookie).not.toContain('planted')
  expect((await call('GET', '/api/v1/session', undefined, { cookie: '__Host-candor=planted.planted' })).status).toBe(
    401,
  )
})

story(
  'guessing is slowed per account and per network, and never locks out a network that was let in before',
  async ({ app, clock }) => {
    const { signIn } = desk(app)
    await createStaff(app, lin)
    expect((await signIn()).answer.status).toBe(200)
    const from = (ip: string) => ({ 'x-candor-client-ip': ip })
    for (let guess = 0; guess < 9; guess++) await signIn(undefined, 'wrong wrong wrong', from(`203.0.113.${guess}`))
    expect((await signIn(undefined, password, from('203.0.113.99'))).answer.status).toBe(429)
    expect((await signIn()).answer.status).toBe(200)
    clock.move(15 * minuteMs)
    expect((await signIn(undefined, password, from('203.0.113.99'))).answer.status).toBe(200)
    const answers: number[] = []
    for (let guess = 0; guess < 31; guess++)
      answers.push((await signIn(`guess${guess}@hezhou.example`, password, from('2001:db8::1'))).answer.status)
    expect(answers.slice(0, 30).every((status) => status === 401)).toBe(true)
    expect(answers[30]).toBe(429)
  },
)

story('a token is shown once, opens what its role may, and nothing after it is revoked', async ({ app, clock }) => {
  const { call } = desk(app)
  const owner = await createToken(app, system, { name: 'setup', role: 'owner' })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const made = await call('POST', '/api/v1/tokens', { name: 'pager', role: 'machine' }, bearer(owner.token))
  expect(made.status).toBe(201)
  const machine: { id: string; token: string } = await made.json()
  expect(machine.token).toMatch(/^cndr_[\w-]{43}$/)
  const rows = await app.db.selectFrom('apiToken').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain(machine.token.slice(5))

  const me = await call('GET', '/api/v1/session', undefined, bearer(machine.token))
  expect(await me.json()).toMatchObject({ id: `token:${machine.id}`, roles: ['machine'] })
  const used = async () =>
    (await app.db.selectFrom('apiToken').select('lastUsedAt').where('id', '=', machine.id).executeTakeFirstOrThrow())
      .lastUsedAt
  const first = await used()
  clock.move(minuteMs / 2)
  await call('GET', '/api/v1/session', undefined, bearer(machine.token))
  expect(await used()).toBe(first)
  clock.move(minuteMs)
  await call('GET', '/api/v1/session', undefined, bearer(machine.token))
  expect(await used()).toBe(app.now())

  expect((await call('GET', '/api/v1/tokens', undefined, bearer(machine.token))).status).toBe(403)
  expect((await call('DELETE', `/api/v1/tokens/${machine.id}`, undefined, bearer(owner.token))).status).toBe(204)
  expect((await call('GET', '/api/v1/session', undefined, bearer(machine.token))).status).toBe(401)
  expect((await call('GET', '/api/v1/session', undefined, bearer('cndr_thisisnotatokenatallnotatoken'))).status).toBe(
    401,
  )
  const audit = await app.db.selectFrom('audit').select('action').orderBy('at').execute()
  expect(audit.map(({ action }) => action)).toEqual(['token.created', 'token.created', 'token.revoked'])
})

story(
  'who is not signed in is told so, who may not is told that, and a route without a row is closed',
  async ({ app }) => {
    const { call, signIn } = desk(app)
    await createStaff(app, lin)
    const { cookie } = await signIn()
    expect((await call('GET', '/api/v1/people')).status).toBe(401)
    expect((await call('GET', '/api/v1/people', undefined, { cookie })).status).toBe(403)
    expect((await call('GET', '/api/v1/unlisted', undefined, { cookie })).status).toBe(403)
    expect((await call('GET', '/api/v1/nowhere', undefined, { cookie })).status).toBe(404)
  },
)

story('the owner link makes one owner, once, within a day, and only while there is none', async ({ app, clock }) => {
  const tokenOf = (url: string) => url.split('/').at(-1)!
  const first = tokenOf(await createOwnerLink(app))
  const second = tokenOf(await createOwnerLink(app))
  await expect(readWelcome(app, first)).rejects.toThrow('does not exist')
  clock.move(24 * hourMs)
  await expect(readWelcome(app, second)).rejects.toThrow('does not exist')
  const third = tokenOf(await createOwnerLink(app))
  const me = { name: 'Gu Wen', email: 'gu@hezhou.example', password }
  await expect(acceptWelcome(app, third, { ...me, password: 'short' })).rejects.toThrow('12 characters')
  await expect(acceptWelcome(app, third, { ...me, password: 'Password1234!' })).rejects.toThrow('guessed first')
  const both = await Promise.allSettled([acceptWelcome(app, third, me), acceptWelcome(app, third, me)])
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await ownerExists(app)).toBe(true)
  await expect(createOwnerLink(app)).rejects.toThrow('There is an owner already')
  const { signIn } = desk(app)
  expect((await signIn('gu@hezhou.example')).answer.status).toBe(200)
})

story(
  'whoever is invited chooses a password by a link; whoever is removed is out at once, and the last owner stays',
  async ({ app }) => {
    const { call, signIn } = desk(app)
    const ownerId = await createStaff(app, { ...lin, email: 'gu@hezhou.example', roles: ['owner'] })
    const { cookie } = await signIn('gu@hezhou.example')
    const invited = await call(
      'POST',
      '/api/v1/people',
      { name: 'Mia', email: 'mia@hezhou.example', roles: ['comms', 'viewer'] },
      { cookie },
    )
    expect(invited.status).toBe(201)
    const { id, url }: { id: string; url: string } = await invited.json()
    const path = `/api/v1/welcome/${url.split('/').at(-1)}`
    expect(await (await call('GET', path)).json()).toEqual({
      purpose: 'invitation',
      name: 'Mia',
      email: 'mia@hezhou.example',
    })
    const taken = await call('POST', path, { name: 'Mia Chen', email: 'other@hezhou.example', password })
    expect(await taken.json()).toEqual({ email: 'mia@hezhou.example' })
    expect((await call('POST', path, { name: 'Mia', email: 'mia@hezhou.example', password })).status).toBe(404)
    const mia = await signIn('mia@hezhou.example')
    const me = await (await call('GET', '/api/v1/session', undefined, { cookie: mia.cookie })).json()
    expect(me).toMatchObject({ name: 'Mia Chen', roles: ['comms', 'viewer'] })

    expect((await call('DELETE', `/api/v1/people/${id}`, undefined, { cookie })).status).toBe(204)
    expect((await call('GET', '/api/v1/session', undefined, { cookie: mia.cookie })).status).toBe(401)
    expect((await signIn('mia@hezhou.example')).answer.status).toBe(401)
    expect((await call('DELETE', `/api/v1/people/${ownerId}`, undefined, { cookie })).status).toBe(409)
    await expect(
      inviteStaff(app, system, { name: 'Gu', email: 'GU@hezhou.example', roles: ['viewer'] }),
    ).rejects.toThrow('already')
  },
)

story('whoever is removed before they answered has no way in, and can be invited again', async ({ app }) => {
  const mia = { name: 'Mia', email: 'mia@hezhou.example', roles: ['comms'] } as const
  const invite = async () => {
    const { id, url } = await inviteStaff(app, system, mia)
    return { id, token: url.split('/').at(-1)! }
  }
  const typed = { name: 'Mia Chen', email: mia.email, password }
  const first = await invite()
  await removeStaff(app, system, first.id)
  await expect(readWelcome(app, first.token)).rejects.toThrow('does not exist')
  await expect(acceptWelcome(app, first.token, typed)).rejects.toThrow('does not exist')
  const { signIn } = desk(app)
  expect((await signIn(mia.email)).answer.status).toBe(401)

  const second = await invite()
  expect(second.id).toBe(first.id)
  await acceptWelcome(app, second.token, typed)
  expect((await signIn(mia.email)).answer.status).toBe(200)
  await removeStaff(app, system, first.id)
  await acceptWelcome(app, (await invite()).token, typed)
  expect((await signIn(mia.email)).answer.status).toBe(200)
})

story('the audit says who came and went, who opened the first door, and never by which address', async ({ app }) => {
  const { call, signIn } = desk(app)
  const ownerToken = (await createOwnerLink(app)).split('/').at(-1)!
  await acceptWelcome(app, ownerToken, { ...lin, name: 'Lin' })
  const { cookie } = await signIn()
  await signIn(undefined, 'not the password at all')
  await call('DELETE', '/api/v1/session', undefined, { cookie })
  await call('DELETE', '/api/v1/session', undefined, { cookie })
  const id = (await findUserByEmail(app.db, 'lin@hezhou.example'))?.id
  const rows = await app.db.selectFrom('audit').selectAll().execute()
  const told = rows.map(({ actorId, action, subjectId }) => [action, actorId, subjectId])
  expect(told).toHaveLength(5)
  expect(told).toEqual(
    expect.arrayContaining([
      ['ownerLink.created', 'system', 'owner'],
      ['staff.created', 'system', id],
      ['session.opened', id, id],
      ['session.refused', 'stranger', id],
      ['session.closed', id, id],
    ]),
  )
  for (const secret of ['lin@hezhou.example', ownerToken, cookie.split('=')[1]!.slice(0, 20)])
    expect(JSON.stringify(rows)).not.toContain(secret)
})

/** From now on the record refuses audit rows of this action, as a full disk would. */
async function refuseAudit({ app, engine }: Stage, action: string): Promise<void> {
  if (engine === 'sqlite')
    await sql`create trigger refuse before insert on audit when new.action = ${sql.lit(action)}
      begin select raise(abort, 'the disk is full'); end`.execute(app.db)
  else {
    await sql`create function refuse() returns trigger language plpgsql
      as 'begin raise exception ''the disk is full''; end'`.execute(app.db)
    await sql`create trigger refuse before insert on audit for each row when (new.action = ${sql.lit(action)})
      execute function refuse()`.execute(app.db)
  }
}
const sessions = (app: App) =>
  app.db
    .withoutPlugins()
    .selectFrom('session' as never)
    .selectAll()
    .execute()

story('no session is opened that the audit does not know of', async (stage) => {
  const { signIn } = desk(stage.app)
  await createStaff(stage.app, lin)
  await refuseAudit(stage, 'session.opened')
  const { answer, setCookie } = await signIn()
  expect([answer.status, setCookie]).toEqual([500, ''])
  expect(await sessions(stage.app)).toEqual([])
})

story('no session ends that the audit does not know of', async (stage) => {
  const { call, signIn } = desk(stage.app)
  await createStaff(stage.app, lin)
  const { cookie } = await signIn()
  await refuseAudit(stage, 'session.closed')
  expect((await call('DELETE', '/api/v1/session', undefined, { cookie })).status).toBe(500)
  expect(await sessions(stage.app)).toHaveLength(1)
  expect((await call('GET', '/api/v1/session', undefined, { cookie })).status).toBe(200)
})

story('who was turned away is in the audit: each guess, and once that there were too many', async ({ app }) => {
  const { signIn } = desk(app)
  const id = await createStaff(app, lin)
  await signIn('nobody@hezhou.example')
  for (let guess = 0; guess < 13; guess++) await signIn(undefined, 'wrong wrong wrong')
  const rows = await app.db.selectFrom('audit').selectAll().where('actorId', '=', 'stranger').execute()
  const count = (action: string, subject: string) =>
    rows.filter((row) => row.action === action && row.subjectId === subject).length
  expect(count('session.refused', 'unknown')).toBe(1)
  expect(count('session.refused', id)).toBe(10)
  expect(count('session.limited', id)).toBe(1)
  expect(rows).toHaveLength(12)
  expect(JSON.stringify(rows)).not.toContain('hezhou')
})
