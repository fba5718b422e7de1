import { expect } from 'vitest'
import { createStaff } from '#api/accounts/actions.ts'
import { openRoutes } from '#api/routes.ts'
import { story } from '../support/story.ts'
import { openServices, ordersDown } from '../support/telling.ts'

const first = 'harbour lantern seven tides'
const second = 'quiet orchard under snowfall'
type Body = Record<string, unknown>

story('who changes their password is signed out everywhere else, and the audit says who did what', async ({ app }) => {
  const email = 'lin@hezhou.example'
  const services = await openServices(app)
  const incident = await ordersDown(app, services)
  await createStaff(app, { email, name: 'Lin', password: first, roles: ['owner'] })
  const routes = openRoutes(app)
  const ask = (method: string, path: string, cookie: string, body?: Body) =>
    routes.request(`/api/v1${path}`, {
      method,
      headers: { cookie, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]!.split(';')[0]!
  const enter = async (password: string) => ask('POST', '/session', '', { email, password })
  const [here, elsewhere] = [cookieOf(await enter(first)), cookieOf(await enter(first))]
  const change = (cookie: string, currentPassword: string, newPassword: string) =>
    ask('POST', '/session/password', cookie, { currentPassword, newPassword })
  expect((await change('', first, second)).status).toBe(401)
  const wrong = await change(here, 'not the password', second)
  expect([wrong.status, Object.keys((await wrong.json()).error.fields)]).toEqual([422, ['currentPassword']])
  const weak = await change(here, first, 'password1234')
  expect([weak.status, Object.keys((await weak.json()).error.fields)]).toEqual([422, ['newPassword']])
  const changed = await change(here, first, second)
  expect(changed.status).toBe(204)
  expect((await ask('GET', '/session', cookieOf(changed))).status).toBe(200)
  expect((await ask('GET', '/session', elsewhere)).status).toBe(401)
  expect((await ask('GET', '/session', here)).status).toBe(401)
  expect((await enter(first)).status).toBe(401)

  const own = cookieOf(await enter(second))
  const { data } = await (await ask('GET', '/audit?limit=100', own)).json()
  const line = data.find(({ action }: { action: string }) => action === 'password.changed')
  expect(line).toMatchObject({ actor: 'Lin', subjectId: line.actorId })
  expect(JSON.stringify(data)).not.toContain(second)
  const of = await (await ask('GET', `/audit?incident=${incident.id}`, own)).json()
  expect(of.data.map(({ action, subjectId }: { action: string; subjectId: string }) => [action, subjectId])).toEqual([
    ['incident.opened', incident.id],
  ])
  const pages: string[] = []
  for (let cursor = ''; ; ) {
    const page = await (await ask('GET', `/audit?limit=2${cursor && `&cursor=${cursor}`}`, own)).json()
    pages.push(...page.data.map(({ id }: { id: string }) => id))
    if (!page.next) break
    cursor = encodeURIComponent(page.next)
  }
  expect(new Set(pages).size).toBe(pages.length)
  expect(pages.length).toBeGreaterThanOrEqual(data.length)
})
