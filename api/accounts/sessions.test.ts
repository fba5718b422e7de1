import { sql } from 'kysely'
import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { minuteMs } from '#api/lib/time.ts'
import { desk, lin, password } from '#test/support/account-desk.ts'
import { type Stage, story } from '#test/support/story.ts'
import { acceptWelcome, createOwnerLink, createStaff } from './actions.ts'
import { findUserByEmail } from './queries.ts'

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
