import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import Sqlite from 'better-sqlite3'
import pg from 'pg'
import { percentile } from './bench/figures.ts'
import { fillRecord } from './bench/fill.ts'
import { freePort, startPostgres } from './support/postgres.ts'
import { startRunning } from './support/program.ts'

// npm run check:survival: the real program is asked 200 times a second for what is published, with and without a tag,
// while its database is locked, removed (SQLite; PostgreSQL, where it is put back), stopped, killed and restarted
// (PostgreSQL). After each trouble that it gets over by itself an update is published and waited for. Ends with 1 unless
// every answer was 200 or 304. Ten minutes; `-- --seconds 40` is a short form.

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } })
const seconds = Number(values.seconds)
if (!(seconds >= 40)) throw new Error('--seconds is a number from 40 on: half for SQLite, half for PostgreSQL.')
const perSecond = 200
/** How long each trouble lasts, and the peace after it. */
const troubleMs = Math.min(10_000, (seconds * 1_000) / 16)
/** How long an update may take that is published when the trouble is over, in milliseconds. */
const publishedWithinMs = 30_000
const paths = [
  '/',
  '/zh-CN/',
  '/history/',
  '/uptime/',
  '/subscribe/',
  '/history.rss',
  '/feed.json',
  '/api/v2/summary.json',
]

interface Trouble {
  name: string
  begin(): Promise<void> | void
  end(): Promise<void> | void
}

/** Asks at a steady rate whatever the answers do; counts them by status, errors of the connection as such. */
function ask(address: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const counts: Record<string, number> = {}
  const waits: number[] = []
  const tags = new Map<string, string>()
  let asked = 0
  const one = () => {
    const path = paths[asked % paths.length]!
    const tag = asked++ % 2 ? tags.get(path) : undefined
    const at = performance.now()
    const count = (key: string) => {
      counts[key] = (counts[key] ?? 0) + 1
      waits.push(performance.now() - at)
    }
    const sent = request(address + path, { agent, headers: tag ? { 'if-none-match': tag } : {} }, (answer) => {
      if (answer.headers.etag) tags.set(path, answer.headers.etag)
      answer.resume().on('end', () => count(String(answer.statusCode)))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => count(error.code ?? error.message)).end()
  }
  const began = performance.now()
  const timer = setInterval(() => {
    while (asked < ((performance.now() - began) * perSecond) / 1_000) one()
  }, 5)
  return async () => {
    clearInterval(timer)
    for (let waited = 0; waits.length < asked && waited < 20_000; waited += 100) await sleep(100)
    agent.destroy()
    if (waits.length < asked) counts['no answer'] = asked - waits.length
    return { counts, p99Ms: percentile(waits, 0.99) }
  }
}

/** `last` is what the program gets over by a restart alone. */
async function livesThrough(
  [name, url, dataDir]: [name: string, url: string, dataDir: string],
  troubles: Trouble[],
  last?: Trouble,
): Promise<boolean> {
  const env = {
    DATA_DIR: dataDir,
    DATABASE_URL: url,
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
    LOG_LEVEL: 'error',
    EMAIL_FROM: 'Status <status@hezhou.example>',
  }
  const { token, components } = await fillRecord(env, 60)
  const program = await startRunning(['api/main.ts'], env, await freePort())
  const readyz = async () => (await (await fetch(`${program.address}/readyz`)).json()) as { why: string | null }
  // After a start what may be looked up is still being drawn; this file is written last.
  while (!existsSync(join(dataDir, 'published/revision.json'))) await sleep(100)
  const stop = ask(program.address)
  let result: Awaited<ReturnType<typeof stop>>
  const until = performance.now() + (seconds * 1_000) / 2
  const fetchHome = async () => (await fetch(`${program.address}/`)).text()
  /** What is published when all is well again is shown. */
  const publish = async (title: string) => {
    const giveUpAt = performance.now() + publishedWithinMs
    const [service] = Object.values(components)
    const nextUpdateAt = new Date(Date.now() + 3_600_000).toISOString()
    const words = { title, body: 'We are looking.', severity: 1, status: 'investigating', nextUpdateAt, notify: false }
    const send = () =>
      fetch(`${program.address}/api/v1/incidents`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...words, components: [{ id: service, status: 'partial_outage' }] }),
      })
    while ((await send()).status !== 201) {
      if (performance.now() > giveUpAt) throw new Error('Nothing can be published, though the trouble is over.')
      await sleep(200)
    }
    while (!(await fetchHome()).includes(title)) {
      if (performance.now() > giveUpAt) throw new Error(`What was published is not shown: ${title}`)
      await sleep(200)
    }
  }
  let troubled = 0
  const live = async ({ name: what, begin, end }: Trouble, forGood = false) => {
    await begin()
    await sleep(troubleMs)
    const { why } = await readyz()
    console.log(`${name}, ${what}: ${why ?? 'nothing is wrong'}`)
    await end()
    if (!forGood) await publish(`Trouble ${++troubled} is over.`)
    await sleep(troubleMs / 2)
  }
  try {
    while (performance.now() < until - troubleMs * 1.5)
      for (const trouble of troubles) if (performance.now() < until - troubleMs * 1.5) await live(trouble)
    if (last) await live(last, true)
  } catch (error) {
    console.error(program.printed())
    throw error
  } finally {
    result = await stop()
    await program.stop()
  }
  const { counts, p99Ms } = result
  console.log(`${name}: ${JSON.stringify(counts)}, p99 ${p99Ms.toFixed(1)} ms`)
  return Object.keys(counts).every((status) => status === '200' || status === '304')
}

const room = mkdtempSync(join(tmpdir(), 'candor-survival-'))
const server = await startPostgres()
const database = 'candor'
let held: pg.Client | undefined
const connected = async (to = database) => {
  const client = new pg.Client({ connectionString: server.url(to) })
  await client.connect()
  return client
}
/** Gives the database another name, whoever is connected to it. */
async function named(from: string, to: string): Promise<void> {
  const client = await connected('postgres')
  await client.query(`alter database ${from} allow_connections false`)
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [from])
  for (;;) {
    const { rows } = await client.query('select 1 from pg_stat_activity where datname = $1', [from])
    if (!rows.length) break
    await sleep(50)
  }
  await client.query(`alter database ${from} rename to ${to}`)
  await client.query(`alter database ${to} allow_connections true`)
  await client.end()
}
try {
  const client = await connected('postgres')
  await client.query(`create database ${database}`)
  await client.end()
  const file = join(room, 'sqlite', 'candor.db')
  let lock: Sqlite.Database | undefined
  const fine = [
    await livesThrough(
      ['SQLite', `file:${file}`, join(room, 'sqlite')],
      [
        {
          name: 'locked',
          begin() {
            lock = new Sqlite(file)
            lock.exec('begin exclusive')
          },
          end: () => void lock?.close(),
        },
      ],
      {
        name: 'removed',
        begin: () => renameSync(file, `${file}.away`),
        end: () => {},
      },
    ),
    await livesThrough(
      ['PostgreSQL', server.url(database), join(room, 'postgres')],
      [
        {
          name: 'locked',
          async begin() {
            held = await connected()
            await held.query('begin')
            await held.query('lock table meta, incident, component in access exclusive mode')
          },
          end: () => held?.end(),
        },
        {
          name: 'removed',
          begin: () => named(database, `${database}_away`),
          end: () => named(`${database}_away`, database),
        },
        { name: 'stopped', begin: () => server.pause('SIGINT'), end: () => server.resume() },
        { name: 'killed', begin: () => server.pause('SIGQUIT'), end: () => server.resume() },
      ],
    ),
  ]
  if (fine.includes(false)) process.exitCode = 1
  else console.log('Every answer was 200 or 304.')
} finally {
  await server.stop()
  rmSync(room, { recursive: true, force: true })
}
process.exit()
