import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#api/app.ts'
import { secondMs } from '#api/lib/time.ts'
import { publishDue } from './publish-actions.ts'

/** How often the clock is asked whether an embargo has ended, in milliseconds. */
const lookEveryMs = 250
/** How long a record that cannot be asked is left alone, in milliseconds. */
const troubleMs = 5 * secondMs

/**
 * Looks whether an embargo has ended until it is stopped, beside everything else that a worker does: a long sending
 * delays no statement. What fell due while no worker lived is published at the first look.
 */
export function runSchedule(app: App): { stop(): void; ended: Promise<void> } {
  const stopping = new AbortController()
  const run = async () => {
    let fault = ''
    while (!stopping.signal.aborted) {
      let waitMs = lookEveryMs
      try {
        await publishDue(app)
        fault = ''
      } catch (error) {
        // A record that is away for an hour is one line, not thousands.
        const { message } = error as Error
        if (message !== fault) app.log('error', 'schedule.failed', { message })
        fault = message
        waitMs = troubleMs
      }
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
  return { stop: () => stopping.abort(), ended: run() }
}
