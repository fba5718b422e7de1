import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inject } from 'light-my-request'
import type { App } from '#api/app.ts'
import { loadSiteHandler } from '#api/build.ts'
import { openPublished } from '#api/publish/published.ts'
import { openPublisher } from '#api/publish/publisher.ts'
import { openRoutes } from '#api/routes.ts'
import { localsFor } from '#api/server.ts'

/** The built site, drawn from this record into this app's folder, as the program does it. */
export async function openSite(app: App) {
  const site = await loadSiteHandler()
  const routes = openRoutes(app)
  const dir = join(app.config.dataDir, 'published')
  mkdirSync(dir, { recursive: true })
  const published = openPublished(dir, app.config.publicUrl)
  const publisher = await openPublisher(app, {
    published,
    build: site.build,
    assets: site.clientDir,
    render: (url, answers) =>
      inject((req, res) => site.handler(req, res, undefined, localsFor(app, routes, {}, true, answers)), {
        method: 'GET',
        url,
        headers: { host: new URL(app.config.publicUrl).host },
      }),
  })
  await publisher.start()
  return {
    publisher,
    published,
    /** The page as it lies in the folder. */
    file: (path: string) => readFileSync(join(dir, path)),
    read: (path: string) => readFileSync(join(dir, path.endsWith('/') ? `${path}index.html` : path), 'utf8'),
    stop: () => publisher.stop(),
  }
}

/** The published files on a port of their own, with no record behind them. */
export async function serveSite(published: ReturnType<typeof openPublished>) {
  const server = createServer((req, res) => {
    if (!published.serve(req, res)) published.missing(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
