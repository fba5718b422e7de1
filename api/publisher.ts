import { parentPort, workerData } from 'node:worker_threads'
import { openApp } from './app.ts'
import { DemoClock } from './demo/clock.ts'
import { openDrawing } from './drawing.ts'
import { ManualClock, realClock } from './lib/clock.ts'
import type { Finished } from './publish/files.ts'
import { openPublisher } from './publish/publisher.ts'
import type { Publisher } from './publish/publisher-parts.ts'
import type { FromPublisher, PublisherStart, ToPublisher } from './publish/thread.ts'

/** How often the record is asked whether another process changed it, and the clock whether time did, in milliseconds. */
const lookEveryMs = 200

// The publisher's thread: its own connection to the record. It draws, packs and writes; the thread that serves takes
// over what is finished. It opens the record when it is told that the record has today's form.
const { config, site, dir, clock: memory } = workerData as PublisherStart
const demoClock = config.mode === 'demo' ? new DemoClock(config.dataDir) : null
const clock = memory ? new ManualClock(memory) : (demoClock ?? realClock)
const tell = (message: FromPublisher, bytes: ArrayBuffer[] = []) => parentPort?.postMessage(message, bytes)

/** Hands files over. Copies, because what is handed over is gone from here, and is still to be written. */
function show(files: Finished[], gone: string[]): void {
  const own = (bytes: Buffer) => Buffer.from(new Uint8Array(bytes).buffer)
  const copies = files.map((file) => ({
    ...file,
    bytes: own(file.bytes),
    br: file.br && own(file.br),
    gzip: file.gzip && own(file.gzip),
  }))
  const forms = copies.flatMap(({ bytes, br, gzip }) => [bytes, br, gzip])
  tell(
    { type: 'show', files: copies, gone },
    forms.flatMap((form) => (form ? [form.buffer] : [])),
  )
}

async function open() {
  const app = openApp(config, { site, clock })
  const drawing = await openDrawing(app, () => publisher.mirrored())
  const publisher: Publisher = await openPublisher(app, {
    ...drawing,
    dir,
    show,
    measure: (ms) => tell({ type: 'measure', ms }),
    wrote: (fault) => tell({ type: 'wrote', fault }),
    drew: (fault) => tell({ type: 'drew', fault }),
    tell: (state) => tell({ type: 'state', state }),
  })
  if (publisher.state === 'fine') await publisher.start()
  tell({ type: 'ready' })
  // What was committed while the first pages were drawn.
  publisher.wake()
  const looking = setInterval(publisher.wake, lookEveryMs)
  return {
    publisher,
    async close() {
      clearInterval(looking)
      await publisher.stop()
      await app.close()
    },
  }
}

let opened: ReturnType<typeof open> | undefined
parentPort?.on('message', async (message: ToPublisher) => {
  if (message.type === 'open') opened = open()
  const publisher = (await opened)?.publisher
  if (message.type === 'wake') {
    demoClock?.look()
    publisher?.wake()
  }
  if (message.type === 'all')
    publisher?.publishAll({ startOver: message.startOver }).then(
      () => tell({ type: 'all', fault: null }),
      (error: Error) => tell({ type: 'all', fault: error.message }),
    )
  if (message.type === 'stop') {
    await (await opened)?.close()
    parentPort?.close()
  }
})
