import { globSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openRoutes } from '#api/routes.ts'
import { openStage } from '#test/support/story.ts'
import { allows, mayOpen, pagePermission, permissions } from './permissions.ts'

const root = join(import.meta.dirname, '..', '..')
const routeOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`

/** The pages of the desk by their files: a page that posts to itself reads the form, an endpoint says its methods. */
const deskRoutes = async () => {
  const { readFileSync } = await import('node:fs')
  return globSync('src/pages/admin/**/*.{astro,ts}', { cwd: root }).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const path = file
      .replace(/^src\/pages/, '')
      .replace(/\.(astro|ts)$/, '')
      .replace(/\/index$/, '')
      .replace(/\[(\w+)\]/g, ':$1')
    if (file.endsWith('.ts'))
      return [...text.matchAll(/export const ([A-Z]+)\b/g)].map(([, method]) => `${method} ${path}`)
    const posts = /<form[^>]*method="post"/.test(text) || /\bform\b[^;\n]*= Astro\.locals/.test(text)
    return posts ? [`GET ${path}`, `POST ${path}`] : [`GET ${path}`]
  })
}

let stage: Awaited<ReturnType<typeof openStage>>
let registered: string[]
beforeAll(async () => {
  stage = await openStage('sqlite')
  registered = openRoutes(stage.app).routes.map(routeOf)
})
afterAll(() => stage.close())

const rows = permissions.map(routeOf)

it('every route of the running program has a row', () => {
  const routes = registered.filter((route) => !route.startsWith('ALL '))
  expect(routes.length).toBeGreaterThan(40)
  expect([...new Set(routes)].filter((route) => !rows.includes(route))).toEqual([])
})

it('nothing answers every method: only the guard and its neighbours stand in front of all routes', () => {
  expect([...new Set(registered.filter((route) => route.startsWith('ALL ')))]).toEqual(['ALL /*'])
})

it('every page of the desk has a row', async () => {
  const pages = await deskRoutes()
  expect(pages.length).toBeGreaterThan(15)
  expect(pages.filter((page) => !rows.includes(page))).toEqual([])
})

it('every row has a route or a page, once', async () => {
  const known = [...registered, ...(await deskRoutes())]
  expect(rows.filter((row) => !known.includes(row))).toEqual([])
  expect(rows.filter((row, at) => rows.indexOf(row) !== at)).toEqual([])
})

it('an address of the desk finds its row, and a fixed word wins over a part that varies', () => {
  expect(pagePermission('GET', '/admin/')?.path).toBe('/admin')
  expect(pagePermission('GET', '/admin/incidents/new')?.path).toBe('/admin/incidents/new')
  expect(pagePermission('GET', '/admin/incidents/abcdefghijkl/')?.path).toBe('/admin/incidents/:id')
  expect(pagePermission('GET', '/admin/incidents//')).toBeUndefined()
  expect(pagePermission('DELETE', '/admin')).toBeUndefined()
  expect(pagePermission('GET', '/admin/secret')).toBeUndefined()
})

it('roles open what they should and nothing else', () => {
  expect(mayOpen(['comms'], '/admin/incidents/new')).toBe(true)
  expect(mayOpen(['viewer'], '/admin/incidents/new')).toBe(false)
  expect(mayOpen(['viewer'], '/admin/incidents/abcdefghijkl')).toBe(true)
  expect(mayOpen(['machine'], '/admin')).toBe(false)
  expect(mayOpen([], '/admin')).toBe(false)
  const ofMachine = permissions.filter((row) => row.who !== 'public' && allows(row, ['machine']))
  expect(ofMachine.every((row) => row.path.startsWith('/api/v1/') || row.path === '/metrics')).toBe(true)
  const ofViewer = permissions.filter((row) => row.who !== 'public' && allows(row, ['viewer']) && row.method !== 'GET')
  // One's own password is one's own.
  expect(ofViewer.map(routeOf)).toEqual([
    'POST /api/v1/previews',
    'POST /api/v1/session/password',
    'POST /admin/account',
  ])
})
