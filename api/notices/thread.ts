import { Worker } from 'node:worker_threads'
import type { App } from '#api/app.ts'
import type { WorkerStart } from '#api/worker.ts'

/** The thread that finds recipients and sends. */
export interface WorkerThread {
  /** Something was committed: look now. */
  wake(): void
  /** Finishes the current batches, within ten seconds, and ends. What is left is taken up by the next start. */
  stop(): Promise<void>
}

/** How long a stop waits before the thread is ended as it is; the record loses nothing by it. */
const stopWithinMs = 9_500
/**
 * What the thread's heap may hold, in megabytes: several times what lives in it, however many subscribers there are.
 * Without it the texts of thousands of mails that are gone already lie about until the machine's memory is a concern. Young
 * is what a batch or two take: more of it holds more of them that are gone, and saves no time that could be measured.
 */
export const heapMb = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 6 }
/** How long a thread that broke stays down before a new one is started. */
const restartAfterMs = 1_000

/**
 * Starts the worker beside the front door, with a connection of its own to the record. A thread that breaks is logged
 * and started again: leases and keys see to it that nothing is lost or doubled.
 */
export function startWorkerThread(app: Pick<App, 'config' | 'site' | 'log'>): WorkerThread {
  let stopping = false
  let thread = start()

  function start(): Worker {
    const data: WorkerStart = { config: app.config, site: app.site }
    const started = new Worker(new URL('../worker.ts', import.meta.url), { workerData: data, resourceLimits: heapMb })
    started.on('error', (error) => app.log('error', 'worker.broke', { name: error.name, message: error.message }))
    started.on('exit', () => {
      if (stopping) return
      setTimeout(() => {
        if (!stopping) thread = start()
      }, restartAfterMs).unref()
    })
    return started
  }

  return {
    wake: () => thread.postMessage('wake'),
    async stop() {
      if (stopping) return
      stopping = true
      const ended = new Promise<void>((resolve) => {
        if (thread.threadId === -1) return resolve()
        thread.once('exit', () => resolve())
      })
      thread.postMessage('stop')
      const overdue = setTimeout(() => void thread.terminate(), stopWithinMs)
      await ended
      clearTimeout(overdue)
    },
  }
}
