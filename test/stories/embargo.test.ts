import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { permissions } from '#api/accounts/permissions.ts'
import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { minuteMs, secondMs, toInstant, toMs } from '#api/lib/time.ts'
import { exportPublished } from '#api/publish/export.ts'
import { openRoutes } from '#api/routes.ts'
import { draftStatement } from '#api/statements/actions.ts'
import { publishDue, scheduleStatement } from '#api/statements/publish-actions.ts'
import { approveStatement, askForReview } from '#api/statements/review-actions.ts'
import { roomForTests } from '../support/room.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { openSite, serveSite } from '../support/site.ts'
import { story } from '../support/story.ts'

const wu = { id: 'wu', roles: ['legal'] }
const secret = { en: 'Quokka news of the evening', 'zh-CN': '今晚的短尾矮袋鼠消息' }
const said = { en: 'The quokka says it began at {started}.', 'zh-CN': '短尾矮袋鼠说始于 {started}。' }
const mirror = mkdtempSync(join(roomForTests(), 'candor-mirror-'))

/** Every file below a folder as text; packed forms are of the same bytes. */
const filesBelow = (dir: string): [string, string][] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file.slice(dir.length), readFileSync(file, 'utf8')])

/** What every GET route of the API answers to somebody with this role; ids are those of the incident and the statement. */
async function answers(
  routes: ReturnType<typeof openRoutes>,
  token: string | null,
  ids: { incident: string; statement: string; code: string },
) {
  const found: [string, string][] = []
  for (const { method, path } of permissions) {
    if (method !== 'GET' || !path.startsWith('/api/')) continue
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

story(
  'until the minute nothing shows that a statement exists; then everything does; a late one says so',
  async (stage) => {
    const { clock } = stage
    const lines: string[] = []
    const app: App = { ...stage.app, log: (...line) => void lines.push(JSON.stringify(line)) }
    const { orders } = await openServices(app)
    const incident = await openIncident(app, lin, {
      title: { en: 'Orders fail.', 'zh-CN': '无法下单。' },
      severity: 1,
      status: 'investigating',
      components: [{ id: orders, status: 'major_outage' }],
      body: { en: 'We are looking.', 'zh-CN': '正在排查。' },
      nextUpdateAt: inMinutes(app, 60),
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
    const site = await openSite(app)
    const door = await serveSite(site.published)
    const routes = openRoutes(app)
    const ids = { incident: incident.id, statement: id, code: incident.code }
    const dir = join(app.config.dataDir, 'published')
    /** One round of everything that works while time passes, then everything that can be read. */
    const crawl = async () => {
      await publishDue(app)
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
      const all = [...filesBelow(dir), ...filesBelow(mirror), ...filesBelow(copy), ...asked.flat()]
      const telling = all.filter(([, text]) => text.includes(id) || /quokka|矮袋鼠/i.test(text))
      const guesses = await Promise.all(
        ['', '/zh-CN'].map(async (root) => (await fetch(`${door.address}${root}/statements/${id}/`)).status),
      )
      return { told: telling.map(([name]) => name), guesses }
    }
    try {
      const minute = toMs(publishAt!)
      for (const before of [3, 1]) {
        clock.set(toInstant(minute - before * secondMs))
        expect(await crawl(), `${before} s before`).toEqual({ told: [], guesses: [404, 404] })
      }
      expect(lines.join('\n')).not.toContain(id)
      expect(await app.db.selectFrom('outbox').select('kind').where('kind', 'like', 'statement.%').execute()).toEqual(
        [],
      )

      clock.set(toInstant(minute))
      const { told, guesses } = await crawl()
      expect(guesses).toEqual([200, 200])
      for (const root of ['', '/zh-CN'])
        expect(told).toEqual(
          expect.arrayContaining(
            [
              `/statements/${id}/index.html`,
              '/statements/index.html',
              '/statements/history.rss',
              '/statements/history.atom',
              '/statements/feed.json',
              `/incidents/${incident.id}/index.html`,
              '/history/2026-11.json',
            ].map((file) => root + file),
          ),
        )
      expect(told).toEqual(
        expect.arrayContaining([
          '/sitemap-2026-11.xml',
          '/api/v1/status/statements 200',
          `/api/v1/status/statements/${id} 200`,
        ]),
      )
      // Page, mirror and export: each of them has it.
      expect(told.filter((name) => name === `/statements/${id}/index.html`)).toHaveLength(3)
      expect(site.read(`/statements/${id}/`)).not.toContain('came out late')

      // Nobody works at the minute; whoever comes back publishes, and says that it was late.
      const late = await embargoed(2)
      clock.move(14 * minuteMs)
      await site.publisher.publishChanges()
      expect((await fetch(`${door.address}/statements/${late.id}/`)).status).toBe(404)
      expect(await publishDue(app)).toBe(1)
      await site.publisher.publishChanges()
      expect(site.read(`/statements/${late.id}/`)).toContain('came out late')
      expect(site.read(`/zh-CN/statements/${late.id}/`)).toContain('实际发布延迟')
      expect(lines.join('\n')).toContain('"statement.late"')
      const events = await app.db.selectFrom('statementEvent').select(['kind', 'note', 'by']).execute()
      expect(events).toContainEqual({ kind: 'late', note: String(12 * minuteMs), by: 'system' })
    } finally {
      await door.stop()
      await site.stop()
      rmSync(mirror, { recursive: true, force: true })
    }
  },
  { PUBLISH_MIRRORS: mirror },
)
