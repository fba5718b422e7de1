import { openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { runWorker } from '#api/notices/run-worker.ts'

// A process that does nothing but work, started and killed again and again: without the thread, to begin sooner.
const app = openApp(readConfig(process.env, 'test'))
const worker = runWorker(app, async () => {})
process.on('SIGTERM', () =>
  worker
    .stop()
    .then(() => app.close())
    .then(() => process.exit(0)),
)
