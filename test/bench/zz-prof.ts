import { mkdtempSync } from 'node:fs'
import { inject } from 'light-my-request'
import { openApp } from '#api/app.ts'
import { loadSiteHandler } from '#api/build.ts'
import { readConfig } from '#api/config.ts'
import { changedPlaces } from '#api/publish/pages.ts'
import { openRoutes } from '#api/routes.ts'
import { localsFor } from '#api/server.ts'
import { readStatus } from '#api/status/read.ts'
import { fillRecord } from './fill.ts'

const dataDir = mkdtempSync('/tmp/me/prof-')
const env = {
  DATA_DIR: dataDir,
  PUBLIC_URL: 'https://status.hezhou.example',
  SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
  LOG_LEVEL: 'warn',
  EMAIL_FROM: 'a <a@b.example>',
}
await fillRecord(env)
const app = openApp(readConfig(env, 'production'))
const site = await loadSiteHandler()
const routes = openRoutes(app)
const render = (url: string) =>
  inject((req, res) => site.handler(req, res, undefined, localsFor(app, routes, {}, true)), {
    method: 'GET',
    url,
    headers: { host: 'status.hezhou.example' },
  })
const status = await readStatus(app)
const { places } = await changedPlaces(app, 0)
const months = places.filter((p) => p.startsWith('/history/2')).slice(-2)
for (let round = 0; round < 4; round++)
  for (const p of [
    '/',
    '/zh-CN/',
    '/history/',
    '/subscribe/',
    ...months,
    status.past.find((x) => x.kind === 'incident')
      ? `/incidents/${(status.past.find((x) => x.kind === 'incident') as any).incident.id}/`
      : '/privacy/',
  ]) {
    const t = performance.now()
    const r = await render(p)
    const ms = performance.now() - t
    if (round === 0 || round === 3) console.log(round, p, r.statusCode, r.rawPayload.length, ms.toFixed(1))
  }
let t = performance.now()
for (let i = 0; i < 20; i++) await readStatus(app)
console.log('readStatus', ((performance.now() - t) / 20).toFixed(2))
t = performance.now()
for (let i = 0; i < 20; i++) await (await routes.request('/api/v1/status')).text()
console.log('route status', ((performance.now() - t) / 20).toFixed(2))
await app.close()
