import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { permissions } from '#api/accounts/permissions.ts'
import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { minuteMs, secondMs, toInstant, toMs } from '#api/lib/time.ts'
import { exportPublished } from '#api/publish/export.ts'
import type { Finished } from '#api/publish/files.ts'
import { openRoutes } from '#api/routes.ts'
import { draftStatement } from '#api/statements/actions.ts'
import { publishDue, scheduleStatement } from '#api/statements/publish-actions.ts'
import { approveStatement, askForReview } from '#api/statements/review-actions.ts'
import { runSchedule } from '#api/statements/schedule.ts'
import { localEnv, ownEndpoint } from '../support/endpoints.ts'
import { roomForTests } from '../support/room.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { openSite, serveSite } from '../support/site.ts'
import { story } from '../support/story.ts'
import { posted } from '../support/subscribers.ts'
import { subscribe } from '../support/telling.ts'
import { workNow } from '../support/work.ts'
import { openWebhook } from '../wire/webhook.ts'

const wu = { id: 'wu', roles: ['legal'] }
const secret = { en: 'Quokka news of the evening', 'zh-CN': '今晚的短尾矮袋鼠消息' }
const said = { en: 'The quokka says it began at {started}.', 'zh-CN': '短尾矮袋鼠说始于 {started}。' }
const mirror = mkdtempSync(join(roomForTests(), 'candor-mirror-'))
const hooks = await openWebhook()
afterAll(async () => {
  await hooks.close()
  rmSync(mirror, { recursive: true, force: true })
})

type Read = [where: string, text: string]

/** Every file below a folder as text; packed forms are of the same bytes. */
const filesBelow = (dir: string): Read[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file.slice(dir.length), readFileSync(file, 'utf8')])

/** What every GET route answers to somebody with this token; ids are those of the incident and the statement. */
async function answers(
  routes: ReturnType<typeof openRoutes>,
  token: string | null,
  ids: { incident: string; statement: string; code: string },
): Promise<Read[]> {
  const found: Read[] = []
  for (const { method, path } of permissions) {
    if (method !== 'GET' || path.startsWith('/admin')) continue
    const id = path.includes('/statements/:id') ? ids.statement : ids.incident
    const asked = path.replace(':id', id).replace(':code', ids.code).replace(':month', '2026-11')
    if (asked.includes(':')) continue
    const answer = await routes.request(asked, token ? { headers: { authorization: `Bearer ${token}` } } : {})
    // A refusal may name what was asked for, which whoever guessed has said themselves.
    if (answer.ok) found.push([`${asked} ${answer.status}`, await answer.text()])
    else if (asked.includes(ids.statement)) expect([401, 403, 404], asked).toContain(answer.status)
  }
  return found
}

/** A browser that reads these pages again and again, and keeps what it may keep. */
function browser(address: string) {
  const kept = new Map<string, { etag: string; text: string }>()
  return (paths: string[]): Promise<Read[]> =>
    Promise.all(
      paths.map(async (path) => {
        const held = kept.get(path)
        const answer = await fetch(address + path, held ? { headers: { 'if-none-match': held.etag } } : {})
        if (answer.status !== 304) kept.set(path, { etag: answer.headers.get('etag')!, text: await answer.text() })
        expect(answer.headers.get('cache-control'), path).toBe('public, max-age=0, must-revalidate')
        return [`kept ${path}`, kept.get(path)!.text]
      }),
    )
}

story(
  'until the minute nothing shows that a statement exists; then everything does; a late one says so',
  async (stage) => {
    const { clock, engine } = stage
    const lines: string[] = []
    const app: App = { ...stage.app, log: (...line) => void lines.push(JSON.stringify(line)) }
    const services = await openServices(app)
    const hook = `/hook/${engine}`
    await subscribe(app, [{ address: 'wang@mail.example' }, { address: '+8613800000001', channel: 'sms' }])
    await ownEndpoint(app, { channel: 'webhook', address: hooks.endpoint(hook) })
    clock.move(secondMs)
    const incident = await openIncident(app, lin, {
      title: { en: 'Orders fail.', 'zh-CN': '无法下单。' },
      severity: 1,
      status: 'investigating',
      components: [{ id: services.orders, status: 'major_outage' }],
      body: { en: 'We are looking.', 'zh-CN': '正在排查。' },
      nextUpdateAt: inMinutes(app, 60),
    })
    const say = (body: string) =>
      publishUpdate(app, lin, incident.id, {
        status: 'identified',
        body: { en: body, 'zh-CN': '原因已定位。' },
        nextUpdateAt: inMinutes(app, 30),
      })
    const embargoed = async (minutes: number) => {
      const draft = await draftStatement(app, lin, incident.id, { type: 'press_release', title: secret, body: said })
      await askForReview(app, lin, draft.id)
      await approveStatement(app, wu, draft.id, { hash: draft.hash })
      return scheduleStatement(app, lin, draft.id, { at: inMinutes(app, minutes) })
    }
    const { id, publishAt } = await embargoed(5)
    const tokens = await Promise.all(
      (['viewer', 'finance', 'coordination'] as const).map(
        async (role) => (await createToken(app, system, { name: role, role })).token,
      ),
    )
    const telling = (text: string) => text.includes(id) || /quokka|矮袋鼠/i.test(text)
    /** The steps in which readers were shown something of it. */
    const steps: string[][] = []
    const site = await openSite(app, (files: Finished[]) => {
      const told = files.filter(({ bytes }) => telling(bytes.toString()))
      if (told.length) steps.push(told.map(({ place }) => place))
    })
    const door = await serveSite(site.published)
    const routes = openRoutes(app)
    const ids = { incident: incident.id, statement: id, code: incident.code }
    const dir = join(app.config.dataDir, 'published')
    const reload = browser(door.address)
    const pages = ['/', '/zh-CN/'].flatMap((root) =>
      ['', 'statements/', 'statements/feed.json', `incidents/${incident.id}/`, 'history/2026-11.json'].map(
        (path) => root + path,
      ),
    )
    /** One round of everything that works while time passes, then everything that can be read. */
    const crawl = async () => {
      await publishDue(app)
      await workNow(app)
      await site.publisher.publishChanges()
      await site.publisher.tick()
      // The copy follows what was published at the publisher's next look.
      site.publisher.wake()
      await site.publisher.publishChanges()
      await new Promise((resolve) => setImmediate(resolve))
      await site.publisher.mirrorsIdle()
      const copy = mkdtempSync(join(app.config.dataDir, 'export-'))
      await exportPublished(dir, app.config.publicUrl, copy)
      const asked = await Promise.all([null, ...tokens].map((token) => answers(routes, token, ids)))
      const sent = [...(await posted(app)).map(({ text }) => text), ...hooks.attempts(hook).map(({ body }) => body)]
      const all = [
        ...[dir, mirror, copy].flatMap(filesBelow),
        ...asked.flat(),
        ...(await reload(pages)),
        ...sent.map((text): Read => ['a message', text]),
        ...lines.map((line): Read => ['the log', line]),
      ]
      rmSync(copy, { recursive: true })
      const guesses = await Promise.all(
        ['', '/zh-CN'].map(async (root) => (await fetch(`${door.address}${root}/statements/${id}/`)).status),
      )
      return { told: all.filter(([, text]) => telling(text)).map(([name]) => name), guesses }
    }
    try {
      const minute = toMs(publishAt!)
      // Every second up to the minute, and the last thousandth of one; news of the incident goes out meanwhile.
      for (const beforeMs of [4_000, 3_000, 2_000, 1_000, 1]) {
        clock.set(toInstant(minute - beforeMs))
        if (beforeMs === 3_000) await say('We have found the cause.')
        expect(await crawl(), `${beforeMs} ms before`).toEqual({ told: [], guesses: [404, 404] })
      }
      expect(hooks.received(hook)).toHaveLength(2)
      expect((await posted(app)).length).toBeGreaterThan(2)
      expect(steps).toEqual([])
      expect(await app.db.selectFrom('outbox').select('kind').where('kind', 'like', 'statement.%').execute()).toEqual(
        [],
      )

      const shown = ['', '/zh-CN'].flatMap((root) =>
        [
          `/statements/${id}/`,
          '/statements/',
          '/statements/history.rss',
          '/statements/history.atom',
          '/statements/feed.json',
          `/incidents/${incident.id}/`,
          '/history/2026-11.json',
        ].map((place) => root + place),
      )
      for (const afterMs of [0, 1_000]) {
        clock.set(toInstant(minute + afterMs))
        const { told, guesses } = await crawl()
        expect(guesses).toEqual([200, 200])
        const files = [...shown, '/sitemap-2026-11.xml'].map((place) => place.replace(/\/$/, '/index.html'))
        expect(told).toEqual(expect.arrayContaining(files))
        // Page, mirror and export: each of them has all of it.
        for (const file of files)
          expect(
            told.filter((name) => name === file),
            file,
          ).toHaveLength(3)
        expect(told).toEqual(
          expect.arrayContaining([
            '/api/v1/status/statements 200',
            `/api/v1/status/statements/${id} 200`,
            'kept /statements/',
            `kept /zh-CN/incidents/${incident.id}/`,
          ]),
        )
      }
      // All of it in one step: nobody finds it in a feed before its page, or the page before the feed.
      expect([...new Set(steps[0])].sort()).toEqual(expect.arrayContaining([...shown, '/sitemap-2026-11.xml'].sort()))
      expect(site.read(`/statements/${id}/`)).not.toContain('came out late')

      // No worker lives at the minute; the one that comes back publishes, and says that it was late.
      const late = await embargoed(2)
      clock.move(14 * minuteMs)
      await site.publisher.publishChanges()
      expect((await fetch(`${door.address}/statements/${late.id}/`)).status).toBe(404)
      const worker = runSchedule(app)
      while (!lines.join('\n').includes('"statement.late"')) await new Promise((resolve) => setTimeout(resolve, 5))
      worker.stop()
      await worker.ended
      await site.publisher.publishChanges()
      expect(site.read(`/statements/${late.id}/`)).toContain('came out late')
      expect(site.read(`/zh-CN/statements/${late.id}/`)).toContain('实际发布延迟')
      const events = await app.db.selectFrom('statementEvent').select(['kind', 'note', 'by']).execute()
      expect(events).toContainEqual({ kind: 'late', note: String(12 * minuteMs), by: 'system' })
    } finally {
      await door.stop()
      await site.stop()
    }
  },
  { PUBLISH_MIRRORS: mirror, ...localEnv },
)
