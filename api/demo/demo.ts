import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createToken } from '#api/accounts/actions.ts'
import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { type Config, readConfig } from '#api/config.ts'
import { databaseFile, holdWork, openDb } from '#api/db/connect.ts'
import { realClock } from '#api/lib/clock.ts'
import { jsonLog } from '#api/lib/log.ts'
import { type Program, startProgram } from '#api/program.ts'
import { DemoClock, demoOpensAt, latest, playOpensAt } from './clock.ts'
import { readCompany } from './company.ts'
import { playOffers } from './offers-player.ts'
import { playEvening } from './player.ts'
import { dropEverything, isDemonstration, isEmpty, lastWritten } from './queries.ts'
import { seedDemonstration } from './seed.ts'

const demoDataDir = './data/demo'
/** What a demonstration leaves in its data folder; `--fresh` removes this and nothing else. */
const leavings = ['demo.json', 'clock.json', 'letterbox', 'published']

/** Made once and shown at every start, so that a second run can still be signed in to. Readable by its owner alone. */
interface Keys {
  secretKey: string
  email: string
  password: string
  token: string | null
}

interface DemoOptions {
  fresh: boolean
  /** Plays the evening at this speed; null lets the clock run at real speed. */
  play: number | null
  say: (line: string) => void
}

/**
 * Starts the demonstration company on one port: seeds it at the first run, goes on where it stopped at the next, and
 * prints where to look and how to sign in. Needs no setting and reaches nobody: provider settings are left out, so that
 * every mail and SMS lands in the letterbox. Throws a sentence when it cannot start.
 */
export async function startDemonstration(
  env: Record<string, string | undefined>,
  options: DemoOptions,
): Promise<Program> {
  const { say } = options
  const plain = withoutProviders({ ...env, DATA_DIR: env.DATA_DIR || demoDataDir, LOG_LEVEL: env.LOG_LEVEL || 'warn' })
  const first = readConfig(plain, 'demo')
  await portIsFree(first)
  if (options.fresh) {
    const letGo = holdWork(first.databaseUrl, { pid: process.pid, since: realClock.now() })
    await startOver(first)
    letGo()
  }
  const keys = openKeys(first.dataDir)
  const config = readConfig({ ...plain, SECRET_KEY: keys.secretKey }, 'demo')
  const clock = new DemoClock(config.dataDir)
  const stopKeeping: { now?: () => void } = {}

  const program = await startProgram(config, {
    say,
    clock,
    log: jsonLog(config.logLevel),
    prepare: async (app) => {
      await seedWhenEmpty(app, clock, keys, options)
      stopKeeping.now = clock.keep()
    },
  })
  if (!keys.token) {
    keys.token = (await createToken(program.app, system, { name: 'Demonstration', role: 'owner' })).token
    saveKeys(config.dataDir, keys)
  }
  say('')
  say(`Status page  ${program.address}/`)
  say(`Admin        ${program.address}/admin/  ${keys.email}  ${keys.password}`)
  say('             sign in there with this mail address and this password; it is everybody’s here, such as')
  say('             zhao@hezhou.example of communications and wu@hezhou.example of legal')
  say(`API token    ${keys.token}`)
  say('')
  if (program.app.health.trouble) say(`${program.app.health.trouble} In the demonstration, --fresh starts over, too.`)

  const playing = new AbortController()
  const played = options.play
    ? playAll(program.app, clock, { speed: options.play, say, signal: playing.signal })
    : Promise.resolve()
  played.catch((error) => say(error instanceof Error ? error.message : String(error)))
  return {
    ...program,
    async stop() {
      playing.abort()
      await played.catch(() => {})
      await program.stop()
      stopKeeping.now?.()
    },
  }
}

/** The evening, and what the company gives a week after it. */
async function playAll(app: App, clock: DemoClock, how: Parameters<typeof playEvening>[2]): Promise<void> {
  await playEvening(app, clock, how)
  await playOffers(app, clock, how)
}

/** Nobody is ever written to from a demonstration, whatever the environment it is started in is set to. */
const withoutProviders = (env: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(RESEND|TWILIO|SMTP)_/.test(name)))

async function seedWhenEmpty(app: App, clock: DemoClock, keys: Keys, { play, say }: DemoOptions): Promise<void> {
  if (await isDemonstration(app.db)) {
    clock.set(latest(clock.lastKept() ?? demoOpensAt, await lastWritten(app.db)), 1)
    return
  }
  if (!(await isEmpty(app.db)))
    throw new Error(
      'This record is not a demonstration, or its seeding was interrupted. Choose another DATA_DIR, or run "npm run demo -- --fresh" to start over.',
    )
  say('Seeding Hezhou Commerce Cloud …')
  clock.set(play ? playOpensAt : demoOpensAt, 0)
  await seedDemonstration(app, { password: keys.password, evening: play ? null : 'U2' })
  clock.set(play ? playOpensAt : demoOpensAt, 1)
}

function openKeys(dataDir: string): Keys {
  const file = join(dataDir, 'demo.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Keys
  const word = () => randomBytes(5).toString('hex')
  const email = readCompany().people[0]!.email
  const keys = { secretKey: randomBytes(32).toString('base64'), email, password: `${word()}-${word()}`, token: null }
  saveKeys(dataDir, keys)
  return keys
}

function saveKeys(dataDir: string, keys: Keys): void {
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, 'demo.json'), `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
}

/** Refuses a port that somebody else has before anything is seeded. */
function portIsFree({ host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is busy: stop what listens there, or choose another with PORT=${port + 1}.`)
          : error,
      ),
    )
    server.listen(port, host, () => server.close(() => resolve()))
  })
}

/** Removes what an earlier demonstration wrote. Refuses a folder or a record that is not one. */
async function startOver(config: Config): Promise<void> {
  const file = databaseFile(config.databaseUrl)
  const ours = existsSync(join(config.dataDir, 'demo.json'))
  if (file) {
    if (existsSync(file) && !ours)
      throw new Error(`${config.dataDir} holds a record that is not a demonstration. Choose another DATA_DIR.`)
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
  } else {
    const db = openDb(config.databaseUrl)
    try {
      const tables = await db.introspection.getTables()
      if (tables.length && !ours)
        throw new Error('DATABASE_URL holds a record that is not a demonstration. Choose another database.')
      await dropEverything(db)
    } finally {
      await db.destroy()
    }
  }
  for (const name of leavings) rmSync(join(config.dataDir, name), { recursive: true, force: true })
}
