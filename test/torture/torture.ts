import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type App, openApp } from '#api/app.ts'
import { childEnvironment, readConfig } from '#api/config.ts'
import { ManualClock } from '#api/lib/clock.ts'
import { hourMs, minuteMs } from '#api/lib/time.ts'
import type { CrashPoint } from '#api/notices/crash.ts'
import { foldReceipts } from '#api/notices/receipts.ts'
import { type Engine, newRecord } from '../support/record.ts'
import { openServices, ordersDown, subscribe } from '../support/telling.ts'
import { restart, workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import type { Fault } from '../wire/server.ts'
import { openTwilio, twilioEnv, type WireSms } from '../wire/twilio.ts'
import { type Comparison, compare } from './compare.ts'

/** When a worker is killed: at a commit point, or at any moment of its sending. */
export type Kill = CrashPoint | 'any moment'

export interface Torture {
  engine: Engine
  channel: 'email' | 'sms'
  readers: number
  kills: readonly Kill[]
  /** The share of requests that hang until their sender gives up, a quarter of a minute each. */
  hang?: number
  /** The rest is done in this process, on a clock that runs ahead to whatever is due. For one worker alone. */
  hurried?: boolean
  /** Ends everything, workers too, when the test has run out of time. */
  signal?: AbortSignal
}

export interface Tortured extends Comparison {
  kills: number
  /** Commit points that no worker came to. */
  missed: Kill[]
  /** Requests that came, and those that were answered from memory. */
  requests: number
  replays: number
}

/** How long a provider thinks: long enough that kills meet a request on its way. */
const thinksMs = 250
/** How long a worker may take to come to a commit point. */
const reachWithinMs = 40_000
/** How long one is waited for that sends nothing: what is left may be waiting for its next attempt. */
const quietMs = 3_000

/** 5 % 429, 3 % 500, 3 % broken connections, two thirds of them after the work was done. */
function faultsOf(hang: number): () => Fault | null {
  return () => {
    const mood = Math.random()
    if (mood < 0.05) return '429'
    if (mood < 0.08) return '500'
    if (mood < 0.09) return 'reset'
    if (mood < 0.11) return 'reset-after'
    return mood < 0.11 + hang ? 'hang' : null
  }
}

/**
 * Tells one incident to many while the worker is killed again and again and the provider fails as providers do; then
 * lets a last worker finish, and compares the ledger with what the provider itself remembers.
 */
export async function torture({
  engine,
  channel,
  readers,
  kills,
  hang = 0,
  hurried = false,
  signal,
}: Torture): Promise<Tortured> {
  const { url, dataDir, drop } = await newRecord(engine)
  const faults = faultsOf(hang)
  const resend = await openResend(undefined, { faults, texts: false })
  const twilio = await openTwilio({ faults })
  const wire = channel === 'email' ? resend : twilio
  wire.slow(thinksMs)
  const env = {
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    PUBLIC_URL: 'https://status.hezhou.example',
    ...resendEnv(resend),
    ...twilioEnv(twilio),
    TWILIO_SEGMENTS_PER_SECOND: '200',
  }
  const app = openApp(readConfig(env, 'test'))
  const callbacks = channel === 'sms' ? callBack(app, twilio) : null
  let child: ChildProcess | undefined
  try {
    await subscribe(
      app,
      Array.from({ length: readers }, (_, i) => ({ channel, address: addressOf(channel, i) })),
    )
    await ordersDown(app, await openServices(app))
    const missed: Kill[] = []
    let killed = 0
    for (const kill of kills) {
      if (kill !== 'any moment' && (await isOver(app))) missed.push(kill)
      // Whatever is next to be retried: a refusal comes for certain.
      if (kill === 'after-retry') wire.failNext(1, 500)
      child = start({ ...env, ...(kill === 'any moment' ? {} : { CRASH_AT: kill }) }, signal)
      const ended = once(child, 'exit')
      if (kill === 'any moment') await someMoment(wire.requests, () => isOver(app))
      const reached =
        kill !== 'any moment' && (await Promise.race([ended.then(() => true), wait(reachWithinMs, false)]))
      if (kill !== 'any moment' && !reached) missed.push(kill)
      child.kill('SIGKILL')
      await ended
      killed++
    }
    if (!hurried) {
      child = start(env, signal)
      const ended = once(child, 'exit')
      await untilOver(app)
      child.kill('SIGTERM')
      await ended
    }
    wire.slow(0)
    await finishLater(env, callbacks)
    const taken =
      channel === 'email'
        ? resend.mails().map(({ to, id }) => ({ address: to, id }))
        : twilio.sent.map(({ to, sid }) => ({ address: to, id: sid }))
    const compared = await compare(app, channel, taken)
    const replays = resend.batches.filter(({ replay }) => replay).length
    return { ...compared, kills: killed, missed, requests: wire.requests(), replays }
  } finally {
    child?.kill('SIGKILL')
    await app.close()
    await Promise.all([resend.close(), twilio.close(), drop()])
  }
}

const addressOf = (channel: Torture['channel'], place: number) =>
  channel === 'email' ? `reader${place}@mail.example` : `+86138${String(place).padStart(8, '0')}`

function start(env: Record<string, string>, signal?: AbortSignal): ChildProcess {
  signal?.throwIfAborted()
  return spawn(process.execPath, [join(import.meta.dirname, 'child.ts')], {
    env: childEnvironment(env),
    ...(signal ? { signal, killSignal: 'SIGKILL' } : {}),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** A moment while a worker has requests on their way, and now and then one while it still starts. */
async function someMoment(requests: () => number, over: () => Promise<boolean>): Promise<void> {
  if (Math.random() < 0.15) return wait(Math.random() * 400)
  const from = requests()
  const until = performance.now() + quietMs
  for (let looks = 1; requests() === from && performance.now() < until; looks++) {
    if (looks % 50 === 0 && (await over())) return
    await wait(5)
  }
  await wait(Math.random() * thinksMs)
}

async function isOver(app: App): Promise<boolean> {
  const open = await app.db.selectFrom('notice').select('id').where('frozenAt', 'is', null).executeTakeFirst()
  const untaken = await app.db.selectFrom('outbox').select('seq').where('takenAt', 'is', null).executeTakeFirst()
  const waiting = await app.db
    .selectFrom('delivery')
    .select('id')
    .where('state', 'in', ['queued', 'sending'])
    .executeTakeFirst()
  return !open && !untaken && !waiting
}

async function untilOver(app: App): Promise<void> {
  while (!(await isOver(app))) await wait(100)
}

/** Twilio's callbacks as they really come: late, twice, out of order, and of one message in ten never. */
function callBack(app: App, twilio: Awaited<ReturnType<typeof openTwilio>>) {
  const channel = app.channels.find(({ name }) => name === 'sms')!
  const told = new Set<WireSms>()
  const tell = async (sms: WireSms, status: string) => {
    const request = twilio.callback(sms, status)
    await foldReceipts(app, channel, await channel.callback!.read({ method: 'POST', ...request }))
  }
  const tellAll = async (share: number) => {
    for (const sms of twilio.sent) {
      if (told.has(sms) || Math.random() > share) continue
      told.add(sms)
      if (Number(sms.to.at(-1)) === 0) continue
      const statuses = Math.random() < 0.5 ? ['sent', 'delivered'] : ['delivered', 'sent', 'delivered']
      for (const status of statuses) await tell(sms, status)
    }
  }
  let stopped = false
  const running = (async () => {
    while (!stopped) {
      await tellAll(0.3)
      await wait(200)
    }
  })()
  return {
    async finish() {
      stopped = true
      await running
      await tellAll(1)
    },
  }
}

/** What callbacks left open is looked up in the provider's list, within an hour that passes at once. */
async function finishLater(env: Record<string, string>, callbacks: { finish(): Promise<void> } | null): Promise<void> {
  const clock = new ManualClock(new Date().toISOString())
  const later = openApp(readConfig(env, 'test'), { clock })
  await restart(later)
  await workFor(later, clock, minuteMs)
  await callbacks?.finish()
  await workFor(later, clock, hourMs)
  await later.close()
}
