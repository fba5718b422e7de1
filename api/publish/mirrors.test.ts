import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { App } from '#api/app.ts'
import { readMirror } from '#api/config-mirrors.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { inMinutes, lin, openServices } from '#test/support/services.ts'
import { openStage } from '#test/support/story.ts'
import { openS3, type S3Wire } from '#test/wire/s3.ts'
import { listFolder } from './copy.ts'
import { isList } from './copy-lists.ts'
import { exportPublished } from './export.ts'
import { readMirrors, verifiedForMs } from './mirror-state.ts'
import { openPublisher } from './publisher.ts'

let s3: S3Wire
beforeAll(async () => {
  s3 = await openS3()
})
afterAll(() => s3.close())

/** A publisher whose pages are the path they stand at, the time, and what the first page may say of copies. */
async function publish(app: App) {
  const dir = join(app.config.dataDir, 'published')
  const publisher = await openPublisher(app, {
    dir,
    show: () => {},
    build: 'one',
    render: async (path) => ({
      statusCode: path.endsWith('/404.html') ? 404 : 200,
      rawPayload: Buffer.from(`${path} at ${app.now()}${publisher.mirrored() ? ', mirrored' : ''}`),
    }),
  })
  return {
    dir,
    publisher,
    home: () => readFileSync(join(dir, 'index.html'), 'utf8'),
    /** Looks, and waits until what that began has ended and is told. */
    async settle() {
      for (let looks = 0; looks < 3; looks++) {
        publisher.wake()
        // A look is a few turns of the publisher's queue; what it begins is waited for.
        await publisher.publishChanges()
        await publisher.tick()
        await new Promise((resolve) => setImmediate(resolve))
        await publisher.mirrorsIdle()
      }
    },
  }
}

const filesOf = async (dir: string, own: RegExp) => (await listFolder(dir)).filter((path) => !own.test(path)).sort()
const beside = /^(?:nginx\.conf|Caddyfile|_headers|candor-copy(?:\.json|\/.*))$/

async function openStages(more: string[] = []) {
  const stage = await openStage('sqlite')
  const { dataDir } = stage.app.config
  const published = join(dataDir, 'published')
  const settings = [join(dataDir, 'one'), join(dataDir, 'two'), ...more]
  const mirrors = settings.map((text) => {
    const mirror = readMirror(text, published)
    if (typeof mirror === 'string') throw new Error(mirror)
    return mirror
  })
  stage.app.config.mirrors.push(...mirrors)
  return { ...stage, folders: settings.slice(0, 2) }
}

it('copies follow each publish with what changed alone, and the first page tells of them once one is verified', async () => {
  const { app, clock, folders, close } = await openStages([s3.setting('page')])
  const { orders } = await openServices(app)
  const { dir, publisher, home, settle } = await publish(app)
  await publisher.start()
  expect(home()).not.toContain('mirrored')
  await settle()
  expect(home()).toContain('mirrored')
  for (const folder of folders) {
    expect(await filesOf(folder, beside)).toEqual(await filesOf(dir, /^$/))
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toBe(home())
    expect(readFileSync(join(folder, 'nginx.conf'), 'utf8')).toContain(`root ${folder};`)
  }
  const unpacked = await filesOf(dir, /\.(?:br|gz)$/)
  expect([...s3.objects.keys()].filter((key) => !isList(key.replace(/^page\//, ''))).sort()).toEqual(
    unpacked.map((path) => `page/${path}`),
  )
  expect(s3.objects.get('page/history.atom')).toMatchObject({ type: 'application/atom+xml; charset=utf-8' })
  expect(s3.objects.get('page/feed.json')?.type).toBe('application/feed+json; charset=utf-8')

  s3.asked()
  clock.move(60_000)
  const { id } = await openIncident(app, lin, {
    title: { en: 'Orders fail', 'zh-CN': '下单失败' },
    severity: 1,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: { en: 'We are investigating.', 'zh-CN': '正在排查。' },
    nextUpdateAt: inMinutes(app, 10),
  })
  await publisher.publishChanges()
  await settle()
  const sent = s3.asked().filter((line) => /^PUT (?!page\/candor-copy)/.test(line))
  expect(sent).toContain(`PUT page/incidents/${id}/index.html`)
  expect(sent).not.toContain('PUT page/how-we-communicate/index.html')
  expect(new Set(sent).size).toBe(sent.length)
  // Nobody follows a link to a page that is not there yet, and the last word comes last.
  expect(sent.indexOf(`PUT page/incidents/${id}/index.html`)).toBeLessThan(sent.indexOf('PUT page/index.html'))
  expect(sent.at(-1)).toBe('PUT page/revision.json')
  for (const folder of folders) expect(readFileSync(join(folder, 'index.html'), 'utf8')).toBe(home())

  // A new start sends only what differs, which is nothing.
  await publisher.stop()
  s3.asked()
  const again = await publish(app)
  await again.settle()
  expect(s3.asked().filter((line) => !line.startsWith('GET'))).toEqual([])
  const states = await readMirrors(app.config.dataDir)
  expect(states.map(({ trouble }) => trouble)).toEqual([null, null, null])
  expect(new Set(states.map(({ revision }) => revision)).size).toBe(1)
  expect(JSON.stringify(states)).not.toMatch(/secret|AKID/)
  await again.publisher.stop()
  await close()
})

it('a copy that cannot be reached holds up nobody, is told to staff, and catches up; after an hour without one the page is silent', async () => {
  const { app, clock, folders, close } = await openStages()
  await openServices(app)
  const { publisher, home, settle } = await publish(app)
  await publisher.start()
  await settle()
  const [one = '', two = ''] = folders
  const state = async (name: string) => (await readMirrors(app.config.dataDir)).find((mirror) => mirror.name === name)

  // A folder that is taken away, and one of somebody else in its place.
  renameSync(one, `${one}-away`)
  mkdirSync(one)
  writeFileSync(join(one, 'diary.txt'), 'mine')
  clock.move(11 * 60_000)
  await settle()
  expect((await state(one))?.trouble).toContain('Something else lies there already')
  expect((await state(two))?.trouble).toBeNull()
  expect(existsSync(join(one, 'index.html'))).toBe(false)
  expect(home()).toContain('mirrored')

  // The other one is changed by somebody: what was changed is sent again.
  writeFileSync(join(two, 'index.html'), 'defaced')
  clock.move(11 * 60_000)
  await settle()
  expect(readFileSync(join(two, 'index.html'), 'utf8')).toBe(home())

  // Neither can be written to for more than an hour.
  rmSync(two, { recursive: true })
  writeFileSync(two, 'no folder any more')
  for (let minutes = 0; minutes <= verifiedForMs / 60_000; minutes += 11) {
    clock.move(11 * 60_000)
    await settle()
  }
  expect(home()).not.toContain('mirrored')
  expect((await state(two))?.troubleSince).not.toBeNull()

  rmSync(one, { recursive: true })
  renameSync(`${one}-away`, one)
  rmSync(two)
  clock.move(6 * 60_000)
  await settle()
  expect((await state(one))?.trouble).toBeNull()
  expect((await state(two))?.trouble).toBeNull()
  expect(home()).toContain('mirrored')
  for (const folder of folders) expect(readFileSync(join(folder, 'index.html'), 'utf8')).toBe(home())
  await publisher.stop()
  await close()
})

it('storage that refuses, breaks off or keeps something else is tried again, and told without its secret', async () => {
  const { app, clock, close } = await openStages([s3.setting('weather')])
  await openServices(app)
  const { publisher, home, settle } = await publish(app)
  const told = async () => (await readMirrors(app.config.dataDir))[2]
  s3.failNext(1, 503)
  await publisher.start()
  await settle()
  expect((await told())?.trouble).toMatch(/answered 503 to GET/)
  // The last way to fail leaves the work done and the answer unsaid.
  for (const failure of ['reset', 'reset-after-accept'] as const) {
    s3.failNext(3, failure)
    clock.move(5 * 60_000)
    await settle()
    expect((await told())?.trouble).toMatch(/does not answer/)
  }
  s3.heal()
  clock.move(5 * 60_000)
  await settle()
  expect(await told()).toMatchObject({ trouble: null, verifiedAt: app.now() })
  expect(s3.objects.get('weather/index.html')?.body).toBe(home())
  await publisher.stop()
  await close()
})

it('an export is the whole folder, again and again, and never over what is somebody else’s', async () => {
  const { app, close } = await openStage('sqlite')
  const { orders } = await openServices(app)
  const { dir, publisher } = await publish(app)
  const target = join(app.config.dataDir, 'export')
  await expect(exportPublished(dir, app.config.publicUrl, target)).rejects.toThrow('Nothing is published')
  await publisher.start()
  const { id } = await openIncident(app, lin, {
    title: { en: 'Orders fail', 'zh-CN': '下单失败' },
    severity: 1,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: { en: 'We are investigating.', 'zh-CN': '正在排查。' },
    nextUpdateAt: inMinutes(app, 10),
  })
  await publisher.publishChanges()
  await publisher.stop()
  await app.close()

  // The record is closed by now.
  const written = await exportPublished(dir, app.config.publicUrl, target)
  expect(await filesOf(target, beside)).toEqual(await filesOf(dir, /^$/))
  expect(written.sent).toBe((await listFolder(dir)).length + 3)
  expect(readFileSync(join(target, '_headers'), 'utf8')).toContain("frame-ancestors 'none'")
  expect(await exportPublished(dir, app.config.publicUrl, target)).toMatchObject({ sent: 0, removed: 0 })
  rmSync(join(dir, `incidents/${id}`), { recursive: true })
  expect(await exportPublished(dir, app.config.publicUrl, target)).toMatchObject({ sent: 0, removed: 3 })

  const diary = join(app.config.dataDir, 'diary')
  mkdirSync(diary)
  writeFileSync(join(diary, 'monday.txt'), 'rain')
  await expect(exportPublished(dir, app.config.publicUrl, diary)).rejects.toThrow('Something else lies there already')
  await expect(exportPublished(dir, app.config.publicUrl, join(dir, 'inner'))).rejects.toThrow('must not lie in')
  await close()
})

it.each([
  ['relative/folder', 'absolute folders'],
  ['s3+http://A:B@storage.example.com/bucket', 'for this machine alone'],
  ['s3+https://storage.example.com/bucket', 'access key or its secret is missing'],
  ['s3+https://A:hidden@storage.example.com', 'a bucket is missing'],
  ['s3+https://A:hidden@storage.example.com/bucket?reg=x', '"reg" is no setting'],
  ['s3+https://A:hid%den@storage.example.com/bucket', 'must be written as %25'],
  ['/var/data/published/copy', 'must not lie in each other'],
])('a mirror that is named wrong is a clear mistake: %s', (text, sentence) => {
  const mistake = readMirror(text, '/var/data/published')
  expect(mistake).toContain(sentence)
  expect(mistake).not.toContain('hid')
})
