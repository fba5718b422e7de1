import { Worker } from 'node:worker_threads'
import type { App } from '#api/app.ts'
import type { Config } from '#api/config.ts'
import { secondMs } from '#api/lib/time.ts'
import type { Site } from '#api/site.ts'
import type { Finished } from './files.ts'
import type { DrawFault, PublisherState } from './publisher-parts.ts'

/** What the thread is started with; everything else it reads from the record. */
export interface PublisherStart {
  config: Config
  site: Site
  dir: string
  /** The memory of a clock that is moved by hand; null where time runs by itself. */
  clock: SharedArrayBuffer | null
}

/** What the thread is told. */
export type ToPublisher = { type: 'open' } | { type: 'wake' } | { type: 'all'; startOver: boolean } | { type: 'stop' }

/** What it says: what readers shall see, how long they waited, whether the disk took it, whether pages could be drawn, how the record stands, that first pages are right, how drawing everything ended. */
export type FromPublisher =
  | { type: 'show'; files: Finished[]; gone: string[] }
  | { type: 'measure'; ms: number }
  | { type: 'wrote'; fault: string | null }
  | { type: 'drew'; fault: DrawFault | null }
  | { type: 'state'; state: PublisherState }
  | { type: 'ready' }
  | { type: 'all'; fault: string | null }

/** The thread that draws pages and writes them down. */
export interface PublisherThread {
  readonly state: PublisherState
  /**
   * Opens the record, which must have today's form, and brings the files up to it. Resolves when first pages are right,
   * or the record is behind; rejects with why neither could be.
   */
  open(): Promise<void>
  /** Something was committed: look now. */
  wake(): void
  /** Draws everything. `startOver` publishes from a record that is behind, too. Rejects with why it could not. */
  publishAll(options?: { startOver?: boolean }): Promise<void>
  /** Finishes what is being written and ends. */
  stop(): Promise<void>
}

/** How long a stop waits before the thread is ended as it is; what it had begun is drawn at the next start. */
const stopWithinMs = 2_000
/** How long a thread that broke stays down before a new one is started. */
const restartAfterMs = 1_000

/**
 * Starts the publisher beside the front door, with a connection of its own to the record. `show` is handed what is
 * finished and `follow` how the record stands, both in the thread that serves. A thread that breaks is logged and
 * started again, and does what the broken one left undone.
 */
export function startPublisherThread(
  app: Pick<App, 'config' | 'site' | 'log' | 'meters' | 'health' | 'now'>,
  parts: Pick<PublisherStart, 'dir' | 'clock'> & {
    show(files: Finished[], gone: string[]): void
    follow(state: PublisherState): void
  },
): PublisherThread {
  const { dir, clock, show, follow } = parts
  let state: PublisherState = 'fine'
  let opened = false
  let stopping = false
  const ready = Promise.withResolvers<void>()
  ready.promise.catch(() => {})
  /** Who waits until everything is drawn, in the order in which the thread will answer. */
  const waiting: PromiseWithResolvers<void>[] = []
  let thread = start()

  function start(): Worker {
    const data: PublisherStart = { config: app.config, site: app.site, dir, clock }
    const started = new Worker(new URL('../publisher.ts', import.meta.url), { workerData: data })
    started.on('message', hear)
    let why = 'it ended by itself'
    started.on('error', (error) => {
      why = error.message
      app.log('error', 'publisher.broke', { name: error.name, message: error.message })
      ready.reject(error)
    })
    started.on('exit', () => {
      noteDrawing({ reason: `The thread that draws them broke and is started again: ${why}`, first: true })
      ready.reject(broke())
      for (const { reject } of waiting.splice(0)) reject(broke())
      if (stopping || !opened) return
      setTimeout(() => {
        if (stopping) return
        thread = start()
        tell({ type: 'open' })
      }, restartAfterMs).unref()
    })
    return started
  }

  function hear(message: FromPublisher): void {
    if (message.type === 'show') show(message.files.map(asBuffers), message.gone)
    if (message.type === 'measure') app.meters.publishes.add(message.ms / secondMs)
    if (message.type === 'wrote') noteWriting(message.fault)
    if (message.type === 'drew') noteDrawing(message.fault)
    if (message.type === 'state') {
      state = message.state
      follow(state)
    }
    if (message.type === 'ready') {
      opened = true
      // A thread that was started again tells of pages that it could not draw after this.
      noteDrawing(null)
      ready.resolve()
    }
    if (message.type === 'all') {
      const asker = waiting.shift()
      if (message.fault === null) asker?.resolve()
      else asker?.reject(new Error(message.fault))
    }
  }

  function noteWriting(fault: string | null): void {
    const { health } = app
    health.unwritten = fault === null ? null : { since: app.now(), ...health.unwritten, reason: fault }
  }

  function noteDrawing(fault: DrawFault | null): void {
    const { health } = app
    health.undrawn = fault && { since: health.undrawn?.since ?? app.now(), ...fault }
  }

  function tell(message: ToPublisher): void {
    thread.postMessage(message)
  }

  return {
    get state() {
      return state
    },
    open() {
      tell({ type: 'open' })
      return ready.promise
    },
    wake: () => tell({ type: 'wake' }),
    publishAll({ startOver = false } = {}) {
      if (thread.threadId === -1) return Promise.reject(broke())
      const asker = Promise.withResolvers<void>()
      waiting.push(asker)
      tell({ type: 'all', startOver })
      return asker.promise
    },
    async stop() {
      if (stopping) return
      stopping = true
      const ended = new Promise<void>((resolve) => {
        if (thread.threadId === -1) return resolve()
        thread.once('exit', () => resolve())
      })
      tell({ type: 'stop' })
      const overdue = setTimeout(() => void thread.terminate(), stopWithinMs)
      await ended
      clearTimeout(overdue)
    },
  }
}

const broke = () => new Error('The publisher broke off; it is started again. The log says why.')

/** Bytes come over as plain arrays. */
const asBuffers = (file: Finished): Finished => {
  const own = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { ...file, bytes: own(file.bytes), br: file.br && own(file.br), gzip: file.gzip && own(file.gzip) }
}
