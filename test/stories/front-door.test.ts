import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { system } from '#api/audit/audit.ts'
import { openDb } from '#api/db/connect.ts'
import { openDrawing } from '#api/drawing.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { readRevisionFile } from '#api/publish/files.ts'
import { type OpenProgram, openProgram, password, staff } from '../support/desk.ts'
import { inMinutes } from '../support/services.ts'

// What comes in over a real socket, on PostgreSQL.
let program: OpenProgram
let token: string
beforeAll(async () => {
  program = await openProgram({ engine: 'postgres' })
  token = (await createToken(program.app, system, { name: 'test', role: 'comms' })).token
})
afterAll(() => program.stop())

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(program.address + path, { method: 'POST', redirect: 'manual', body, headers })

it('who claims another address for every request is limited all the same', async () => {
  const statuses: number[] = []
  for (let i = 0; i < 34; i++) {
    const body = JSON.stringify({ channel: 'email', address: `reader${i}@mail.example` })
    const claimed = { 'content-type': 'application/json', 'x-candor-client-ip': `198.51.100.${i}` }
    statuses.push((await post('/api/v1/subscriptions', body, claimed)).status)
  }
  expect(statuses[0]).toBeLessThan(300)
  expect(statuses.slice(-4)).toEqual([429, 429, 429, 429])
})

it('a body that is too large, or not JSON, is refused with a sentence, on pages and on the API', async () => {
  const large = 'x'.repeat(300 * 1024)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  expect((await post('/subscriptions', `address=${large}`, form)).status).toBe(413)
  expect((await post('/api/v1/subscriptions', large, { 'content-type': 'application/json' })).status).toBe(413)
  const bearer = { authorization: `Bearer ${token}` }
  const odd = await post('/api/v1/incidents', 'title=x', { ...bearer, ...form })
  expect(odd.status).toBe(422)
  expect((await odd.json()).error.message).toContain('Content-Type: application/json')
  const none = await post('/api/v1/incidents', '', bearer)
  expect(none.status).toBe(422)
  const half = await post('/api/v1/incidents', '{"title":', { ...bearer, 'content-type': 'application/json' })
  expect(half.status).toBe(400)
})

it('a body that hides its length is cut off while it comes, and refused', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const { hostname, port } = new URL(program.address)
    const asked = request(
      {
        hostname,
        port,
        method: 'POST',
        path: '/subscriptions',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      (answer) => resolve(answer.resume().statusCode ?? 0),
    )
    asked.on('error', reject)
    for (let i = 0; i < 40; i++) asked.write('x'.repeat(16 * 1024))
    asked.end()
  })
  expect([413, 422]).toContain(status)
})

it('every answer bears the security headers', async () => {
  for (const path of ['/', '/api/v1/status', '/admin/sign-in', '/nowhere']) {
    const { headers } = await fetch(program.address + path)
    expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'")
  }
})

it('an address where nothing is gets the published page that says so, in its language, and no renderer is asked', async () => {
  const dir = join(program.app.config.dataDir, 'published')
  for (const [path, page] of [
    ['/nowhere', '404.html'],
    ['/wp-login.php?a=b', '404.html'],
    ['/zh-CN/nowhere/at/all', 'zh-CN/404.html'],
  ] as const) {
    const answer = await fetch(program.address + path)
    expect(answer.status, path).toBe(404)
    // Byte for byte what lies in the folder: a page that is drawn now says another time.
    expect(await answer.text(), path).toBe(readFileSync(join(dir, page), 'utf8'))
  }
  const personal = await fetch(`${program.address}/zh-CN/unsubscribe/nobody`)
  expect(personal.status).not.toBe(500)
  expect(await personal.text()).not.toBe(readFileSync(join(dir, 'zh-CN/404.html'), 'utf8'))
  expect((await fetch(`${program.address}/readyz`)).status).toBe(200)
})

it('what is posted to a published page is refused, and no renderer is asked', async () => {
  for (const path of ['/', '/history/', '/zh-CN/', '/nowhere'])
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await fetch(program.address + path, { method })
      expect([answer.status, answer.headers.get('allow')], `${method} ${path}`).toEqual([405, 'GET, HEAD'])
    }
})

/** Reads Prometheus' text format by its grammar, strictly; a sample by its name and labels. */
function readMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  const types = new Set<string>()
  for (const line of text.trimEnd().split('\n')) {
    const [, typed] = /^# TYPE ([a-z_]+) (?:counter|gauge|histogram)$/.exec(line) ?? []
    if (typed) types.add(typed)
    if (/^# (TYPE|HELP) [a-z_]+ \S/.test(line)) continue
    const [, name = '', labels = '', value = ''] =
      /^([a-z_]+)(\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? (NaN|[-+0-9.e]+)$/.exec(line) ?? []
    expect(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, '')), line).toBe(true)
    samples.set(name + labels, Number(value))
  }
  return samples
}

it('tells Prometheus how it is, whoever bears a token, and names nobody', async () => {
  const scrape = (bearer?: string) =>
    fetch(`${program.address}/metrics`, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} })
  expect((await scrape()).status).toBe(401)
  expect((await scrape(token)).status).toBe(403)
  const { token: machine } = await createToken(program.app, system, { name: 'prometheus', role: 'machine' })
  await openIncident(program.app, system, {
    title: { en: 'Orders fail.' },
    severity: 1,
    status: 'investigating',
    components: [{ id: program.services.orders, status: 'major_outage' }],
    body: { en: 'We are looking.' },
    nextUpdateAt: inMinutes(program.app, 30),
  })
  const published = async () => readMetrics(await (await scrape(machine)).text()).get('candor_publish_seconds_count')
  await expect.poll(published, { timeout: 10_000 }).toBeGreaterThan(0)
  const answer = await scrape(machine)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await answer.text()
  expect(text).not.toMatch(/@|cndr_|Orders fail/)
  const samples = readMetrics(text)
  const sumOf = (of: RegExp) => [...samples].reduce((sum, [name, value]) => (of.test(name) ? sum + value : sum), 0)
  const shown = await readRevisionFile(join(program.app.config.dataDir, 'published'))
  expect(samples.get('candor_ready')).toBe(1)
  expect(samples.get('candor_revision')).toBeLessThanOrEqual(shown?.revision ?? 0)
  expect(samples.get('candor_revision_age_seconds')).toBeGreaterThanOrEqual(0)
  // The confirmations that were asked for above.
  expect(sumOf(/^candor_deliveries\{channel="email"/)).toBeGreaterThan(20)
  expect(sumOf(/^candor_queue_deliveries/)).toBe(sumOf(/^candor_deliveries\{.*state="(queued|sending)"/))
  expect(samples.get('candor_http_requests_total{kind="published",status="404"}')).toBeGreaterThan(0)
  expect(samples.get('candor_http_requests_total{kind="api",status="401"}')).toBeGreaterThan(0)
  expect(samples.get('candor_alarms{kind="channel"}')).toBe(0)
  const buckets = [...samples].filter(([name]) => name.startsWith('candor_publish_seconds_bucket'))
  const counts = buckets.map(([, count]) => count)
  expect(counts.at(-1)).toBe(samples.get('candor_publish_seconds_count'))
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  expect(samples.get('candor_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0)
})

/** The cookie of an owner who has signed in. */
async function signedIn(): Promise<string> {
  const email = 'gu@hezhou.example'
  await staff(program.app, email, 'owner').catch(() => {})
  const headers = { 'content-type': 'application/json', origin: program.url }
  const session = await post('/api/v1/session', JSON.stringify({ email, password }), headers)
  return session.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
}

it('a published folder that the disk does not take is told at the desk, and readers have the news all the same', async () => {
  const { app, address, services } = program
  const cookie = await signedIn()
  const read = async (path: string) => (await fetch(address + path, { headers: { cookie } })).text()
  const within = { timeout: 15_000 }
  const folder = join(app.config.dataDir, 'published/zh-CN')
  // After a start what may be looked up is still being drawn; this file is written last.
  await expect.poll(() => existsSync(join(folder, '../revision.json')), within).toBe(true)
  renameSync(folder, `${folder}-away`)
  writeFileSync(folder, 'There is a file where the folder was.')
  await openIncident(app, system, {
    title: { en: 'Payments are slow.' },
    severity: 1,
    status: 'investigating',
    components: [{ id: services.payments, status: 'degraded_performance' }],
    body: { en: 'We are looking.' },
    nextUpdateAt: inMinutes(app, 30),
  })
  await expect.poll(() => read('/zh-CN/'), within).toContain('Payments are slow.')
  await expect
    .poll(() => read('/admin/alarms'), within)
    .toMatch(/published<\/p><p class="problem"[^>]*>E(NOTDIR|EXIST)/)
  rmSync(folder)
  renameSync(`${folder}-away`, folder)
  await expect.poll(() => read('/admin/alarms'), within).toContain('Nothing needs you.')
  expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain('Payments are slow.')
})

it('with the API dead readers get the last revision with its age, and the desk says why, until it lives again', async () => {
  const { app, address } = program
  const cookie = await signedIn()
  const at = (path: string) => fetch(address + path, { headers: { cookie }, redirect: 'manual' })
  const read = async (path: string) => (await at(path)).text()
  const ready = async () => (await (await at('/readyz')).json()) as { ok: boolean; why: string | null }
  await expect.poll(ready, { timeout: 15_000 }).toEqual({ ok: true, why: null })
  const places = ['/', '/zh-CN/', '/history/', '/history.rss', '/api/v2/summary.json']
  const shown = await Promise.all(places.map(read))
  const [, publishedAt = ''] = /Published <time datetime="([^"]+)"/.exec(shown[0] ?? '') ?? []
  expect(Date.now() - Date.parse(publishedAt)).toBeGreaterThanOrEqual(0)

  // Whatever asks for services fails, here and in the thread that draws, while a change waits to be published.
  await sql`alter table component rename to component_away`.execute(app.db)
  await sql`update meta set value = cast(cast(value as integer) + 1 as text) where key = 'revision'`.execute(app.db)
  await expect
    .poll(ready, { timeout: 15_000 })
    .toEqual({ ok: false, why: expect.stringContaining('Pages cannot be drawn') })
  expect((await at('/api/v1/status')).status).toBe(500)
  expect((await post('/api/v1/incidents', '{}', { authorization: `Bearer ${token}` })).status).not.toBe(201)
  for (const [i, path] of places.entries()) {
    const answer = await at(path)
    expect(answer.status, path).toBe(200)
    expect(await answer.text(), path).toBe(shown[i])
  }
  expect(await read('/admin/alarms')).toMatch(/Pages could not be drawn since[\s\S]+component&[^<]+does not exist/)
  const desk = await at('/admin/components')
  expect(desk.status).toBe(503)
  expect(await desk.text()).toContain('The desk cannot be opened now')

  await sql`alter table component_away rename to component`.execute(app.db)
  await expect.poll(ready, { timeout: 15_000 }).toEqual({ ok: true, why: null })
  expect(await read('/admin/alarms')).not.toContain('Pages could not be drawn')
  expect((await at('/admin/components')).status).toBe(200)
})

it('a page that breaks is not taken for one that is gone, which would be removed', async () => {
  const { render } = await openDrawing(program.app)
  const broken = { to: () => Promise.reject(new Error('The record is away.')) }
  for (const path of [
    '/',
    '/history/',
    '/uptime/',
    '/subscribe/',
    '/history/2026-11/',
    '/zh-CN/incidents/abcdefghijkl/',
  ])
    expect((await render(path, broken)).statusCode, path).toBe(500)
})

it('a database that drops its connections ends nothing', async () => {
  const admin = openDb(program.app.config.databaseUrl.replace(/\/[^/]*$/, '/postgres'))
  const name = new URL(program.app.config.databaseUrl).pathname.slice(1)
  const busy = Promise.allSettled(Array.from({ length: 8 }, () => sql`select pg_sleep(5)`.execute(program.app.db)))
  await new Promise((resolve) => setTimeout(resolve, 300))
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(admin)
  await admin.destroy()
  expect((await busy).every(({ status }) => status === 'rejected')).toBe(true)
  expect((await fetch(`${program.address}/`)).status).toBe(200)
  await expect.poll(async () => (await fetch(`${program.address}/readyz`)).status, { timeout: 15_000 }).toBe(200)
})
