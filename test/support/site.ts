import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { App } from '#api/app.ts'
import { openDrawing } from '#api/drawing.ts'
import { openDraw } from '#api/publish/draw.ts'
import type { Finished } from '#api/publish/files.ts'
import { openPublished } from '#api/publish/published.ts'
import { openPublisher } from '#api/publish/publisher.ts'

/**
 * The built site, drawn from this record into this app's folder as the program does it, in this thread and by its clock.
 * `shown` is told of each step in which readers see something new.
 */
export async function openSite(app: App, shown: (files: Finished[]) => void = () => {}) {
  const dir = join(app.config.dataDir, 'published')
  mkdirSync(dir, { recursive: true })
  const published = openPublished(dir, app.config.publicUrl)
  const show = (files: Finished[], gone: string[]) => {
    shown(files)
    published.swap(files, gone)
  }
  const publisher = await openPublisher(app, { ...(await openDrawing(app)), dir, show })
  await publisher.start()
  // The pages of a long past come after the first ones.
  await publisher.publishChanges()
  return {
    publisher,
    published,
    /** The page as it lies in the folder. */
    file: (path: string) => readFileSync(join(dir, path)),
    read: (path: string) => readFileSync(join(dir, path.endsWith('/') ? `${path}index.html` : path), 'utf8'),
    stop: () => publisher.stop(),
  }
}

/** The same site with no folder: each page or feed is drawn when it is read, from the record as it is then. */
export async function openPages(app: App) {
  const { render } = await openDrawing(app)
  const draw = openDraw(app, render)
  return {
    async read(place: string): Promise<string> {
      const { files } = await draw([place])
      if (!files[0]) throw new Error(`${place} was not drawn.`)
      return files[0].bytes.toString()
    },
  }
}

/** The published files on a port of their own, with no record behind them. */
export async function serveSite(published: ReturnType<typeof openPublished>) {
  const server = createServer(async (req, res) => {
    if (!(await published.serve(req, res))) published.missing(req, res)
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
