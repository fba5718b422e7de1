import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { freePort } from '../support/postgres.ts'
import { bareEnvironment, type Running, startRunning } from '../support/program.ts'
import { type Figures, percentile } from './figures.ts'
import { openClient } from './load.ts'
import { cpuMsOf, memoryOf } from './process.ts'

const run = promisify(execFile)
const services = [20, 200, 1_000]
const pasts = [100, 10_000, 100_000]
/** The size that the page must keep up with, and how long readers may wait there. */
const reached = { components: 200, incidents: 10_000, visibleMs: 250 }
/**
 * How much a hundred thousand incidents may take of what ten thousand take, in percent. They lie as close as those, so
 * that they fill 83 years: the list of months is ten times as long, and everything else as it was.
 */
const growthMax = 125
/** Updates that are waited for at the reader's, at the size above and at others; of these, on one incident. */
const [publishesThere, publishesElsewhere, updatesPerIncident] = [200, 40, 20]
/** Updates whose every file is waited for, one after the other. */
const wholes = 30
const giveUpAfterMs = 60_000

/**
 * What one publish takes as the past and the services grow, through the program as it runs in production: until a
 * reader sees it, and of its processor until every file is written. `only` are the numbers of services to measure.
 */
export async function measureGrowth(say: (line: string) => void, only: number[]): Promise<Figures> {
  const figures: Figures = {}
  for (const components of only.length ? only : services) {
    const costs: number[] = []
    for (const incidents of pasts) {
      const size = `${components.toLocaleString('en')} services, ${incidents.toLocaleString('en')} incidents`
      say(`${size} …`)
      const there = components === reached.components && incidents === reached.incidents
      const { waits, costMs, memoryBytes } = await measureSize(components, incidents, there)
      costs.push(costMs)
      const reach = there ? reached.visibleMs : null
      figures[`publish to visible, p50: ${size}`] = { value: percentile(waits, 0.5), unit: 'ms', reach: null }
      figures[`publish to visible, p99: ${size}`] = { value: percentile(waits, 0.99), unit: 'ms', reach }
      figures[`processor time of an update, every file written: ${size}`] = { value: costMs, unit: 'ms', reach: null }
      figures[`memory of the program: ${size}`] = { value: memoryBytes / 2 ** 20, unit: 'MB', reach: null }
    }
    figures[`an update at 100,000 incidents, of one at 10,000: ${components.toLocaleString('en')} services`] = {
      value: (100 * costs[2]!) / costs[1]!,
      unit: '%',
      reach: growthMax,
    }
  }
  return figures
}

async function measureSize(components: number, incidents: number, there: boolean) {
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-growth-'))
  const env = {
    DATA_DIR: dataDir,
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
    LOG_LEVEL: 'warn',
    EMAIL_FROM: 'Status <status@hezhou.example>',
  }
  let program: Running | undefined
  try {
    const fill = [join(import.meta.dirname, 'growth-fill.ts'), String(components), String(incidents)]
    const { stdout } = await run(process.execPath, fill, { env: { ...bareEnvironment(), ...env } })
    program = await startRunning(['api/main.ts'], env, await freePort())
    const publisher = openPublishing(program, dataDir, JSON.parse(stdout))
    await publisher.updates(updatesPerIncident)
    const waits = await publisher.updates(there ? publishesThere : publishesElsewhere)
    const costMs = await publisher.costOf(wholes)
    return { waits, costMs, memoryBytes: memoryOf(program.pid) }
  } finally {
    await program?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Publishes as staff does, and reads the first page as a browser does: packed, and by its tag while nothing is new. */
function openPublishing({ address, pid }: Running, dataDir: string, filled: Parameters<typeof openClient>[1]) {
  const client = openClient(address, filled)
  const reader = openReader(address)
  const { service } = filled.components
  let incident = ''
  let said = 0
  const words = () => ({ en: `Still working on it. (${++said})`, 'zh-CN': `仍在处理中。（${said}）` })
  const soon = () => new Date(Date.now() + 3_600_000).toISOString()
  const say = async () => {
    const body = words()
    const input = { status: 'investigating', body, nextUpdateAt: soon(), notify: false }
    const asked = performance.now()
    if (said % updatesPerIncident === 1) {
      if (incident) await client.post(`/incidents/${incident}/updates`, { status: 'resolved', body, notify: false })
      const title = { en: `Some merchants cannot place orders (${said}).`, 'zh-CN': `部分商家无法下单（${said}）。` }
      const opening = { title, severity: 1, components: [{ id: service, status: 'partial_outage' }], ...input }
      incident = (await client.post('/incidents', opening)).id
    } else await client.post(`/incidents/${incident}/updates`, input)
    return reader.until(body.en, asked)
  }
  const written = async (revision: number) => {
    for (const since = performance.now(); ; await sleep(20)) {
      try {
        const shown = JSON.parse(readFileSync(join(dataDir, 'published/revision.json'), 'utf8'))
        if (shown.revision > revision) return shown.revision as number
      } catch {}
      if (performance.now() - since > giveUpAfterMs) throw new Error('A publish was not written down in a minute.')
    }
  }
  return {
    /** Milliseconds from sending each update until a reader has it. */
    async updates(count: number): Promise<number[]> {
      const waits: number[] = []
      while (waits.length < count) waits.push(await say())
      return waits
    },
    /**
     * Milliseconds of the processor that an update takes of the program, all its files in both languages written: the
     * median, because pages that readers have already are packed better whenever there is time for it.
     */
    async costOf(count: number): Promise<number> {
      let revision = await written(0)
      for (const settled = performance.now(); performance.now() - settled < 1_000; await sleep(20)) {
        const next = await written(revision - 1)
        if (next > revision) revision = next
      }
      const costs: number[] = []
      while (costs.length < count) {
        if (said % updatesPerIncident === 0) said++
        const before = cpuMsOf(pid)
        await say()
        revision = await written(revision)
        costs.push(cpuMsOf(pid) - before)
      }
      return percentile(costs, 0.5)
    },
  }
}

function openReader(address: string) {
  const agent = new Agent({ keepAlive: true })
  let tag = ''
  const ask = () =>
    new Promise<string | null>((resolve, reject) => {
      const headers = { 'accept-encoding': 'br', ...(tag ? { 'if-none-match': tag } : {}) }
      const sent = request(`${address}/`, { agent, headers }, async (answer) => {
        const parts: Buffer[] = []
        for await (const part of answer) parts.push(part)
        tag = answer.headers.etag ?? ''
        if (answer.statusCode === 304) return resolve(null)
        if (answer.statusCode === 200) return resolve(brotliDecompressSync(Buffer.concat(parts)).toString())
        reject(new Error(`The first page answered ${answer.statusCode}.`))
      })
      sent.on('error', reject).end()
    })
  return {
    /** Asks every millisecond until the page holds the text; milliseconds since `since`. */
    async until(text: string, since: number): Promise<number> {
      for (;;) {
        if ((await ask())?.includes(text)) return performance.now() - since
        if (performance.now() - since > giveUpAfterMs) throw new Error('A reader waited a minute for an update.')
        await sleep(1)
      }
    },
  }
}
