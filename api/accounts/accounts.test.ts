import { expect } from 'vitest'
import { system } from '#api/audit/audit.ts'
import { hourMs, minuteMs } from '#api/lib/time.ts'
import { desk, lin, password } from '#test/support/account-desk.ts'
import { story } from '#test/support/story.ts'
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
