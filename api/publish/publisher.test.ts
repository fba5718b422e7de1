import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { App } from '#api/app.ts'
import { changeFacts, openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { readIncident, readStatus } from '#api/status/read.ts'
import { inMinutes, lin, openServices } from '#test/support/services.ts'
import { story } from '#test/support/story.ts'
import { openPublished } from './published.ts'
import { openPublisher } from './publisher.ts'

/** A disk that is full until `freed` is called: the system opens every file and takes none of its bytes. */
async function fullDisk(): Promise<{ freed(): void }> {
  const handle = await openFile(import.meta.filename)
  const write = vi.spyOn(Object.getPrototypeOf(handle), 'writeFile').mockImplementation(async () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  await handle.close()
  return { freed: () => write.mockRestore() }
}

/** Stands where the site is drawn: each page is the document it is made of. */
function renderer(app: App) {
  const drawn: string[] = []
  let broken = ''
  const render = async (path: string) => {
    drawn.push(path)
    if (path === broken) return { statusCode: 500, rawPayload: Buffer.from('') }
    const id = /\/incidents\/([a-z0-9]+)\/$/.exec(path)?.[1]
    if (path.endsWith('/404.html')) return { statusCode: 404, rawPayload: Buffer.from('nothing') }
    const shown = id ? await readIncident(app, id) : await readStatus(app)
    if (!shown) return { statusCode: 404, rawPayload: Buffer.from('nothing') }
    return { statusCode: 200, rawPayload: Buffer.from(JSON.stringify(shown)) }
  }
  return {
    render,
    drawn: () => drawn.splice(0),
    breakPage: (path: string) => {
      broken = path
    },
  }
}

async function open(app: App, build = 'one', wrote?: (fault: string | null) => void) {
  const site = renderer(app)
  const dir = join(app.config.dataDir, 'published')
  const published = openPublished(dir, app.config.publicUrl)
  const publisher = await openPublisher(app, {
    dir,
    show: published.swap,
    render: site.render,
    build,
    ...(wrote ? { wrote } : {}),
  })
  const read = (file: string) => JSON.parse(readFileSync(join(dir, file), 'utf8'))
  return {
    ...site,
    dir,
    published,
    publisher,
    read,
    home: () => read('index.html'),
    /** Starts, and waits for what comes after the first pages, too. */
    async start() {
      await publisher.start()
      await publisher.publishChanges()
    },
  }
}

const ordersDown = async (app: App, orders: string) =>
  openIncident(app, lin, {
    title: { en: 'Orders fail', 'zh-CN': '下单失败' },
    severity: 1,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: { en: 'We are investigating.', 'zh-CN': '正在排查。' },
    nextUpdateAt: inMinutes(app, 10),
  })

story('a publish draws the pages that changed and no other, and feeds follow', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const { publisher, drawn, home, dir, read, start } = await open(app)
  await start()
  expect(drawn()).toContain('/zh-CN/how-we-communicate/')
  expect(home().open).toEqual([])

  clock.move(60_000)
  const { id, code } = await ordersDown(app, orders)
  await publisher.publishChanges()
  const expected = ['/', '/404.html', '/uptime/', '/history/', '/history/2026-11/', `/i/${code}/`, `/incidents/${id}/`]
  expect(new Set(drawn())).toEqual(new Set([...expected, ...expected.map((place) => `/zh-CN${place}`)]))
  expect(home().open[0].title.en).toBe('Orders fail')
  expect(readFileSync(join(dir, 'history.rss'), 'utf8')).toContain('We are investigating.')
  expect(readFileSync(join(dir, 'zh-CN/history.rss'), 'utf8')).toContain('正在排查。')
  expect(existsSync(join(dir, `incidents/${id}/index.html.br`))).toBe(true)
  expect(read('revision.json').revision).toBe(home().revision)

  await publisher.publishChanges()
  await publisher.tick()
  expect(drawn()).toEqual([])
  await publisher.stop()
})

story('time publishes: a promise that passes, every quarter of an hour, and midnight', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const { publisher, drawn, home, read, start } = await open(app)
  clock.set('2026-11-11T15:30:00.000Z')
  const { id } = await ordersDown(app, orders)
  await start()
  expect(home().open[0].late).toBe(false)

  clock.set('2026-11-11T15:39:59.000Z')
  drawn()
  await publisher.tick()
  expect(drawn()).toEqual([])
  clock.set('2026-11-11T15:40:01.000Z')
  await publisher.tick()
  expect(home().open[0].late).toBe(true)
  expect(read(`incidents/${id}/index.html`).late).toBe(true)

  clock.set('2026-11-11T15:55:02.000Z')
  await publisher.tick()
  expect(home().at).toBe('2026-11-11T15:55:02.000Z')
  const daysBefore = home().groups[0].components[0].days

  clock.set('2026-11-11T16:00:01.000Z')
  await publisher.tick()
  expect(home().at).toBe('2026-11-11T16:00:01.000Z')
  const daysAfter = home().groups[0].components[0].days
  expect(daysBefore.at(-1)).toBe('major_outage')
  expect(daysBefore.at(-2)).toBe('operational')
  expect(daysAfter.slice(-2)).toEqual(['major_outage', 'major_outage'])
  await publisher.stop()
})

story('a crash between the commit and the page is repaired at the next start', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const first = await open(app)
  await first.start()
  await first.publisher.stop()
  const { id } = await ordersDown(app, orders)
  expect(first.home().open).toEqual([])

  clock.move(1_000)
  const second = await open(app)
  await second.start()
  expect(second.home().open[0].id).toBe(id)
  expect(second.drawn()).not.toContain('/privacy/')
  await second.publisher.stop()

  const rebuilt = await open(app, 'two')
  await rebuilt.start()
  expect(rebuilt.drawn()).toContain('/privacy/')
  await rebuilt.publisher.stop()
})

story('a page that cannot be drawn keeps its old file, and is drawn as soon as it can be', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const { publisher, breakPage, home, read, drawn, start } = await open(app)
  await start()
  const before = read('revision.json').revision
  const { id } = await ordersDown(app, orders)
  breakPage('/')
  await publisher.publishChanges()
  expect(home().open).toEqual([])
  expect(read(`incidents/${id}/index.html`).id).toBe(id)
  expect(read('revision.json').revision).toBe(before)

  breakPage('')
  drawn()
  await publisher.publishChanges()
  expect(drawn()).toEqual([])
  clock.move(6_000)
  await publisher.publishChanges()
  expect(home().open[0].id).toBe(id)
  expect(read('revision.json').revision).toBe(before + 1)
  await publisher.stop()
})

story(
  'after an upgrade a page that never draws is tried now and then, and no other with it',
  async ({ app, clock }) => {
    const { orders } = await openServices(app)
    const before = await open(app)
    await before.start()
    await before.publisher.stop()

    const { publisher, breakPage, drawn, read, home, start } = await open(app, 'two')
    breakPage('/privacy/')
    await start()
    expect(drawn()).toContain('/privacy/')
    const { build } = before.read('revision.json')
    expect(read('revision.json').build, 'the next start draws everything').toBe(build)

    const look = async () => {
      await publisher.publishChanges()
      await publisher.tick()
      return drawn()
    }
    for (let i = 0; i < 5; i++) {
      expect(await look()).toEqual([])
      clock.move(900)
    }
    clock.move(1_000)
    expect(await look()).toEqual(['/privacy/'])
    expect(await look()).toEqual([])

    const { id } = await ordersDown(app, orders)
    const news = await look()
    expect(home().open[0].id).toBe(id)
    expect(news).toContain('/privacy/')
    expect(news).not.toContain('/how-we-communicate/')

    breakPage('')
    clock.move(6_000)
    expect(await look()).toEqual(['/privacy/'])
    expect(read('revision.json').build).not.toBe(build)
    expect(await look()).toEqual([])
    await publisher.stop()
  },
)

story('a page that is asked for and is not public leaves the folder and the memory', async ({ app }) => {
  const { orders } = await openServices(app)
  const { publisher, dir, published, start } = await open(app)
  const { id } = await ordersDown(app, orders)
  await start()
  const place = `/incidents/${id}/`
  expect(published.has(place)).toBe(true)
  await changeFacts(app, lin, id, { scope: { en: 'All regions', 'zh-CN': '所有地区' } })
  const site = renderer(app)
  const again = await openPublisher(app, {
    dir,
    show: published.swap,
    build: 'one',
    render: async (path) =>
      path.endsWith(place) ? { statusCode: 404, rawPayload: Buffer.from('nothing') } : site.render(path),
  })
  await again.publishChanges()
  expect(published.has(place)).toBe(false)
  expect(existsSync(join(dir, `incidents/${id}/index.html`))).toBe(false)
  await publisher.stop()
  await again.stop()
})

story('a record that is not the one the pages were drawn from publishes nothing over them', async ({ app }) => {
  await openServices(app)
  const first = await open(app)
  await first.start()
  await first.publisher.stop()
  await app.db.updateTable('meta').set({ value: 'anotherrecor' }).where('key', '=', 'identity').execute()
  const second = await open(app)
  expect(second.publisher.state).toBe('record-behind')
  await second.start()
  expect(second.drawn()).toEqual([])
  await second.publisher.stop()
})

story('pages that are newer than the record are left as they are until somebody says so', async ({ app }) => {
  const { orders } = await openServices(app)
  const first = await open(app)
  await first.start()
  await ordersDown(app, orders)
  await first.publisher.publishChanges()
  await first.publisher.stop()
  const file = join(first.dir, 'revision.json')
  const shown = first.read('revision.json')
  writeFileSync(file, JSON.stringify({ ...shown, revision: shown.revision + 7 }))
  const before = readFileSync(join(first.dir, 'index.html'))

  const second = await open(app)
  expect(second.publisher.state).toBe('record-behind')
  await second.start()
  await second.publisher.publishAll()
  await second.publisher.tick()
  expect(second.drawn()).toEqual([])
  expect(readFileSync(join(first.dir, 'index.html'))).toEqual(before)

  await second.publisher.publishAll({ startOver: true })
  expect(second.publisher.state).toBe('fine')
  expect(second.read('revision.json').revision).toBe(shown.revision)
  await second.publisher.stop()
})

story('publishes never overlap, however often they are asked for', async ({ app }) => {
  const { orders } = await openServices(app)
  const { publisher, home, drawn, start } = await open(app)
  await start()
  drawn()
  await ordersDown(app, orders)
  await Promise.all([publisher.publishChanges(), publisher.publishChanges(), publisher.tick()])
  expect(drawn().filter((place) => place === '/')).toHaveLength(1)
  expect(home().open).toHaveLength(1)
  await publisher.stop()
})

story('news that comes while a long past is drawn does not wait for it', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  for (let i = 0; i < 35; i++) {
    clock.move(60_000)
    const { id } = await ordersDown(app, orders)
    await publishUpdate(app, lin, id, { status: 'resolved', body: { en: 'Over.', 'zh-CN': '已结束。' } })
  }
  const order: string[] = []
  let news = ''
  const render = async (path: string) => {
    order.push(path)
    if (order.length === 10) news = (await ordersDown(app, orders)).id
    return { statusCode: 200, rawPayload: Buffer.from(path) }
  }
  const dir = join(app.config.dataDir, 'published')
  const publisher = await openPublisher(app, { dir, show: () => {}, render, build: 'one' })
  await publisher.publishAll()
  const first = order.indexOf(`/incidents/${news}/`)
  expect(first).toBeGreaterThan(0)
  expect(order.length - first).toBeGreaterThan(40)
  expect(order.lastIndexOf('/')).toBeGreaterThan(10)
  await publisher.publishChanges()
  expect(order.lastIndexOf('/')).toBeLessThan(first + 20)
  await publisher.stop()
})

story(
  'a full disk halves no publish: readers get it from memory, the folder keeps the last, and the cause is told',
  async ({ app, clock }) => {
    const { orders } = await openServices(app)
    const faults: (string | null)[] = []
    const { publisher, published, dir, home, read, start } = await open(app, 'one', (fault) => faults.push(fault))
    await start()
    const files = () =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name))
        .sort()
    const before = { files: files(), home: home(), revision: read('revision.json').revision }
    const disk = await fullDisk()
    try {
      const { id } = await ordersDown(app, orders)
      await publisher.publishChanges()
      expect(published.has(`/incidents/${id}/`), 'readers have it').toBe(true)
      expect(files(), 'nothing half, nothing left over').toEqual(before.files)
      expect(home()).toEqual(before.home)
      expect(read('revision.json').revision).toBe(before.revision)
      expect(faults.at(-1)).toContain('ENOSPC')

      disk.freed()
      clock.move(6_000)
      await publisher.publishChanges()
      expect(home().open[0].id).toBe(id)
      expect(read('revision.json').revision).toBe(before.revision + 1)
      expect(faults.at(-1)).toBeNull()
    } finally {
      disk.freed()
      await publisher.stop()
    }
  },
)
