import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import { childEnvironment, readConfig } from '#api/config.ts'
import { type Engine, engines, newRecord } from '../support/record.ts'
import { openServices, ordersDown, subscribe } from '../support/telling.ts'
import { openResend, resendEnv, type WireResend } from '../wire/resend.ts'
import { openTwilio, twilioEnv, type WireTwilio } from '../wire/twilio.ts'

// A worker in a process of its own beside the front door. How it is killed is told in test/torture.

/** More than one chunk of the ledger, and several batches. */
const readers = 320
const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

interface Scene {
  app: App
  env: Record<string, string>
  resend: WireResend
  twilio: WireTwilio
  close(): Promise<void>
}

async function openScene(engine: Engine, numbers: number): Promise<Scene> {
  const { url, dataDir, drop } = await newRecord(engine)
  const resend = await openResend()
  const twilio = await openTwilio()
  const env = {
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    PUBLIC_URL: 'https://status.hezhou.example',
    ...resendEnv(resend),
    ...twilioEnv(twilio),
  }
  const app = openApp(readConfig(env, 'test'))
  const services = await openServices(app)
  await subscribe(app, [
    ...Array.from({ length: readers }, (_, i) => ({ address: `reader${i}@mail.example` })),
    ...Array.from({ length: numbers }, (_, i) => ({
      channel: 'sms' as const,
      address: `+86138${String(i).padStart(8, '0')}`,
    })),
  ])
  await ordersDown(app, services)
  return {
    app,
    env,
    resend,
    twilio,
    async close() {
      await app.close()
      await Promise.all([resend.close(), twilio.close(), drop()])
    },
  }
}

/** A worker of its own process; whatever it prints is an error, and ends in `printed`. */
function startChild(env: Record<string, string>, printed: string[] = []): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/worker-child.ts')], {
    env: childEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => printed.push(String(text)))
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

const states = async (app: App, channel: string) =>
  Object.fromEntries(
    (
      await app.db
        .selectFrom('delivery')
        .select((eb) => ['state', eb.fn.countAll<number>().as('count')])
        .where('channel', '=', channel)
        .groupBy('state')
        .execute()
    ).map(({ state, count }) => [state, Number(count)]),
  )

/** Waits until nothing is left to send. */
async function settled(app: App): Promise<void> {
  for (let looks = 0; looks < 900; looks++) {
    const open = await app.db
      .selectFrom('delivery')
      .select('id')
      .where('state', 'in', ['queued', 'sending'])
      .limit(1)
      .execute()
    const notices = await app.db.selectFrom('notice').select('frozenAt').execute()
    if (!open.length && notices.length && notices.every(({ frozenAt }) => frozenAt)) return
    await wait(100)
  }
  throw new Error(`Not settled: ${JSON.stringify(await states(app, 'email'))}`)
}

/** What the worker has committed: each message takes two transactions, for its attempt and for its answer. */
async function workerWrites(app: App): Promise<number> {
  const { begun, ended } = await app.db
    .selectFrom('attempt')
    .select((eb) => [eb.fn.countAll<number>().as('begun'), eb.fn.count<number>('endedAt').as('ended')])
    .executeTakeFirstOrThrow()
  return Number(begun) + Number(ended)
}

describe.each(engines)('%s', (engine) => {
  const promise = 'the front door and the worker write a thousand times each beside each other without an error'
  it(promise, { timeout: 300_000 }, async () => {
    const numbers = 600
    const scene = await openScene(engine, numbers)
    const { app } = scene
    const printed: string[] = []
    // The worker has only begun when the front door begins: until then its provider takes its time.
    scene.twilio.slow(500)
    const child = startChild(scene.env, printed)
    try {
      await expect.poll(() => workerWrites(app), { timeout: 90_000 }).toBeGreaterThan(0)
      expect(await workerWrites(app)).toBeLessThan(500)
      scene.twilio.slow(0)
      let writes = 0
      for (; writes < 1_000 || (await workerWrites(app)) < 1_000; writes++) {
        await app.db.transaction().execute(async (trx) => {
          await trx.selectFrom('meta').selectAll().where('key', '=', 'revision').execute()
          await trx
            .insertInto('meta')
            .values({ key: `beside-${writes}`, value: String(writes) })
            .execute()
        })
        // Both providers stand in this process: they answer the worker in between.
        await wait(5)
      }
      await settled(app)
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      expect(code).toBe(0)
      // The worker logs errors only: whatever it printed is one.
      expect(printed.join('')).toBe('')
      expect(await workerWrites(app)).toBeGreaterThanOrEqual(1_000)
      expect(await states(app, 'sms')).toEqual({ sent: numbers })
      expect(await states(app, 'email')).toEqual({ sent: readers })
      expect(new Set(scene.twilio.sent.map(({ to }) => to)).size).toBe(numbers)
      expect(scene.twilio.sent).toHaveLength(numbers)
      expect(scene.resend.mails()).toHaveLength(readers)
      const { count } = await app.db
        .selectFrom('meta')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('key', 'like', 'beside-%')
        .executeTakeFirstOrThrow()
      expect(Number(count)).toBe(writes)
    } finally {
      await scene.close()
    }
  })
})
