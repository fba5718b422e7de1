import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '#api/app.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { openPublished } from '#api/publish/published.ts'
import { openPublisher } from '#api/publish/publisher.ts'
import { readIncident, readStatus } from '#api/status/read.ts'
import { inMinutes, lin } from './services.ts'

/** Stands where the site is drawn: each page is the document it is made of. */
export function renderer(app: App) {
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

/** A publisher of documents instead of pages, in this app's folder, with what readers see of it. */
export async function openPublishing(app: App, build = 'one', wrote?: (fault: string | null) => void) {
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

export const ordersDown = async (app: App, orders: string) =>
  openIncident(app, lin, {
    title: { en: 'Orders fail', 'zh-CN': '下单失败' },
    severity: 1,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: { en: 'We are investigating.', 'zh-CN': '正在排查。' },
    nextUpdateAt: inMinutes(app, 10),
  })
