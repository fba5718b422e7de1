import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { type App, openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { migrate } from '#api/db/connect.ts'
import { unpack } from '#api/lib/pack.ts'
import { secondMs, toMs } from '#api/lib/time.ts'
import { heapMb } from '#api/notices/thread.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import type { Engine } from '../support/record.ts'
import { insertCrowd, openCompany, publishU1 } from './crowd.ts'
import type { Figures } from './figures.ts'

/** How long a figure may take before it is given up, in milliseconds. */
const giveUpAfterMs = 480_000
const resendKey = 're_bench'

export interface Provider {
  url: string
  seen(): Promise<{
    mails: number
    requests: number
    refused: number
    bytes: number
    firstAt: number
    lastAt: number
  }>
  stop(): void
}

/** The stand-in of provider.ts, started with these arguments. */
export async function startProvider(args: string[]): Promise<Provider> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'provider.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = await once(child.stdout!, 'data')
  const url = `http://127.0.0.1:${String(port).trim()}`
  return {
    url,
    seen: async () => (await fetch(url)).json() as ReturnType<Provider['seen']>,
    stop: () => void child.kill('SIGTERM'),
  }
}

/** A record with the company, a crowd and U1 waiting in the outbox. */
export interface Scene {
  app: App
  env: Record<string, string>
  close(): Promise<void>
}

export async function openScene(server: PostgresServer | null, people: number): Promise<Scene> {
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-ledger-'))
  const name = `bench_${Date.now()}`
  if (server) {
    const admin = openApp(readConfig({ DATABASE_URL: server.url('postgres') }, 'test'))
    await sql`create database ${sql.id(name)}`.execute(admin.db)
    await admin.close()
  }
  const env = {
    DATA_DIR: dataDir,
    DATABASE_URL: server ? server.url(name) : `file:${dataDir}/candor.db`,
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
    LOG_LEVEL: 'error',
    RESEND_API_KEY: resendKey,
    EMAIL_FROM: 'Hezhou status <status@hezhou.example>',
  }
  const app = openApp(readConfig(env, 'test'))
  await migrate(app.db)
  const components = await openCompany(app)
  await insertCrowd(app, people)
  await publishU1(app, components)
  return {
    app,
    env,
    async close() {
      await app.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** The heap that the program gives its worker's thread; a young generation is three semi-spaces. */
const asInTheThread = [
  `--max-old-space-size=${heapMb.maxOldGenerationSizeMb}`,
  `--max-semi-space-size=${Math.floor(heapMb.maxYoungGenerationSizeMb / 3)}`,
]

/** A worker in a process of its own, with the heap it has in the program; `peakMb` is the most memory it was seen to hold. */
export function startWorker(env: Record<string, string>, requestsPerSecond: number, url: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [...asInTheThread, join(import.meta.dirname, '../support/worker-child.ts')],
    {
      env: {
        PATH: process.env.PATH,
        ...env,
        RESEND_BASE_URL: url,
        RESEND_REQUESTS_PER_SECOND: String(requestsPerSecond),
      },
      stdio: 'inherit',
    },
  )
  let peakKb = 0
  const look = setInterval(() => {
    try {
      peakKb = Math.max(peakKb, Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)])))
    } catch {
      // It ended between two looks.
    }
  }, 500)
  return {
    pid: child.pid ?? 0,
    peakMb: () => peakKb / 1024,
    async kill() {
      clearInterval(look)
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    async stop() {
      clearInterval(look)
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

export async function until(done: () => Promise<boolean>): Promise<void> {
  const since = performance.now()
  while (!(await done())) {
    if (performance.now() - since > giveUpAfterMs) throw new Error('The worker did not come to its end.')
    await sleep(100)
  }
}

/** Requests a second at which one batch goes out and the planner has the machine to itself. */
const standstill = 0.1
/** What is to be reached: expansion by engine, and six times the best rate of the provider. */
const expandReach = { sqlite: 30_000, postgres: 12_000 } as const
const handOverReach = 3_000
const memoryReachMb = 250

/** Nothing is lost when the power goes, as on the SQLite side. */
const durable = ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on']
export const startDurable = (): Promise<PostgresServer> => startPostgres(durable)

/** What the long form hands over of its million: enough to see whether memory grows. */
const handedOverMax = 100_000

/**
 * U1 to so many people on these engines, with the real worker: how fast recipients are found and mails handed over. All
 * recipients are found, and of very many mails the first are handed over.
 */
export async function measureLedger(
  people: number,
  say: (line: string) => void,
  engines: readonly Engine[],
): Promise<Figures> {
  let figures: Figures = {}
  for (const engine of engines) {
    const server = engine === 'postgres' ? await startDurable() : null
    figures = { ...figures, ...(await measureEngine(engine, people, server, say).finally(() => server?.stop())) }
  }
  return figures
}

async function measureEngine(
  engine: Engine,
  people: number,
  server: PostgresServer | null,
  say: (line: string) => void,
): Promise<Figures> {
  const count = people.toLocaleString('en')
  say(`${engine}: writing ${count} subscribers …`)
  const scene = await openScene(server, people)
  const { db } = scene.app
  const provider = await startProvider([])
  try {
    say(`${engine}: finding ${count} recipients …`)
    const planner = startWorker(scene.env, standstill, provider.url)
    const notice = () => db.selectFrom('notice').selectAll().executeTakeFirst()
    await until(async () => Boolean((await notice())?.expandedAt))
    await planner.stop()
    const { first } = await db
      .selectFrom('delivery')
      .select((eb) => eb.fn.min('createdAt').as('first'))
      .executeTakeFirstOrThrow()
    const expandMs = toMs((await notice())?.expandedAt ?? '') - toMs(first)
    const waiting = await db
      .selectFrom('batch')
      .select(['bytes', 'size'])
      .where('bytes', 'is not', null)
      .executeTakeFirstOrThrow()

    const mails = Math.min(people, handedOverMax)
    say(`${engine}: handing over ${mails.toLocaleString('en')} mails …`)
    await db.updateTable('channelState').set({ nextSendAt: null }).execute()
    const before = await provider.seen()
    const sender = startWorker(scene.env, 1_000, provider.url)
    await until(async () => (await provider.seen()).mails > before.mails)
    const began = await provider.seen()
    await until(async () => (await provider.seen()).mails >= mails)
    const ended = await provider.seen()
    await sender.stop()
    return {
      'one mail of U1 as it is handed over': {
        value: unpack(waiting.bytes ?? '').length / waiting.size,
        unit: 'bytes',
        reach: null,
      },
      [`recipients found a second, ${engine}`]: {
        value: people / (expandMs / secondMs),
        unit: 'rows/s',
        reach: expandReach[engine],
        more: true,
      },
      [`mails written and handed over a second, ${engine}`]: {
        value: (ended.mails - began.mails) / ((ended.lastAt - began.lastAt) / secondMs),
        unit: 'mails/s',
        reach: handOverReach,
        more: true,
      },
      [`memory of the worker at ${count} subscribers, ${engine}`]: {
        value: Math.max(planner.peakMb(), sender.peakMb()),
        unit: 'MB',
        reach: memoryReachMb,
      },
    }
  } finally {
    provider.stop()
    await scene.close()
  }
}
