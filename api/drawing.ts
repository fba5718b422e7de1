import { inject } from 'light-my-request'
import type { App } from './app.ts'
import { loadSiteHandler } from './build.ts'
import type { Render } from './publish/draw.ts'
import { openRoutes } from './routes.ts'
import { localsFor } from './server.ts'

/**
 * What pages are drawn with: Astro's built handler, asked in process, and the built site's name and files. `mirrored`
 * tells whether a page may say that a copy is kept on separate hosting.
 */
export async function openDrawing(
  app: App,
  mirrored: () => boolean = () => false,
): Promise<{ render: Render; build: string; assets: string }> {
  const { handler, build, clientDir } = await loadSiteHandler()
  const routes = openRoutes(app)
  const { host } = new URL(app.config.publicUrl)
  const render: Render = (url, answers) =>
    inject(
      (req, res) =>
        handler(req, res, undefined, { ...localsFor(app, routes, {}, true, answers), mirrored: mirrored() }),
      {
        method: 'GET',
        url,
        headers: { host },
      },
    )
  return { render, build, assets: clientDir }
}
