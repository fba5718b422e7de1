import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { exportPublished } from '#api/publish/export.ts'
import { missingPrograms, spawnNginx } from '../support/nginx.ts'
import { freePort } from '../support/postgres.ts'
import { startRunning } from '../support/program.ts'
import { type Figures, percentile } from './figures.ts'
import { cpuMsOf } from './process.ts'

const run = promisify(execFile)
const connections = 64
/** Turns of each server, one after the other, so that what else the machine does meets both; seconds of each. */
const turns = 5
const seconds = 4
const nginxWithinMs = 10_000

/**
 * Requests a second for the home page, gzip, over 64 connections: the program beside nginx on an export of the same
 * folder, in turns. Throws a sentence when nginx or wrk is not installed.
 */
export async function measureRate(say: (line: string) => void): Promise<Figures> {
  const missing = missingPrograms(['nginx', '-v'], ['wrk', '-v'])
  if (missing) throw new Error(`The rate is measured beside nginx by wrk. ${missing}`)
  const room = mkdtempSync(join(tmpdir(), 'candor-rate-'))
  const program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: join(room, 'data') }, await freePort())
  const target = join(room, 'export')
  await exportPublished(join(room, 'data/published'), program.address, target)
  const port = await freePort()
  const nginx = spawnNginx({ room, target, port })
  try {
    const beside = `http://127.0.0.1:${port}`
    await until(beside)
    const own: Load[] = []
    const theirs: Load[] = []
    for (let turn = 0; turn < turns; turn++) {
      say(`Turn ${turn + 1} of ${turns} …`)
      own.push(await load(`${program.address}/`, [program.pid]))
      theirs.push(await load(`${beside}/`, workersOf(nginx.pid ?? 0)))
    }
    const middle = (loads: Load[], read: (one: Load) => number) => percentile(loads.map(read), 0.5)
    const share = middle(own, ({ rate }) => rate) / middle(theirs, ({ rate }) => rate)
    return {
      'home page, 64 connections': { value: middle(own, ({ rate }) => rate), unit: 'requests/s', reach: null },
      'home page, 64 connections, p99': { value: middle(own, ({ p99Ms }) => p99Ms), unit: 'ms', reach: 25 },
      'the same by nginx': { value: middle(theirs, ({ rate }) => rate), unit: 'requests/s', reach: null },
      'share of nginx': { value: share * 100, unit: '%', reach: 45, more: true },
      'processor time of a request': { value: middle(own, ({ cpuUs }) => cpuUs), unit: 'µs', reach: null },
      'processor time of a request by nginx': { value: middle(theirs, ({ cpuUs }) => cpuUs), unit: 'µs', reach: null },
    }
  } finally {
    nginx.kill()
    await program.stop()
    rmSync(room, { recursive: true, force: true })
  }
}

interface Load {
  rate: number
  p99Ms: number
  /** What the server's processes took for one request, where the system tells. */
  cpuUs: number
}

const workersOf = (pid: number): number[] => {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return [pid, ...children.split(' ').filter(Boolean).map(Number)]
  } catch {
    return [pid]
  }
}

async function load(url: string, pids: number[]): Promise<Load> {
  const spent = () => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0)
  const before = spent()
  const asks = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-H', 'Accept-Encoding: gzip', url]
  const { stdout } = await run('wrk', asks)
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Not every answer was one:\n${stdout}`)
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
  const [, value, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? []
  const answered = Number(/(\d+) requests in/.exec(stdout)?.[1])
  const factor = unit === 'us' ? 0.001 : unit === 's' ? 1_000 : 1
  return { rate, p99Ms: Number(value) * factor, cpuUs: (1_000 * (spent() - before)) / answered }
}

async function until(address: string): Promise<void> {
  for (const giveUpAt = performance.now() + nginxWithinMs; ; await sleep(50)) {
    const fine = await fetch(address).then(
      (answer) => answer.ok,
      () => false,
    )
    if (fine) return
    if (performance.now() > giveUpAt) throw new Error('nginx did not come up.')
  }
}
