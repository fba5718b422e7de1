import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { changeFacts, publishUpdate } from '#api/incidents/actions.ts'
import { openPublishing, ordersDown, renderer } from '#test/support/publishing.ts'
import { lin, openServices } from '#test/support/services.ts'
import { story } from '#test/support/story.ts'
import { openPublisher } from './publisher.ts'

story('a publish draws the pages that changed and no other, and feeds follow', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const { publisher, drawn, home, dir, read, start } = await openPublishing(app)
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
  const { publisher, drawn, home, read, start } = await openPublishing(app)
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

story('a page that is asked for and is not public leaves the folder and the memory', async ({ app }) => {
  const { orders } = await openServices(app)
  const { publisher, dir, published, start } = await openPublishing(app)
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

story('publishes never overlap, however often they are asked for', async ({ app }) => {
  const { orders } = await openServices(app)
  const { publisher, home, drawn, start } = await openPublishing(app)
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
