import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { openApp } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { childEnvironment, readConfig } from '#api/config.ts'
import type { CrashPoint } from '#api/notices/crash.ts'
import { freePort } from '../support/postgres.ts'
import { type Engine, newRecord } from '../support/record.ts'
import { inMinutes, openServices } from '../support/services.ts'
import { subscribe } from '../support/telling.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

// Front door, publisher and worker in one process that is ended by kill -9, as a power cut would end it.

const readers = 320
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

interface Running {
  address: string
  child: ChildProcess
  exit: Promise<unknown[]>
  /** Whether it answers that it can publish. */
  ready(): Promise<boolean>
}

async function start(env: Record<string, string>): Promise<Running> {
  const port = await freePort()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/program-child.ts')], {
    env: childEnvironment({ ...env, PORT: String(port) }),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  children.add(child)
  const exit = once(child, 'exit').finally(() => children.delete(child))
  const address = `http://127.0.0.1:${port}`
  const ready = () =>
    fetch(`${address}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  return { address, child, exit, ready }
}

const within = { timeout: 90_000, interval: 100 }
const told = ['Payments fail.', 'We are looking.'] as const

/** Publishes through the front door, cuts the power there, and starts again. */
async function cutAndRestart(engine: Engine, moment: CrashPoint | 'the answer'): Promise<void> {
  const { url, dataDir, drop } = await newRecord(engine)
  const resend = await openResend()
  const env = {
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    ...resendEnv(resend),
  }
  const app = openApp(readConfig(env, 'test'))
  try {
    const { payments } = await openServices(app)
    const { token } = await createToken(app, system, { name: 'test', role: 'comms' })
    await subscribe(
      app,
      Array.from({ length: readers }, (_, i) => ({ address: `reader${i}@mail.example` })),
    )
    const first = await start(moment === 'the answer' ? env : { ...env, CRASH_AT: moment })
    await expect.poll(first.ready, within).toBe(true)
    const answer = await fetch(`${first.address}/api/v1/incidents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        title: told[0],
        severity: 1,
        status: 'investigating',
        components: [{ id: payments, status: 'major_outage' }],
        body: told[1],
        nextUpdateAt: inMinutes(app, 30),
      }),
    })
    if (moment === 'the answer') first.child.kill('SIGKILL')
    expect(answer.status).toBe(201)
    const [, signal] = await first.exit
    expect(signal).toBe('SIGKILL')
    expect(resend.mails().length).toBeLessThan(readers)

    const second = await start(env)
    await expect.poll(second.ready, within).toBe(true)
    const page = await (await fetch(`${second.address}/`)).text()
    for (const words of told) expect(page).toContain(words)
    await expect.poll(() => resend.mails().length, within).toBeGreaterThanOrEqual(readers)
    const states = async () =>
      (await app.db.selectFrom('delivery').select('state').distinct().execute()).map(({ state }) => state)
    await expect.poll(states, within).toEqual(['sent'])
    second.child.kill('SIGTERM')
    const [code] = await second.exit
    expect(code).toBe(0)
    const addresses = resend.mails().map(({ to }) => to)
    expect(addresses).toHaveLength(readers)
    expect(new Set(addresses).size).toBe(readers)
  } finally {
    await app.close()
    await Promise.all([resend.close(), drop()])
  }
}

describe('after a power cut the page shows what was published, and every mail goes out once', () => {
  it.each([
    ['sqlite', 'the answer'],
    ['postgres', 'after-accept'],
  ] as const)('%s, at %s', { timeout: 180_000 }, cutAndRestart)
})
