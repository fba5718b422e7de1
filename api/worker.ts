import { parentPort, workerData } from 'node:worker_threads'
import { openApp } from './app.ts'
import type { Config } from './config.ts'
import { runImporter } from './customers/work.ts'
import { DemoClock } from './demo/clock.ts'
import { forgetReceipts } from './notices/receipts.ts'
import { runWorker } from './notices/run-worker.ts'
import type { Site } from './site.ts'
import { runSchedule } from './statements/schedule.ts'
import { sweepSubscribers } from './subscribers/staff-actions.ts'

/** What the thread is started with; everything else it reads from the record. */
export interface WorkerStart {
  config: Config
  site: Site
}

// The worker's thread: its own connection to the record, woken and stopped by the thread that serves.
const { config, site } = workerData as WorkerStart
const app = openApp(config, { site, ...(config.mode === 'demo' ? { clock: new DemoClock(config.dataDir) } : {}) })
const worker = runWorker(app, async () => {
  await sweepSubscribers(app)
  await forgetReceipts(app)
})
const importer = runImporter(app)
const schedule = runSchedule(app)
parentPort?.on('message', (message) => {
  if (message === 'wake') {
    worker.wake()
    importer.wake()
  }
  if (message === 'stop') {
    void worker.stop()
    void importer.stop()
    schedule.stop()
  }
})
await Promise.all([worker.ended, importer.ended, schedule.ended])
await app.close()
parentPort?.close()
