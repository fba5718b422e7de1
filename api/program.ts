import type { Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { inject } from 'light-my-request'
import { type App, type AppParts, openApp } from './app.ts'
import { buildWhenStale, loadSiteHandler } from './build.ts'
import type { Config } from './config.ts'
import { migrate, watchFile } from './db/connect.ts'
import { startWorkerThread, type WorkerThread } from './notices/thread.ts'
import { openPublished } from './publish/published.ts'
import { openPublisher, type Publisher } from './publish/publisher.ts'
import { openRoutes } from './routes.ts'
import { localsFor, openServer } from './server.ts'

/** How often the program looks whether time or a lost file asks for something, in milliseconds. */
const lookEveryMs = 1_000
/** How long a stop waits for requests and the current batch, in milliseconds. */
const stopWithinMs = 10_000

/** How long a stop waits for the database to close, and how often a database that does not answer is asked again. */
const closeWithinMs = 2_000
const askAgainMs = 5_000

export interface Program {
  app: App
  publisher: Publisher
  /** Where it really listens: "http://127.0.0.1:4321". */
  address: string
  stop(): Promise<void>
}

export interface ProgramParts extends AppParts {
  /** Tells a person at the terminal what takes time. */
  say?: (line: string) => void
  /** Left out: build when stale. */
  build?: boolean
  /** Left out: both. */
  roles?: { web: boolean; worker: boolean }
  /** After the record is migrated, before anything is served: the demonstration seeds itself here. */
  prepare?: (app: App) => Promise<void>
}

const starting = 'The program is starting. Try again in a moment.'
export const recordSilent =
  'The database does not answer. Readers are served the last published page; the program goes on by itself when it is back.'
export const recordLost =
  'The database file was removed or replaced while the program ran. Nothing is written until it is restored and the program restarted; readers still get the last published page.'
export const recordBehind =
  'The record is older than the published page, or another one, as after a lost database. Restore the database, or run "npm run candor -- publish --start-over" to publish from the record as it is.'

/** Starts everything on one port: migrates, publishes what is due, listens, sends. Throws a sentence when it cannot. */
export async function startProgram(config: Config, parts: ProgramParts = {}): Promise<Program> {
  const say = parts.say ?? (() => {})
  const roles = parts.roles ?? { web: true, worker: true }
  if (parts.build !== false && roles.web) buildWhenStale(say)

  let publisher: Publisher | undefined
  let worker: WorkerThread | undefined
  const app = openApp(config, {
    ...parts,
    wake: () => {
      publisher?.wake()
      worker?.wake()
    },
  })
  let server: Server | undefined
  let site: Awaited<ReturnType<typeof loadSiteHandler>> | undefined
  const routes = openRoutes(app)
  const published = openPublished(join(config.dataDir, 'published'), config.publicUrl)
  if (roles.web) {
    site = await loadSiteHandler()
    server = openServer(app, routes, site.handler, published)
    app.health.opened = false
    app.health.trouble = starting
    await listen(server, config)
  }
  try {
    await openRecord(app, published.has('/'), say)
    await parts.prepare?.(app)
  } catch (error) {
    server?.close()
    await app.close()
    throw error
  }
  const stillThere = watchFile(config.databaseUrl)

  if (site) {
    const { handler, build, clientDir } = site
    publisher = await openPublisher(app, {
      published,
      build,
      assets: clientDir,
      render: (url, answers) =>
        inject((req, res) => handler(req, res, undefined, localsFor(app, routes, {}, true, answers)), {
          method: 'GET',
          url,
          headers: { host: new URL(config.publicUrl).host },
        }),
    })
    if (publisher.state === 'fine') await publisher.start()
  }
  app.health.trouble = publisher?.state === 'record-behind' ? recordBehind : null
  app.health.opened = true
  // What was committed while the first pages were drawn.
  publisher?.wake()
  if (roles.worker && !app.health.trouble) worker = startWorkerThread(app)

  const look = setInterval(() => {
    if (app.health.trouble) return
    if (!stillThere()) {
      app.health.trouble = recordLost
      app.log('error', 'record.lost')
      worker?.stop()
      return
    }
    publisher?.wake()
  }, lookEveryMs)

  let stopping: Promise<void> | undefined
  const stop = async () => {
    clearInterval(look)
    const overdue = setTimeout(() => server?.closeAllConnections(), stopWithinMs - 1_000)
    await Promise.all([closed(server), worker?.stop()])
    clearTimeout(overdue)
    await publisher?.stop()
    // A database that does not answer cannot be taken leave of.
    await Promise.race([app.close(), setTimeoutPromise(closeWithinMs, undefined, { ref: false })])
  }
  return {
    app,
    publisher: publisher as Publisher,
    address: server ? addressOf(server) : '',
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

/**
 * Brings the record to today's form. While it does not answer, a page that was published before is served as it is and
 * the record is asked again; with nothing to serve, the first refusal is thrown.
 */
async function openRecord(app: App, servesPage: boolean, say: (line: string) => void): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await migrate(app.db)
    } catch (error) {
      if (!servesPage)
        throw new Error(`The database that DATABASE_URL names does not open: ${(error as Error).message}`)
      if (tries === 0) say(`${recordSilent} ${(error as Error).message}`)
      app.log('error', 'record.silent', { message: (error as Error).message })
      app.health.trouble = recordSilent
      await setTimeoutPromise(askAgainMs)
    }
  }
}

function listen(server: Server, config: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${config.port} is busy: stop what listens there, or choose another with PORT=4322.`)
          : new Error(`HOST=${config.host} cannot be listened on: ${error.message}`),
      ),
    )
    server.listen(config.port, config.host, resolve)
  })
}

function addressOf(server: Server): string {
  const address = server.address()
  return typeof address === 'object' && address
    ? `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
    : ''
}

function closed(server: Server | undefined): Promise<void> {
  if (!server) return Promise.resolve()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
