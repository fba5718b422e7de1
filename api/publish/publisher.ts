import type { App } from '#api/app.ts'
import { type Instant, plusMs, secondMs } from '#api/lib/time.ts'
import { readRevision, recordIdentity } from '#api/status/read.ts'
import { openReading, type Reading } from '#api/status/reading.ts'
import { copyAssets } from './assets.ts'
import { buildOf } from './build-name.ts'
import { type Drawn, openDraw } from './draw.ts'
import { dueAfter } from './due.ts'
import { readRevisionFile, removeFiles, writeFiles, writeRevisionFile } from './files.ts'
import { openMirrors } from './mirrors.ts'
import { changedPlaces, everyPlace, timelyPlaces } from './pages.ts'
import { everywhere } from './places.ts'
import type { DrawFault, Publisher, PublisherParts, PublisherState } from './publisher-parts.ts'
import { openSqueeze } from './squeeze.ts'

/** How many pages are shown in one step: of news, and of what may be looked up. */
const [newsPages, laterPages] = [200, 4]
/** How long a page that could not be drawn waits for its next try, in milliseconds. */
const retryAfterMs = 5 * secondMs

const msSince = (started: number) => Math.round(performance.now() - started)

/** Opens the one writer of the published folder. Reads what the folder says of itself; publishes nothing yet. */
export async function openPublisher(app: App, parts: PublisherParts): Promise<Publisher> {
  const { dir } = parts
  const { app: source, asOfNow } = parts.moment ?? { app, asOfNow: <T>(work: () => Promise<T>) => work() }
  const draw = openDraw(source, parts.render)
  const build = buildOf(app, parts.build)
  const record = await recordIdentity(app)
  let shown = await readRevisionFile(dir)
  let state: PublisherState = 'fine'
  let due = ''
  /** What could not be drawn, with the reason, or written is tried again after a while, or at once when there is news. */
  const undone = new Map<string, string | null>()
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

  /** Draws, shows and writes; answers what was read for it. */
  const show = async (places: string[], from?: Reading): Promise<Reading> =>
    put(places, await asOfNow(() => draw(places, from)))
  /** Shows and writes what was drawn. A page that failed keeps its old file and is undone. */
  const put = async (places: string[], { files, gone, failed, reading }: Drawn): Promise<Reading> => {
    for (const place of places) {
      undone.delete(place)
      later.delete(place)
    }
    for (const [place, reason] of failed) undone.set(place, reason)
    // Readers get the news from memory first, even when the disk is slow or full; the files follow.
    parts.show(files, gone)
    readersSaw = performance.now()
    try {
      await writeFiles(dir, files)
      await removeFiles(dir, gone)
      // Others may be written while some are not yet.
      if (![...undone.values()].includes(null)) parts.wrote?.(null)
      // Half a second of work for each page that no test reads.
      if (app.config.mode !== 'test') squeeze.add(files, gone)
    } catch (error) {
      parts.wrote?.((error as Error).message)
      for (const place of places) undone.set(place, undone.get(place) ?? null)
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
    retryAt = plusMs(app.now(), retryAfterMs)
    // Where nothing could be read the first page is undone, and tried again with all that is.
    const status = await reading.status().catch(() => null)
    due = status ? dueAfter({ ...status, at: since }) : retryAt
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
    let drawn = revision
    let pages = 0
    for await (const places of everyPlace(app)) {
      // What is left undone is done again at the next start, because the revision is written last.
      if (stopped) return
      await show(places)
      // News does not wait until a long past is drawn.
      drawn = await showChanges(drawn)
      pages += places.length
      atFirst()
    }
    await settle(drawn, since, openReading(source))
    app.log('info', 'publish.everything', { revision: drawn, pages, ms: msSince(started) })
  }

  const showChanges = async (drawn: number): Promise<number> => {
    const { revision, places, news } = await asOfNow(async () => {
      const changed = await changedPlaces(source, drawn)
      const places = [...changed.news, ...changed.rest]
      return { revision: changed.revision, places, news: await draw(places) }
    })
    await put(places, news)
    return revision
  }

  const changes = async (atFirst?: () => void) => {
    if (!shown || shown.build !== build) return all(false, atFirst)
    const drawn = shown.revision
    const seen = await readRevision(app)
    if (isBehind(seen)) return
    if (seen === drawn && (undone.size === 0 || app.now() < retryAt)) return
    const started = performance.now()
    const since = app.now()
    // What changed, and all that tells readers of it first, is read from one moment of the record.
    const { revision, rest, first, news } = await asOfNow(async () => {
      const changed = await changedPlaces(source, drawn)
      const first = [...new Set([...changed.news, ...undone.keys()])]
      return { ...changed, first, news: await draw(first.slice(0, newsPages)) }
    })
    for (const place of rest) later.add(place)
    const reading = await put(first.slice(0, newsPages), news)
    parts.measure?.(readersSaw - started)
    for (let from = newsPages; from < first.length; from += newsPages) await show(first.slice(from, from + newsPages))
    await settle(revision, since, reading)
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
    const { news, rest, drawn } = await asOfNow(async () => {
      const timely = await timelyPlaces(source)
      return { ...timely, drawn: await draw(timely.news) }
    })
    for (const place of rest) later.add(place)
    await settle(shown.revision, now, await put(news, drawn))
    app.log('info', 'publish.time', { due })
  }

  let told: DrawFault | null = null
  const tellDrawn = (fault: DrawFault | null) => {
    if (fault?.reason !== told?.reason || fault?.first !== told?.first) parts.drew?.(fault)
    told = fault
  }
  const undrawn = (): DrawFault | null => {
    const [place, reason] = [...undone].find(([, why]) => why) ?? []
    const first = everywhere(app.site.defaultLocale, '/').some((one) => undone.get(one))
    return reason ? { reason: `${place}: ${reason}`, first } : null
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
        tellDrawn(undrawn())
      } catch (error) {
        // A record that is away for an hour is one line, not thousands.
        const { message } = error as Error
        if (message !== fault) app.log('error', 'publish.failed', { message })
        fault = message
        tellDrawn({ reason: message, first: true })
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
