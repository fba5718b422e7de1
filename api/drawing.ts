import { inject } from 'light-my-request'
import type { App } from './app.ts'
import { loadSiteHandler } from './build.ts'
import { asOfNow } from './db/connect.ts'
import type { Render } from './publish/draw.ts'
import type { Moment } from './publish/publisher-parts.ts'
import { openRoutes } from './routes.ts'
import { localsFor } from './server.ts'

/**
 * An app to draw from. What is read through it while `asOfNow` runs is the record as of one moment, so that pages, feeds
 * and JSON that come out together tell of the same; it runs once at a time.
 */
function openMoment(app: App): Moment {
  let db = app.db
  return {
    app: Object.defineProperty({ ...app }, 'db', { get: () => db }),
    asOfNow: (work) =>
      asOfNow(app.db, async (trx) => {
        db = trx
        try {
          return await work()
        } finally {
          db = app.db
        }
      }),
  }
}

/**
 * What pages are drawn with: Astro's built handler, asked in process, the record as of one moment, and the built site's
 * name and files. `mirrored` tells whether a page may say that a copy is kept on separate hosting.
 */
export async function openDrawing(
  app: App,
  mirrored: () => boolean = () => false,
): Promise<{ render: Render; moment: Moment; build: string; assets: string }> {
  const { handler, build, clientDir } = await loadSiteHandler()
  const moment = openMoment(app)
  const routes = openRoutes(moment.app)
  const { host } = new URL(app.config.publicUrl)
  const render: Render = (url, answers) =>
    inject(
      (req, res) =>
        handler(req, res, undefined, { ...localsFor(moment.app, routes, {}, true, answers), mirrored: mirrored() }),
      {
        method: 'GET',
        url,
        headers: { host },
      },
    )
  return { render, moment, build, assets: clientDir }
}
