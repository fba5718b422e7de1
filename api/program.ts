import type { Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { type App, type AppParts, openApp } from './app.ts'
import { buildWhenStale, loadSiteHandler } from './build.ts'
import type { Config } from './config.ts'
import { holdWork, migrate, watchFile } from './db/connect.ts'
import { realClock } from './lib/clock.ts'
import { startWorkerThread, type WorkerThread } from './notices/thread.ts'
import { openPublished } from './publish/published.ts'
import type { PublisherState } from './publish/publisher-parts.ts'
import { type PublisherThread, startPublisherThread } from './publish/thread.ts'
import { openRoutes } from './routes.ts'
import { openServer } from './server.ts'

/** How often the program looks whether the database file is still there, in milliseconds. */
const lookEveryMs = 1_000
/** How long a stop waits for requests, in milliseconds; what they published is drawn after that, within two seconds. */
const requestsWithinMs = 7_000

/** How long a stop waits for the database to close, and how often a database that does not answer is asked again. */
const closeWithinMs = 2_000
const askAgainMs = 5_000

export interface Program {
  app: App
  publisher: PublisherThread
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

/** This process, for whoever is turned away: the real time, whatever a demonstration's clock says. */
const workingNow = () => ({ pid: process.pid, since: realClock.now() })

/** Starts everything on one port: migrates, publishes what is due, listens, sends. Throws a sentence when it cannot. */
export async function startProgram(config: Config, parts: ProgramParts = {}): Promise<Program> {
  const say = parts.say ?? (() => {})
  const roles = parts.roles ?? { web: true, worker: true }
  const letGo = roles.worker ? holdWork(config.databaseUrl, workingNow()) : () => {}
  if (parts.build !== false && roles.web) buildWhenStale(say)

  let publisher: PublisherThread | undefined
  let worker: WorkerThread | undefined
  let stopping: Promise<void> | undefined
  const app = openApp(config, {
    ...parts,
    wake: () => {
      publisher?.wake()
      worker?.wake()
    },
  })
  const dir = join(config.dataDir, 'published')
  const published = openPublished(dir, config.publicUrl)
  let server: Server | undefined
  let leaving: Promise<void> | undefined
  /** While the record is behind nothing is written and nobody is told; once it is not, both go on. */
  const follow = (state: PublisherState) => {
    if (state === 'record-behind') {
      app.health.trouble = recordBehind
      leaving = worker?.stop()
      worker = undefined
    } else if (app.health.trouble === recordBehind) {
      app.health.trouble = null
      void Promise.resolve(leaving).then(employ)
    }
  }
  const employ = () => {
    if (roles.worker && app.health.opened && !app.health.trouble && !stopping) worker ??= startWorkerThread(app)
  }
  if (roles.web) {
    publisher = startPublisherThread(app, { dir, clock: parts.clock?.memory ?? null, show: published.swap, follow })
    const { handler } = await loadSiteHandler()
    server = openServer(app, openRoutes(app), handler, published)
    app.health.opened = false
    app.health.trouble = starting
  }
  const stopped = async () => {
    if (server) await closed(server)
    await publisher?.stop()
  }
  try {
    if (server) await listen(server, config)
    await openRecord(app, published.has('/'), say)
    await parts.prepare?.(app)
    await publisher?.open()
  } catch (error) {
    server?.closeAllConnections()
    await stopped()
    await app.close()
    letGo()
    throw error
  }
  const stillThere = watchFile(config.databaseUrl)
  app.health.trouble = publisher?.state === 'record-behind' ? recordBehind : null
  app.health.opened = true
  employ()

  const look = setInterval(() => {
    if (app.health.trouble === recordLost || stillThere()) return
    app.health.trouble = recordLost
    app.log('error', 'record.lost')
    void worker?.stop()
    void publisher?.stop()
  }, lookEveryMs)

  const stop = async () => {
    clearInterval(look)
    const overdue = setTimeout(() => server?.closeAllConnections(), requestsWithinMs)
    await Promise.all([stopped(), worker?.stop()])
    clearTimeout(overdue)
    // A database that does not answer cannot be taken leave of.
    await Promise.race([app.close(), setTimeoutPromise(closeWithinMs, undefined, { ref: false })])
    letGo()
  }
  return {
    app,
    publisher: publisher as PublisherThread,
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

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
