import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { system } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { openRoutes } from '#api/routes.ts'
import { openServices } from '../support/services.ts'
import { story } from '../support/story.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

story('the request that the README shows opens an incident', async ({ app }) => {
  const { payments } = await openServices(app)
  const { token } = await createToken(app, system, { name: 'reader', role: 'comms' })
  const [, body = ''] = /\/api\/v1\/incidents -d '(\{[\s\S]*?\n\s*\})'/.exec(readme) ?? []
  const headers = [...readme.matchAll(/-H "([\w-]+): ([^"]+)"/g)].map(([, name, value]) => [name!, value!] as const)
  const answer = await openRoutes(app).request('/api/v1/incidents', {
    method: 'POST',
    headers: headers.map(([name, value]): [string, string] => [name, value.replace('$TOKEN', token)]).slice(1),
    body: body.replace('THE-ID-OF-SEARCH', payments),
  })
  expect(answer.status, await answer.clone().text()).toBe(201)
  expect(await answer.json()).toMatchObject({ severity: 2, status: 'investigating' })
})

it('every path the README names exists; every setting it names is read, and every setting that is read is named', () => {
  const paths = [...readme.matchAll(/`((?:api|src|content|test)\/[\w./-]+)`/g)].map(([, path]) => path!)
  expect(paths.length).toBeGreaterThan(10)
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  const files = readdirSync(join(root, 'api')).filter((name) => /^config.*\.ts$/.test(name) && !name.includes('.test.'))
  const config = files.map((name) => readFileSync(join(root, 'api', name), 'utf8')).join('\n')
  const settings = [...readme.matchAll(/`([A-Z]{3,}(?:_[A-Z]+)+)`/g)].map(([, name]) => name!)
  expect(settings.filter((name) => !config.includes(name))).toEqual([])
  // CRASH_AT is for tests alone.
  const read = [...config.matchAll(/\benv\.([A-Z_]+)|number\('([A-Z_]+)'/g)].map(
    ([, name, numeric]) => name ?? numeric!,
  )
  expect(new Set(read).size).toBeGreaterThan(20)
  expect([...new Set(read)].filter((name) => name !== 'CRASH_AT' && !readme.includes(`\`${name}\``))).toEqual([])
  expect(() => readConfig({}, 'production')).toThrow(/PUBLIC_URL[\s\S]*SECRET_KEY[\s\S]*EMAIL_FROM/)
})
