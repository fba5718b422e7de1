import { readConfig } from '#api/config.ts'
import { jsonLog } from '#api/lib/log.ts'
import { startWorkerThread } from '#api/notices/thread.ts'
import { loadSite } from '#api/site.ts'

// A process that does nothing but work, in the thread that the program works in: tests kill it.
const worker = startWorkerThread({
  config: readConfig(process.env, 'test'),
  site: loadSite('content/demo/site.yaml'),
  log: jsonLog('error'),
})
process.on('SIGTERM', () => worker.stop().then(() => process.exit(0)))
setInterval(() => {}, 1_000)
