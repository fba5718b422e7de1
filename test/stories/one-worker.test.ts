import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openApp } from '#api/app.ts'
import { childEnvironment, readConfig } from '#api/config.ts'
import { holdWork } from '#api/db/connect.ts'
import { newRecord } from '../support/record.ts'

// Real processes: a record in a file has one worker, and whoever comes second is told who the first is.

const root = join(import.meta.dirname, '../..')
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

interface Started {
  child: ChildProcess
  printed: () => string
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string>
}

function start(args: string[], env: Record<string, string>): Started {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: childEnvironment({ ...env, PORT: '0' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (some) => (text += String(some)))
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return { child, printed: () => text, ended }
}

const production = {
  PUBLIC_URL: 'https://status.hezhou.example',
  SECRET_KEY: 'a-long-secret-that-this-test-alone-knows-0123456789',
  EMAIL_FROM: 'Hezhou status <status@hezhou.example>',
  LOG_LEVEL: 'info',
}

it('a second worker says who the first is and does not start; a killed one bars nobody', {
  timeout: 180_000,
}, async () => {
  const { url, dataDir, drop } = await newRecord('sqlite')
  const env = { ...production, DATABASE_URL: url, DATA_DIR: dataDir }
  try {
    const first = start(['api/main.ts', '--role', 'worker'], env)
    await expect.poll(first.printed, { timeout: 60_000 }).toContain('program.started')
    const seconds = [['api/main.ts', '--role', 'worker'], ['api/main.ts'], ['api/cli.ts', 'demo']].map((args) =>
      start(args, env),
    )
    for (const { ended, printed } of seconds) {
      expect(await ended).toBe(1)
      expect(printed()).toMatch(
        new RegExp(`This record is being worked on already: process ${first.child.pid}, since 20`),
      )
      expect(printed()).not.toContain('    at ')
    }
    // What only reads or writes a row is no worker.
    const app = openApp(readConfig(env, 'production'))
    expect(await app.db.selectFrom('notice').selectAll().execute()).toEqual([])
    await app.close()

    first.child.kill('SIGKILL')
    expect(await first.ended).toBe('SIGKILL')
    holdWork(url, { pid: process.pid, since: '2026-11-11T12:00:00.000Z' })()
  } finally {
    await drop()
  }
})

it('who lets go of a record leaves it to the next, and half a file bars nobody', async () => {
  const { url, drop } = await newRecord('sqlite')
  const me = { pid: 4_711, since: '2026-11-11T12:00:00.000Z' }
  const release = holdWork(url, me)
  expect(() => holdWork(url, { pid: 4_712, since: me.since })).toThrow('process 4711, since 2026-11-11T12:00:00.000Z,')
  release()
  holdWork(url, me)()
  writeFileSync(`${url.slice('file:'.length)}-worker`, 'x'.repeat(5_000))
  holdWork(url, me)()
  await drop()
})
