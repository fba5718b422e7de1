import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import Sqlite from 'better-sqlite3'
import { percentile } from './bench/figures.ts'
import { fillRecord } from './bench/fill.ts'
import { freePort, startPostgres } from './support/postgres.ts'
import { startRunning } from './support/program.ts'

// npm run check:survival: the real program is asked 200 times a second for what is published, with and without a tag,
// while its database is locked, removed and put back (SQLite), and stopped, killed and restarted (PostgreSQL). Ends with 1
// unless every answer was 200 or 304. Ten minutes; `-- --seconds 20` is a short form.

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } })
const seconds = Number(values.seconds)
if (!(seconds >= 4)) throw new Error('--seconds is a number from 4 on: half for SQLite, half for PostgreSQL.')
const perSecond = 200
/** How long each trouble lasts, and the peace after it. */
const troubleMs = Math.min(10_000, (seconds * 1_000) / 12)
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
    LOG_LEVEL: 'silent',
    EMAIL_FROM: 'Status <status@hezhou.example>',
  }
  await fillRecord(env, 60)
  const program = await startRunning(['api/main.ts'], env, await freePort())
  const readyz = async () => (await (await fetch(`${program.address}/readyz`)).json()) as { why: string | null }
  // After a start what may be looked up is still being drawn; this file is written last.
  while (!existsSync(join(dataDir, 'published/revision.json'))) await sleep(100)
  const stop = ask(program.address)
  let result: Awaited<ReturnType<typeof stop>>
  const until = performance.now() + (seconds * 1_000) / 2
  const live = async ({ name: what, begin, end }: Trouble) => {
    await begin()
    await sleep(troubleMs)
    const { why } = await readyz()
    console.log(`${name}, ${what}: ${why ?? 'nothing is wrong'}`)
    await end()
    await sleep(troubleMs / 2)
  }
  try {
    while (performance.now() < until - troubleMs * 1.5)
      for (const trouble of troubles) if (performance.now() < until - troubleMs * 1.5) await live(trouble)
    if (last) await live(last)
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
try {
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
      ['PostgreSQL', server.url('postgres'), join(room, 'postgres')],
      [
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
