import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/postgres.ts'
import { bareEnvironment, type Running, startRunning } from '../support/program.ts'
import { type Figures, percentile } from './figures.ts'
import { fillRecord } from './fill.ts'
import { startDurable } from './ledger.ts'
import { openClient, waitsOf } from './load.ts'

const publishes = 100
const pastIncidents = 200
/** How often a front door looks for what another one published: a publish may come at any time between two looks. */
const lookEveryMs = 200

/**
 * Two front doors and a worker, a process and a data folder each, on one PostgreSQL: how long a reader of one waits for
 * what is published through the other.
 */
export async function measureBeside(say: (line: string) => void): Promise<Figures> {
  const server = await startDurable()
  const room = mkdtempSync(join(tmpdir(), 'candor-beside-'))
  const env = (name: string) => ({
    DATA_DIR: join(room, name),
    DATABASE_URL: server.url('postgres'),
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
    LOG_LEVEL: 'warn',
    EMAIL_FROM: 'Status <status@hezhou.example>',
  })
  const doors: Running[] = []
  const ends: (() => void)[] = []
  try {
    say(`postgres: filling a record with ${pastIncidents} incidents …`)
    const filled = await fillRecord(env('one'), pastIncidents)
    for (const name of ['one', 'other']) {
      doors.push(await startRunning(['api/main.ts', '--role', 'web'], env(name), await freePort()))
      while (!existsSync(join(room, name, 'published/revision.json'))) await sleep(100)
    }
    const worker = spawn(process.execPath, ['api/main.ts', '--role', 'worker'], {
      env: { ...bareEnvironment(), ...env('worker') },
      stdio: 'inherit',
    })
    ends.push(() => worker.kill())
    const [one, other] = doors.map(({ address }) => openClient(address, filled))
    say(`postgres: publishing ${publishes} times through one of two front doors …`)
    const waits = await waitsOf(publishes, one!, other!, () => sleep(Math.random() * lookEveryMs))
    return {
      'publish to visible at another web process, p50': { value: percentile(waits, 0.5), unit: 'ms', reach: null },
      'publish to visible at another web process, p99': { value: percentile(waits, 0.99), unit: 'ms', reach: 1_000 },
    }
  } finally {
    for (const end of ends) end()
    for (const door of doors) await door.stop()
    await server.stop()
    rmSync(room, { recursive: true, force: true })
  }
}
