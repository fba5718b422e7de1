import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/postgres.ts'
import { type Running, startRunning } from '../support/program.ts'
import { type Figures, percentile } from './figures.ts'
import { fillRecord } from './fill.ts'
import { openClient } from './load.ts'
import { cpuMsOf, memoryOf } from './process.ts'

const readers = 10_000
const processes = 2
/** How often an open page asks while an incident is open, a fifth more or less, in milliseconds. */
const everyMs = 15_000
/** How long it is measured before and after an update comes out: everybody has asked more than once. */
const measuredMs = 20_000
/** Files that the program needs open besides its readers' connections. */
const otherFiles = 500
const pastIncidents = 60
const connectWithinMs = 180_000

interface Report {
  waits: number[]
  statuses: Record<string, number>
}

/**
 * Ten thousand open pages that ask whether something changed, each over a connection that it keeps, while an update comes
 * out in the middle. Throws a sentence when this machine does not allow so many open files.
 */
export async function measureReaders(say: (line: string) => void): Promise<Figures> {
  refuseFewFiles()
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-readers-'))
  const env = {
    DATA_DIR: dataDir,
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
    LOG_LEVEL: 'warn',
    EMAIL_FROM: 'Status <status@hezhou.example>',
  }
  let program: Running | undefined
  const groups: ChildProcess[] = []
  try {
    const filled = await fillRecord(env, pastIncidents)
    program = await startRunning(['api/main.ts'], env, await freePort())
    while (!existsSync(join(dataDir, 'published/revision.json'))) await sleep(100)
    const client = openClient(program.address, filled)
    const update = (number: number) => ({
      status: 'investigating',
      body: { en: `We are still working on it. (${number})`, 'zh-CN': `仍在处理中。（${number}）` },
      nextUpdateAt: new Date(Date.now() + 3_600_000).toISOString(),
      notify: false,
    })
    const { id } = await client.post('/incidents', {
      title: { en: 'Some merchants cannot place orders.', 'zh-CN': '部分商家无法下单。' },
      severity: 1,
      components: [{ id: client.components.orders, status: 'partial_outage' }],
      ...update(1),
    })
    const alone = memoryOf(program.pid)
    say(`${readers.toLocaleString('en')} readers open the page …`)
    const ask = await openReaders(Number(new URL(program.address).port), groups)
    await sleep(everyMs)
    await ask()
    say('Nothing happens …')
    const cpu = cpuMsOf(program.pid)
    await sleep(measuredMs)
    const calm = await ask()
    const cpuMs = cpuMsOf(program.pid) - cpu
    say('An update comes out …')
    await client.post(`/incidents/${id}/updates`, update(2))
    await sleep(measuredMs)
    const news = await ask()
    const waits = [...calm.waits, ...news.waits]
    const of = (report: Report, status: string) => report.statuses[status] ?? 0
    const others = [calm, news]
      .flatMap(({ statuses }) => Object.keys(statuses))
      .filter((key) => !/^(200|304)$/.test(key))
    if (others.length) throw new Error(`Readers were answered otherwise, too: ${[...new Set(others)].join(', ')}.`)
    return {
      'asked a second': { value: (1_000 * calm.waits.length) / measuredMs, unit: 'requests/s', reach: null },
      'wait for an answer, p50': { value: percentile(waits, 0.5), unit: 'ms', reach: null },
      'wait for an answer, p99': { value: percentile(waits, 0.99), unit: 'ms', reach: 50 },
      'the same while nothing happens, p99': { value: percentile(calm.waits, 0.99), unit: 'ms', reach: 50 },
      'the longest wait': { value: Math.max(...waits), unit: 'ms', reach: null },
      'while nothing happens, answered by 304': { value: of(calm, '304'), unit: 'requests', reach: null },
      'while nothing happens, answered by the page': { value: of(calm, '200'), unit: 'requests', reach: 0 },
      'after an update, answered by the page': { value: of(news, '200'), unit: 'requests', reach: readers },
      'processor time of an answer': { value: (1_000 * cpuMs) / calm.waits.length, unit: 'µs', reach: null },
      'memory of the program before': { value: alone / 2 ** 20, unit: 'MB', reach: null },
      'memory of the program with all of them': { value: memoryOf(program.pid) / 2 ** 20, unit: 'MB', reach: null },
    }
  } finally {
    for (const group of groups) group.kill()
    await program?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Opens all readers; answers once each has read the page, with how to ask what they waited since the last time. */
async function openReaders(port: number, groups: ChildProcess[]): Promise<() => Promise<Report>> {
  const script = join(import.meta.dirname, 'readers-child.ts')
  const lines = Array.from({ length: processes }, () => {
    const child = spawn(process.execPath, [script, String(port), String(readers / processes), String(everyMs)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    groups.push(child)
    return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  })
  const all = Promise.all(lines.map((line) => line.next()))
  const late = sleep(connectWithinMs).then(() => {
    throw new Error('Not every reader could read the page within three minutes.')
  })
  await Promise.race([all, late])
  late.catch(() => {})
  return async () => {
    for (const child of groups) child.stdin?.write('now\n')
    const reports = await Promise.all(
      lines.map(async (line): Promise<Report> => JSON.parse((await line.next()).value ?? '')),
    )
    const statuses: Record<string, number> = {}
    for (const report of reports)
      for (const [status, count] of Object.entries(report.statuses)) statuses[status] = (statuses[status] ?? 0) + count
    return { waits: reports.flatMap(({ waits }) => waits), statuses }
  }
}

/** Node raises its own limit to the hard one; that must be high enough. */
function refuseFewFiles(): void {
  try {
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    if (hard && hard !== 'unlimited' && Number(hard) < readers + otherFiles)
      throw new Error(`Ten thousand readers need ${readers + otherFiles} open files; "ulimit -Hn" says ${hard} here.`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
