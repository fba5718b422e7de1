import type { App } from '#api/app.ts'
import { sharesWork } from '#api/db/connect.ts'
import { hourMs } from '#api/lib/time.ts'
import { smsWarnings } from './preview.ts'
import { type Claim, claimNext, sendClaimed, settleClaimed } from './send.ts'
import { nextDue, planOnce, takeUpLostWork } from './work.ts'

/** Batches that are on their way to a provider at once, at the most. */
const lanes = 4
/** How long the worker sleeps when nobody wakes it, in milliseconds: other processes write to the record too. */
const lookEveryMs = 500
/** On SQLite the worker rests after a write for as long as it took, so that the front door finds the lock free. */
const restMsMax = 25
/** How long it stays away from a record that cannot be read or written. */
const troubleMs = 1_000

/**
 * Works until it is stopped: plans in small steps and keeps up to four batches on their way. `hourly` is done at the
 * start and once an hour. `stop` lets the batches finish; `ended` resolves when the last is settled.
 */
export function runWorker(app: App, hourly: (app: App) => Promise<unknown>) {
  let stopping = false
  let wakeUp = () => {}
  let woken = false
  const flights = new Set<Promise<void>>()
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
  const rest = async (workedMs: number) => {
    if (!sharesWork(app.db)) await new Promise((resolve) => setTimeout(resolve, Math.min(workedMs, restMsMax)))
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

  /** Goes before everything else: until it is written, an accepted message looks like one whose answer was lost. */
  async function settleLeft(): Promise<void> {
    for (let settle = unsettled[0]; settle; settle = unsettled[0]) {
      await settle()
      unsettled.shift()
    }
  }

  /** Puts one more batch on its way when a lane is free. */
  async function launch(): Promise<boolean> {
    if (flights.size >= lanes) return false
    const claim = await claimNext(app)
    if (!claim) return false
    const flight = fly(claim).finally(() => {
      flights.delete(flight)
      wake()
    })
    flights.add(flight)
    return true
  }

  async function waitMs(): Promise<number> {
    const due = flights.size < lanes ? await nextDue(app) : null
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
    let ready = false
    while (!stopping) {
      woken = false
      const startedAt = performance.now()
      try {
        if (!ready) {
          await takeUpLostWork(app)
          for (const warning of await smsWarnings(app)) app.log('warn', 'sms.warning', { warning })
        }
        ready = true
        await settleLeft()
        await sweep()
        let trouble: unknown
        const planned = await planOnce(app).catch((error: unknown) => {
          trouble = error
          return false
        })
        // What cannot be planned holds up nothing that is ready, such as a confirmation somebody waits for.
        const sent = await launch()
        if (trouble) throw trouble
        if (planned || sent) await rest(performance.now() - startedAt)
        else await sleep(await waitMs())
      } catch (error) {
        app.log('error', 'worker.failed', { name: (error as Error).name, message: (error as Error).message })
        await sleep(troubleMs)
      }
    }
    await Promise.all(flights)
    await settleLeft().catch((error: Error) => app.log('error', 'settle.failed', { name: error.name }))
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
