import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { openApp } from '#api/app.ts'
import { childEnvironment, readConfig } from '#api/config.ts'
import { newRecord } from '../support/record.ts'
import { openServices, ordersDown, subscribe } from '../support/telling.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

// Several worker processes on one database server, one of them killed in the middle of a request.

const readers = 2_000
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

async function tellWith(workers: number): Promise<void> {
  const { url, dataDir, drop } = await newRecord('postgres')
  const resend = await openResend()
  resend.slow(150)
  const env = {
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    PUBLIC_URL: 'https://status.hezhou.example',
    ...resendEnv(resend),
  }
  const app = openApp(readConfig(env, 'test'))
  try {
    const services = await openServices(app)
    await subscribe(
      app,
      Array.from({ length: readers }, (_, i) => ({ address: `reader${i}@mail.example` })),
    )
    const processes = Array.from({ length: workers }, () => {
      const child = spawn(process.execPath, [join(import.meta.dirname, '../support/worker-child.ts')], {
        env: childEnvironment(env),
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      children.add(child)
      return { child, ended: once(child, 'exit') }
    })
    await ordersDown(app, services)

    // One dies while it waits for an answer; the others go on.
    const leasedBy = async () =>
      new Set(
        (await app.db.selectFrom('batch').select('leaseOwner').where('state', '=', 'sending').distinct().execute()).map(
          ({ leaseOwner }) => leaseOwner,
        ),
      ).size
    await expect.poll(leasedBy, { timeout: 60_000, interval: 20 }).toBeGreaterThan(0)
    processes[0]!.child.kill('SIGKILL')
    await processes[0]!.ended

    const open = () =>
      app.db
        .selectFrom('delivery')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('state', '=', 'sent')
        .executeTakeFirstOrThrow()
    await expect.poll(async () => Number((await open()).count), { timeout: 60_000, interval: 100 }).toBe(readers)
    await wait(200)
    const told = resend.mails().map(({ to }) => to)
    expect(told).toHaveLength(readers)
    expect(new Set(told).size).toBe(readers)

    const attempts = await app.db.selectFrom('attempt').select(['outcome', 'number']).execute()
    expect(attempts.every(({ outcome }) => outcome === 'sent' || outcome === 'lost')).toBe(true)
    for (const { child } of processes.slice(1)) child.kill('SIGTERM')
    for (const { ended } of processes.slice(1)) expect(await ended).toEqual([0, null])
  } finally {
    await app.close()
    await Promise.all([resend.close(), drop()])
  }
}

describe('workers on a database server share the work; of one that is killed nothing is lost and nothing doubled', () => {
  it.each([2, 4])('%i workers', { timeout: 120_000 }, tellWith)
})
