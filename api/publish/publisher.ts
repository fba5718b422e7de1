import type { App } from '#api/app.ts'
import { type Instant, plusMs, secondMs } from '#api/lib/time.ts'
import { readRevision, recordIdentity } from '#api/status/read.ts'
import { openReading, type Reading } from '#api/status/reading.ts'
import { copyAssets } from './assets.ts'
import { buildOf } from './build-name.ts'
import { openDraw, type Render } from './draw.ts'
import { dueAfter } from './due.ts'
import { type Finished, readRevisionFile, removeFiles, writeFiles, writeRevisionFile } from './files.ts'
import { openMirrors } from './mirrors.ts'
import { changedPlaces, everyPlace, timelyPlaces } from './pages.ts'
import { everywhere } from './places.ts'
import { openSqueeze } from './squeeze.ts'

/**
 * "record-behind": the published pages are newer than the record or of another one, as after a lost database; nothing
 * is published over them.
 */
export type PublisherState = 'fine' | 'record-behind'

interface PublisherParts {
  /** The published folder. */
  dir: string
  /** Shows readers what is finished, and hides what is no longer public, in one step. Called before the files are written. */
  show(files: Finished[], gone: string[]): void
  /** Told how long readers waited for a change that was seen, in milliseconds. */
  measure?: (ms: number) => void
  /** Told after each writing: why the disk refused it, or null. */
  wrote?: (fault: string | null) => void
  /** Told when the state changes. */
  tell?: (state: PublisherState) => void
  render: Render
  /** A name for the built site that changes with it. */
  build: string
  /** The built site's own files (scripts, pictures), copied beside the pages. */
  assets?: string
}

export interface Publisher {
  readonly state: PublisherState
  /** Whether a page may say now that a copy is kept on separate hosting. */
  mirrored(): boolean
  /** Resolves when no copy is being brought up to date. */
  mirrorsIdle(): Promise<void>
  /**
   * Brings the files up to the record: everything when the build differs, else what changed since and what time made
   * untrue. Resolves when first pages, open incidents and feeds are right; a long past may still be drawn after that.
   */
  start(): Promise<void>
  /** Looks whether a change or the time asks for something. Returns at once and never throws; looks never overlap. */
  wake(): void
  /** Draws everything. `startOver` publishes from a record that is behind, too. */
  publishAll(options?: { startOver?: boolean }): Promise<void>
  /** Draws what was announced since the last publish. */
  publishChanges(): Promise<void>
  /** Draws what time alone made untrue, when it has. */
  tick(): Promise<void>
  /** Finishes what is being written. */
  stop(): Promise<void>
}

/** How many pages are shown in one step: of news, when everything is drawn, and of what may be looked up. */
const [newsPages, stepPages, laterPages] = [200, 50, 4]
/** How long a page that could not be drawn waits for its next try, in milliseconds. */
const retryAfterMs = 5 * secondMs

const msSince = (started: number) => Math.round(performance.now() - started)

/** Opens the one writer of the published folder. Reads what the folder says of itself; publishes nothing yet. */
export async function openPublisher(app: App, parts: PublisherParts): Promise<Publisher> {
  const { dir } = parts
  const draw = openDraw(app, parts.render)
  const build = buildOf(app, parts.build)
  const record = await recordIdentity(app)
  let shown = await readRevisionFile(dir)
  let state: PublisherState = 'fine'
  let due = ''
  /** What could not be drawn or written is tried again after a while, or at once when there is news. */
  const undone = new Set<string>()
  let retryAt = ''
  /** What people may look up is drawn when no news waits. */
  const later = new Set<string>()
  /** What the last news was drawn from, and when readers saw something last. */
  let newest: Reading | undefined
  let readersSaw = 0
  let looked = ''
  let stopped = false
  let turn = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.then(
      () => {},
      () => {},
    )
    return mine
  }
  const mirrors = openMirrors(app, dir, inTurn)
  /** What the first pages that are published say of copies. */
  let toldMirrored = shown?.mirrored ?? false
  const squeeze = openSqueeze(
    {
      dir,
      show(files, gone) {
        parts.show(files, gone)
        for (const { place } of files) mirrors.repacked(place)
      },
    },
    inTurn,
  )

  /** Draws, shows and writes; answers what was read for it. A page that fails keeps its old file and is undone. */
  const show = async (places: string[], from?: Reading): Promise<Reading> => {
    const { files, gone, failed, reading } = await draw(places, from)
    for (const place of places) {
      undone.delete(place)
      later.delete(place)
    }
    for (const place of failed) undone.add(place)
    // Readers get the news from memory first, even when the disk is slow or full; the files follow.
    parts.show(files, gone)
    readersSaw = performance.now()
    try {
      await writeFiles(dir, files)
      await removeFiles(dir, gone)
      parts.wrote?.(null)
      // Half a second of work for each page that no test reads.
      if (app.config.mode !== 'test') squeeze.add(files, gone)
    } catch (error) {
      parts.wrote?.((error as Error).message)
      for (const place of places) undone.add(place)
      // The folder holds older pages: none of them is packed better and shown.
      squeeze.add([], places)
      app.log('error', 'publish.write-failed', { message: (error as Error).message })
    }
    mirrors.add(files, gone)
    return reading
  }

  /**
   * `since`: when drawing began. What fell due while it went on is due still. The file is written when nothing is
   * left to be drawn, so that a new start does what this one could not.
   */
  const settle = async (revision: number, since: Instant, reading: Reading) => {
    newest = reading
    due = dueAfter({ ...(await reading.status()), at: since })
    retryAt = plusMs(app.now(), retryAfterMs)
    shown = { record, revision, at: since, build, mirrored: toldMirrored }
    await sign()
  }
  const sign = async () => {
    if (shown && undone.size === 0 && later.size === 0) await writeRevisionFile(dir, shown)
  }

  const isBehind = (revision: number): boolean => {
    const behind = shown !== null && (record !== shown.record || revision < shown.revision)
    if (behind && state === 'fine') app.log('error', 'publish.record-behind', { revision, shown: shown?.revision ?? 0 })
    become(behind ? 'record-behind' : 'fine')
    return behind
  }
  const become = (next: PublisherState) => {
    if (state !== next) parts.tell?.(next)
    state = next
  }

  const all = async (startOver: boolean, atFirst = () => {}) => {
    const started = performance.now()
    const since = app.now()
    const revision = await readRevision(app)
    if (!startOver && isBehind(revision)) return
    become('fine')
    if (parts.assets) parts.show(await copyAssets(parts.assets, dir), [])
    const places = await everyPlace(app)
    let drawn = revision
    for (let from = 0; from < places.length; from += stepPages) {
      // What is left undone is done again at the next start, because the revision is written last.
      if (stopped) return
      await show(places.slice(from, from + stepPages))
      // News does not wait until a long past is drawn.
      const changed = await changedPlaces(app, drawn)
      await show([...changed.news, ...changed.rest])
      drawn = changed.revision
      if (from + stepPages < places.length) atFirst()
    }
    await settle(drawn, since, openReading(app))
    app.log('info', 'publish.everything', { revision: drawn, pages: places.length, ms: msSince(started) })
  }

  const changes = async (atFirst?: () => void) => {
    if (!shown || shown.build !== build) return all(false, atFirst)
    const { revision, news, rest } = await changedPlaces(app, shown.revision)
    if (isBehind(revision)) return
    if (news.length === 0 && (undone.size === 0 || app.now() < retryAt)) return
    const started = performance.now()
    const since = app.now()
    for (const place of rest) later.add(place)
    const first = [...new Set([...news, ...undone])]
    let reading: Reading | undefined
    for (let from = 0; from < first.length; from += newsPages) {
      const read = await show(first.slice(from, from + newsPages))
      reading ??= read
      if (from === 0) parts.measure?.(readersSaw - started)
    }
    if (reading) await settle(revision, since, reading)
    app.log('info', 'publish.changes', { revision, pages: first.length, ms: msSince(started) })
  }

  /** Draws a little of what people may look up; the last of it makes the folder whole. */
  const catchUp = async () => {
    if (!later.size || stopped || state !== 'fine') return
    await show([...later].slice(0, laterPages), newest)
    if (!later.size) newest = undefined
    await sign()
  }
  const catchUpWhole = async () => {
    while (later.size && !stopped && state === 'fine') await catchUp()
  }

  /** First pages say whether a copy is kept; when that changes, they do. */
  const tellMirrored = async () => {
    const mirrored = mirrors.verified()
    if (mirrored === toldMirrored || !shown || state !== 'fine') return
    toldMirrored = mirrored
    await show(everywhere(app.site.defaultLocale, '/'))
    shown = { ...shown, mirrored }
    await sign()
    app.log('info', 'publish.mirrored', { mirrored })
  }

  const timely = async () => {
    if (!shown || state !== 'fine') return
    await tellMirrored()
    const now = app.now()
    // A clock that was set back (only the demonstration's can be) makes everything due.
    const back = now < looked
    looked = now
    if (due && now < due && !back) return
    const { news, rest } = await timelyPlaces(app)
    for (const place of rest) later.add(place)
    await settle(shown.revision, now, await show(news))
    app.log('info', 'publish.time', { due })
  }

  let looking = false
  let again = false
  let fault = ''
  const look = async () => {
    looking = true
    do {
      again = false
      try {
        await inTurn(() => changes())
        await inTurn(timely)
        await inTurn(catchUp)
        again ||= later.size > 0
        fault = ''
      } catch (error) {
        // A record that is away for an hour is one line, not thousands.
        const { message } = error as Error
        if (message !== fault) app.log('error', 'publish.failed', { message })
        fault = message
      }
      mirrors.look()
    } while (again && !stopped)
  }

  // The record tells at once whether it is the one these pages were drawn from.
  if (shown) isBehind(await readRevision(app))

  return {
    get state() {
      return state
    },
    mirrored: () => toldMirrored,
    mirrorsIdle: () => mirrors.idle(),
    start: () =>
      new Promise((resolve, reject) => {
        inTurn(() => changes(resolve))
          .then(() => inTurn(timely))
          .then(resolve, reject)
      }),
    wake() {
      again = true
      if (looking || stopped) return
      void look().finally(() => {
        looking = false
      })
    },
    publishAll: ({ startOver = false } = {}) => inTurn(() => all(startOver)),
    publishChanges: () => inTurn(() => changes().then(catchUpWhole)),
    tick: () => inTurn(() => timely().then(catchUpWhole)),
    async stop() {
      stopped = true
      squeeze.stop()
      await turn
      await mirrors.stop()
    },
  }
}
