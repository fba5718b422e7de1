import type { App } from '#api/app.ts'
import { sendToBilling } from '#api/compensation/billing.ts'
import { writeLock } from '#api/db/connect.ts'
import { showPresence } from '#api/db/presence.ts'
import { hourMs } from '#api/lib/time.ts'
import { keepHeartbeat } from './heartbeat.ts'
import { ownerOf } from './leases.ts'
import { smsWarnings } from './preview.ts'
import { type Claim, claimNext, sendClaimed, settleClaimed } from './send.ts'
import { watchClock } from './time-of-day.ts'
import { lookUpUnknown } from './unknown.ts'
import { nextDue, planOnce, takeUpLostWork } from './work.ts'

/** Batches of one channel that are on their way at once, where the channel does not say: no channel takes another's. */
const lanesUsual = 4
/** How long the worker sleeps when nobody wakes it, in milliseconds: other processes write to the record too. */
const lookEveryMs = 500
/** On SQLite the lock is free for as long as the worker has held it, so that the front door finds it so; a longer rest would not help. */
const restMsMax = 25
/** How long it stays away from a record that cannot be read or written. */
const troubleMs = 1_000

/**
 * Works until it is stopped: plans in small steps and keeps a few batches of each channel on their way. `hourly` is done at the
 * start and once an hour. `stop` lets the batches finish; `ended` resolves when the last is settled.
 */
export function runWorker(app: App, hourly: (app: App) => Promise<unknown>) {
  let stopping = false
  let wakeUp = () => {}
  let woken = false
  /** Each with the name of its channel. */
  const flights = new Map<Promise<void>, string>()
  const wake = () => {
    woken = true
    wakeUp()
  }
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      if (woken) return resolve()
      const timer = setTimeout(resolve, ms)
      wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  let heldBefore = writeLock(app.db).heldMs
  /** `workedMs` since the last rest: while a mail is written or packed the lock is free as well. */
  const rest = async (workedMs: number) => {
    const heldMs = writeLock(app.db).heldMs - heldBefore
    const missingMs = Math.ceil(Math.min(heldMs - (workedMs - heldMs), restMsMax))
    await new Promise((resolve) => (missingMs > 0 ? setTimeout(resolve, missingMs) : setImmediate(resolve)))
    heldBefore = writeLock(app.db).heldMs
  }

  /** What providers answered and could not be written down yet. */
  const unsettled: (() => Promise<void>)[] = []

  async function fly(claim: Claim): Promise<void> {
    const outcome = await sendClaimed(app, claim)
    const settle = () => settleClaimed(app, claim, outcome)
    await settle().catch((error: Error) => {
      app.log('error', 'settle.failed', { name: error.name, message: error.message })
      unsettled.push(settle)
    })
  }

  /**
   * Goes before everything else: until it is written, an accepted message looks like one whose answer was lost. One
   * that cannot be written holds up no other; this process does not send its batch again while it tries.
   */
  async function settleLeft(): Promise<void> {
    for (const settle of unsettled.splice(0))
      await settle().catch((error: Error) => {
        app.log('error', 'settle.failed', { name: error.name, message: error.message })
        unsettled.push(settle)
      })
  }

  /** Channels that have no lane left. */
  function fullChannels(): Set<string> {
    const flying = [...flights.values()]
    const full = app.channels.filter(
      ({ name, lanes = lanesUsual }) => flying.filter((channel) => channel === name).length >= lanes,
    )
    return new Set(full.map(({ name }) => name))
  }

  /** Puts on their way what lanes are free for. True when there was something. */
  async function launchAll(): Promise<boolean> {
    let some = false
    while (await launch()) some = true
    return some
  }

  /** Puts one more batch on its way when a lane is free. */
  async function launch(): Promise<boolean> {
    const claim = await claimNext(app, fullChannels())
    if (!claim) return false
    const flight = fly(claim).finally(() => {
      flights.delete(flight)
      wake()
    })
    flights.set(flight, claim.channel.name)
    return true
  }

  let looking: Promise<void> | null = null
  /** Finds out about lost answers beside everything else: a provider that is slow to list its messages holds up nothing. */
  function look(): void {
    looking ??= lookUpUnknown(app)
      .then((found) => (found ? wake() : undefined))
      .catch((error: Error) => app.log('error', 'look.failed', { name: error.name, message: error.message }))
      .finally(() => {
        looking = null
      })
  }

  let billing: Promise<void> | null = null
  /** Tells billing what was given, beside everything else: its server may hang for as long as it likes. */
  function bill(): void {
    billing ??= sendToBilling(app)
      .then((sent) => (sent ? wake() : undefined))
      .catch((error: Error) => app.log('error', 'billing.failed', { name: error.name, message: error.message }))
      .finally(() => {
        billing = null
      })
  }

  async function waitMs(): Promise<number> {
    const due = await nextDue(app, fullChannels())
    if (!due) return lookEveryMs
    return Math.min(Math.max(Date.parse(due) - Date.parse(app.now()), 1), lookEveryMs)
  }

  let sweptAt = ''
  async function sweep() {
    const now = app.now()
    if (sweptAt && Date.parse(now) - Date.parse(sweptAt) < hourMs) return
    sweptAt = now
    await hourly(app)
  }

  async function run() {
    const leave = showPresence(app.db, ownerOf(app))
    let ready = false
    while (!stopping) {
      woken = false
      const startedAt = performance.now()
      try {
        await watchClock(app)
        await keepHeartbeat(app)
        if (!ready) {
          await takeUpLostWork(app)
          for (const warning of await smsWarnings(app)) app.log('warn', 'sms.warning', { warning })
        }
        ready = true
        await settleLeft()
        await sweep()
        // Beside each other, for a server works while we wait for it. What cannot be planned holds up nothing that is
        // ready, such as a confirmation somebody waits for.
        const steps = await Promise.allSettled([planOnce(app), launchAll()])
        look()
        bill()
        for (const step of steps) if (step.status === 'rejected') throw step.reason
        if (steps.some((step) => step.status === 'fulfilled' && step.value)) await rest(performance.now() - startedAt)
        else await sleep(await waitMs())
      } catch (error) {
        app.log('error', 'worker.failed', { name: (error as Error).name, message: (error as Error).message })
        await sleep(troubleMs)
      }
    }
    await Promise.all(flights.keys())
    await looking
    await billing
    await settleLeft()
    await leave()
  }

  const ended = run()
  return {
    wake,
    stop() {
      stopping = true
      wake()
      return ended
    },
    ended,
  }
}
