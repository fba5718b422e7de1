import type { App } from '#api/app.ts'
import type { MirrorConfig } from '#api/config-mirrors.ts'
import { minuteMs, secondMs } from '#api/lib/time.ts'
import { type Copy, openCopy } from './copy.ts'
import { besidesOf } from './export.ts'
import type { Finished } from './files.ts'
import { isVerified, type MirrorState, rememberedMirrors, writeMirrors } from './mirror-state.ts'
import { fileOf } from './places.ts'
import { openStore } from './store.ts'

/** How often a copy to which nothing had to be sent is read back. */
const verifyEveryMs = 10 * minuteMs
/** The wait after a first failure; it doubles up to the longest, and half of it is left to chance. */
const firstWaitMs = 2 * secondMs
const longestWaitMs = 5 * minuteMs

/** Copies of the published folder that follow it. Nothing here throws, and nobody waits for it. */
export interface Mirrors {
  /** Whether a page may say that a copy is kept elsewhere. */
  verified(): boolean
  /** These were written to the folder, or taken from it; they are sent at the next look. */
  add(files: Finished[], gone: string[]): void
  /** What was packed better goes along with what is sent next. */
  repacked(place: string): void
  /** Begins what is due: what was added, a try after a failure, a reading back. Returns at once. */
  look(): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  /** Breaks off what is being sent; the next start sends what is missing. */
  stop(): Promise<void>
}

interface Mirror {
  config: MirrorConfig
  copy: Copy
  state: MirrorState
  pending: Set<string> | 'everything'
  /** Something waits that readers of the copy should see soon. */
  news: boolean
  /** In steady milliseconds: not before then. */
  nextAt: number
  failures: number
  running: Promise<void> | null
}

/** Opens the copies that the settings name. `still` runs work while nothing is written to the folder `dir`. */
export function openMirrors(app: App, dir: string, still: <T>(work: () => Promise<T>) => Promise<T>): Mirrors {
  const { config, log } = app
  const ending = new AbortController()
  const remembered = rememberedMirrors(config.dataDir)
  const mirrors = config.mirrors.map((mirror): Mirror => {
    const extra = mirror.kind === 'folder' ? besidesOf(dir, config.publicUrl, mirror.path) : []
    const { name } = mirror
    return {
      config: mirror,
      copy: openCopy(dir, openStore(mirror, ending.signal), extra, still),
      state: remembered.find((state) => state.name === name) ?? {
        name,
        revision: null,
        verifiedAt: null,
        trouble: null,
        troubleSince: null,
      },
      pending: 'everything',
      news: true,
      nextAt: 0,
      failures: 0,
      running: null,
    }
  })
  let writing = Promise.resolve()
  const note = () => {
    const states = mirrors.map(({ state }) => state)
    writing = writing
      .then(() => writeMirrors(config.dataDir, states))
      .catch((error: Error) => log('error', 'mirrors.not-noted', { message: error.message }))
    return writing
  }

  const turn = async (mirror: Mirror) => {
    const { pending, copy, state } = mirror
    const verifies = !mirror.news
    mirror.pending = new Set()
    mirror.news = false
    try {
      const wrong = verifies ? await copy.verify() : []
      if (wrong.length > 0) log('warn', 'mirror.was-changed', { mirror: state.name, files: wrong.length })
      const due = pending === 'everything' || wrong === 'everything' ? 'everything' : [...pending, ...wrong]
      const { sent, removed, revision } = await copy.update(due)
      if (state.trouble !== null) log('info', 'mirror.well-again', { mirror: state.name })
      if (sent + removed > 0) log('info', 'mirror.updated', { mirror: state.name, revision, sent, removed })
      // Without a revision it is not known to be whole: something could not be drawn yet.
      const verifiedAt = revision === null ? state.verifiedAt : app.now()
      mirror.state = { name: state.name, revision, verifiedAt, trouble: null, troubleSince: null }
      mirror.failures = 0
      mirror.nextAt = app.steadyMs() + verifyEveryMs
    } catch (error) {
      // What the copy holds is not known any more: it is asked, and what differs is sent.
      mirror.pending = 'everything'
      mirror.news = true
      if (ending.signal.aborted) return
      const { message } = error as Error
      if (message !== state.trouble) log('error', 'mirror.failed', { mirror: state.name, message })
      mirror.state = { ...state, trouble: message, troubleSince: state.troubleSince ?? app.now() }
      const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** mirror.failures++)
      mirror.nextAt = app.steadyMs() + wait * (0.5 + app.random() / 2)
    }
    await note()
  }
  const run = async (mirror: Mirror) => {
    do await turn(mirror)
    while (mirror.news && mirror.failures === 0 && !ending.signal.aborted)
  }
  const want = (path: string, news: boolean) => {
    for (const mirror of mirrors) {
      if (mirror.pending !== 'everything') mirror.pending.add(path)
      mirror.news ||= news
    }
  }

  // A place that is no longer among the settings is forgotten with what it said.
  if (remembered.length || mirrors.length) void note()

  return {
    verified: () =>
      isVerified(
        mirrors.map(({ state }) => state),
        app.now(),
      ),
    add(files, gone) {
      for (const place of [...files.map((file) => file.place), ...gone])
        for (const end of ['', '.br', '.gz']) want(fileOf(place) + end, true)
    },
    repacked: (place) => want(`${fileOf(place)}.br`, false),
    look() {
      for (const mirror of mirrors) {
        const waits = mirror.failures > 0 || !mirror.news
        if (mirror.running || ending.signal.aborted || (waits && app.steadyMs() < mirror.nextAt)) continue
        mirror.running = run(mirror).finally(() => {
          mirror.running = null
        })
      }
    },
    async idle() {
      await Promise.all(mirrors.map(({ running }) => running))
      await writing
    },
    async stop() {
      ending.abort()
      await this.idle()
    },
  }
}
