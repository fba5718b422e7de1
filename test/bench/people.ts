import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { createToken } from '#api/accounts/actions.ts'
import { type App, openApp } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { migrate } from '#api/db/connect.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { hourMs, plusMs, secondMs } from '#api/lib/time.ts'
import { freePort, type PostgresServer } from '../support/postgres.ts'
import { type Running, startRunning } from '../support/program.ts'
import { openCompany } from './crowd.ts'
import type { Figures } from './figures.ts'
import { type Provider, startProvider, startWorker, until } from './ledger.ts'

export type Engine = 'sqlite' | 'postgres'
/** What somebody else who writes may have to wait, in milliseconds, and what a process may hold, in megabytes. */
const reach = { waitMs: 100, memoryMb: 250 }

/** A record with an incident, and the program on it in two processes: the front door, and the worker that the program has in a thread. */
export interface Registry {
  engine: Engine
  app: App
  provider: Provider
  incidentId: string
  /** A component that customers use. */
  componentId: string
  /** Asks the management API; throws unless it is answered well. */
  ask<T>(method: 'GET' | 'POST', path: string, body?: object | ReadableStream<Uint8Array>): Promise<T>
  /** Asks for a file and lets its bytes go. How many lines it has. */
  download(path: string): Promise<number>
  /** Takes the time of what is done to so many rows, and how long somebody else who writes waits meanwhile. */
  timed(name: string, rows: number, work: () => Promise<unknown>): Promise<void>
  /** Everything that was measured so far. */
  figures(): Figures
  close(): Promise<void>
}

/** Opens such a record, on PostgreSQL where there is a server. */
export async function openRegistry(server: PostgresServer | null): Promise<Registry> {
  const engine: Engine = server ? 'postgres' : 'sqlite'
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-bench-'))
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
    RESEND_API_KEY: 're_bench',
    EMAIL_FROM: 'Hezhou status <status@hezhou.example>',
  }
  const app = openApp(readConfig(env, 'test'))
  await migrate(app.db)
  const { orders: componentId = '' } = await openCompany(app)
  const { id: incidentId } = await openIncident(app, system, {
    title: { en: 'Orders fail.', 'zh-CN': '无法下单。' },
    severity: 1,
    status: 'investigating',
    components: [{ id: componentId, status: 'major_outage' }],
    body: { en: 'We are looking.', 'zh-CN': '正在排查。' },
    nextUpdateAt: plusMs(app.now(), hourMs),
    notify: false,
  })
  const { token } = await createToken(app, system, { name: 'bench', role: 'owner' })
  const provider = await startProvider([])
  const program: Running = await startRunning(['api/main.ts', '--role', 'web'], env, await freePort())
  const restMb = peakMbOf(program.pid)
  const worker = startWorker(env, 1_000, provider.url)
  const other = startOther(env)
  const measured: Figures = {}

  const request = async (method: string, path: string, body?: object | ReadableStream<Uint8Array>) => {
    const file = body instanceof ReadableStream
    const answer = await fetch(`${program.address}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': file ? 'text/csv' : 'application/json' } : {}),
      },
      ...(body ? { body: file ? body : JSON.stringify(body), duplex: 'half' } : {}),
    } as RequestInit)
    if (!answer.ok)
      throw new Error(`${method} ${path} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
    return answer
  }
  return {
    engine,
    app,
    provider,
    incidentId,
    componentId,
    ask: async (method, path, body) => (await request(method, path, body)).json(),
    async download(path) {
      let lines = 0
      for await (const piece of (await request('GET', path)).body!)
        for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++
      return lines
    },
    async timed(what, rows, work) {
      await other.waits()
      const startedAt = performance.now()
      await work()
      const seconds = (performance.now() - startedAt) / secondMs
      const { longest } = await other.waits()
      measured[`${what}, ${engine}`] = { value: rows / seconds, unit: 'rows/s', reach: null }
      measured[`${what}, ${engine}: somebody else who writes waits at the most`] = {
        value: longest,
        unit: 'ms',
        reach: reach.waitMs,
      }
    },
    figures: () => ({
      ...measured,
      [`memory of the worker at the most, ${engine}`]: {
        value: Math.max(worker.peakMb(), peakMbOf(worker.pid)),
        unit: 'MB',
        reach: reach.memoryMb,
      },
      [`memory of the front door before, ${engine}`]: { value: restMb, unit: 'MB', reach: null },
      [`memory of the front door at the most, ${engine}`]: { value: peakMbOf(program.pid), unit: 'MB', reach: null },
    }),
    async close() {
      other.stop()
      await worker.stop()
      await program.stop()
      provider.stop()
      await app.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** The most memory that a process has held until now, as the system counts it; what it holds now where it does not count. */
function peakMbOf(pid: number): number {
  try {
    const [, kb] = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kb ?? Number.NaN) / 1_024
  } catch {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) / 1_024
  }
}

/** Somebody else who writes all the time: writer.ts, in a process of its own. */
function startOther(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts')], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  return {
    /** How long it waited since it was last asked, in milliseconds. */
    async waits(): Promise<{ written: number; p99: number; longest: number }> {
      const said = once(lines, 'line')
      child.stdin.write('\n')
      return JSON.parse(String((await said)[0]))
    },
    stop: () => void child.stdin.end(),
  }
}

/** A file as it comes in: made while it is read, so that nobody holds it whole. */
function fileOf(head: string, people: number, row: (at: number) => string): ReadableStream<Uint8Array> {
  const pieceRows = 500
  async function* pieces() {
    yield Buffer.from(`${head}\n`)
    for (let at = 0; at < people; at += pieceRows) {
      const some = Math.min(pieceRows, people - at)
      yield Buffer.from(Array.from({ length: some }, (_, i) => `${row(at + i)}\n`).join(''))
    }
  }
  return Readable.toWeb(Readable.from(pieces())) as ReadableStream<Uint8Array>
}

interface ShownImport {
  id: string
  state: string
  accepted: number
  columns: (string | null)[]
  listId: string | null
}

/** Hands a file in, has it read and makes it count. */
async function importOne(
  registry: Registry,
  what: string,
  people: number,
  query: string,
  file: ReadableStream<Uint8Array>,
) {
  let one: ShownImport | undefined
  const comesTo = (state: string) =>
    until(async () => {
      one = await registry.ask<ShownImport>('GET', `/imports/${one!.id}`)
      if (one.state === 'refused') throw new Error(`The file was refused: ${JSON.stringify(one)}`)
      return one.state === state
    })
  await registry.timed(`${what} handed in`, people, async () => {
    one = await registry.ask<ShownImport>('POST', `/imports?${query}&name=bench.csv`, file)
  })
  await registry.timed(`${what} read`, people, async () => {
    await registry.ask('POST', `/imports/${one!.id}/columns`, { columns: one!.columns, currency: 'CNY' })
    await comesTo('read')
  })
  await registry.timed(`${what} made to count`, people, async () => {
    await registry.ask('POST', `/imports/${one!.id}/commit`)
    await comesTo('committed')
  })
  if (one!.accepted !== people) throw new Error(`${one!.accepted} of ${people} rows count.`)
  return one!
}

/** So many customers from a file into the registry, then all of them as affected. The list of those. */
export async function importPeople(registry: Registry, people: number, say: (line: string) => void): Promise<string> {
  const { engine, incidentId, componentId } = registry
  const count = people.toLocaleString('en')
  say(`${engine}: importing ${count} customers …`)
  const customers = fileOf(
    'customer_id,name,plan,region,monthly_fee,email,components',
    people,
    (at) => `C-${1_000_000 + at},Shop ${at},Basic,CN-East,"1,299.00",shop${at}@customers.example,${componentId}`,
  )
  await importOne(registry, 'customers', people, 'kind=customers', customers)
  say(`${engine}: importing ${count} affected customers …`)
  const affected = fileOf('customer_id,minutes,fee', people, (at) => `C-${1_000_000 + at},89,399.00`)
  const list = await importOne(registry, 'affected customers', people, `kind=affected&incident=${incidentId}`, affected)
  return list.listId!
}
