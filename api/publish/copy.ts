import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { locales } from '#content/locales.ts'
import { isList, type Lists, listFile, listOf, openLists } from './copy-lists.ts'
import { hashOf, revisionFile } from './files.ts'
import { type CopiedFile, inSteps, type Store } from './store.ts'

/** What one update of a copy did. `revision`: what the copy shows now, null when that is not known. */
export interface Copied {
  sent: number
  removed: number
  revision: number | null
}

export interface Copy {
  /**
   * Brings these paths of the copy up to the published folder, or everything. First what no page leads to yet, then
   * the pages that lead to it, then what is gone, then revision.json: no reader of the copy finds a link to nothing.
   * What was sent is read back and compared. Throws a sentence when that fails; what had been sent stays.
   */
  update(paths: Iterable<string> | 'everything'): Promise<Copied>
  /** Reads first pages and revision.json back. Gives what is not as it was sent, for an update to send again. */
  verify(): Promise<string[] | 'everything'>
}

/** Runs work while nothing is written to the published folder. */
type Still = <T>(work: () => Promise<T>) => Promise<T>

/** Files of the past are sent in steps of so many. */
const stepFiles = 50
/** Opens a copy of `dir` in a store. `extra` stands beside the pages: settings of web servers. */
export function openCopy(dir: string, store: Store, extra: CopiedFile[] = [], still: Still = (work) => work()): Copy {
  const beside = new Map(store.served ? extra.map(({ path, bytes }) => [path, bytes]) : [])
  /** Empty: it may be there, or not. */
  let known: Lists | null = null

  const wanted = (path: string) => !/\.tmp$/.test(path) && !isList(path) && (store.served || !/\.(?:br|gz)$/.test(path))

  const readOwn = async (path: string): Promise<Buffer | null> =>
    beside.get(path) ??
    readFile(join(dir, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })

  /** Reads these files, and tells which of them differ from the copy and which are no longer there. */
  const differences = async (paths: string[], lists: Lists) => {
    const files: CopiedFile[] = []
    const gone: string[] = []
    for (const path of paths) {
      const bytes = await readOwn(path)
      const listed = lists.get(path)
      if (bytes && listed !== hashOf(bytes)) files.push({ path, bytes })
      if (!bytes && listed !== undefined) gone.push(path)
    }
    return { files, gone }
  }

  const send = async (files: CopiedFile[], lists: Lists) => {
    // What is sent for the first time is listed before, so that it can be found and removed whatever happens.
    const fresh = files.filter(({ path }) => lists.get(path) === undefined)
    for (const { path } of fresh) lists.set(path, '')
    if (fresh.length) await lists.save()
    await store.write(files)
    await inSteps(files, async ({ path, bytes }) => {
      if (!(await store.read(path))?.equals(bytes)) throw new Error(`${path} reads back otherwise than it was sent.`)
      lists.set(path, hashOf(bytes))
    })
    return files.length
  }

  const update = async (paths: Iterable<string> | 'everything'): Promise<Copied> => {
    const lists = known ?? (await openLists(store))
    known = null
    const all =
      paths === 'everything' ? [...(await listFolder(dir)), ...beside.keys(), ...(await lists.all())] : [...paths]
    const asked = inOrder([...new Set(all)].filter(wanted))
    const past = asked.filter((path) => rankOf(path) < telling)
    let sent = 0
    const removed: string[] = []
    for (let from = 0; from < past.length; from += stepFiles) {
      const step = past.slice(from, from + stepFiles)
      await lists.load(step)
      const { files, gone } = await differences(step, lists)
      sent += await send(files, lists)
      removed.push(...gone)
      await lists.leave()
    }
    const tells = [...asked.filter((path) => rankOf(path) >= telling && path !== revisionFile), revisionFile]
    await lists.load([...tells, ...removed])
    const now = await still(() => differences(tells, lists))
    sent += await send(
      now.files.filter(({ path }) => path !== revisionFile),
      lists,
    )
    // A page that came back while others were sent is no longer gone.
    const gone: string[] = []
    for (const path of [...removed, ...now.gone]) if ((await readOwn(path)) === null) gone.push(path)
    await store.remove(gone)
    for (const path of gone) {
      if ((await store.read(path)) !== null) throw new Error(`${path} is still there after it was removed.`)
      lists.delete(path)
    }
    sent += await send(
      now.files.filter(({ path }) => path === revisionFile),
      lists,
    )
    await lists.leave()
    known = lists
    return { sent, removed: gone.length, revision: await revisionIn(await store.read(revisionFile)) }
  }

  return {
    update,
    async verify() {
      const lists = known
      known = null
      if (!lists || !(await store.read(listFile))) {
        known = await openLists(store)
        return 'everything'
      }
      const wrong: string[] = []
      for (const path of lists.standing()) {
        if (rankOf(path) < first) continue
        const back = await store.read(path)
        if (back && hashOf(back) === lists.get(path)) continue
        lists.set(path, '')
        wrong.push(path)
      }
      known = lists
      return wrong
    },
  }
}

/** From here on files tell of others: lists, feeds, first pages. */
const telling = 2
const first = 3

const inLanguage = new RegExp(`^(?:${locales.join('|')})/`)

/** In which order files may appear: what pages are drawn with, single pages, lists, what a reader opens first. */
function rankOf(path: string): number {
  if (path.startsWith('assets/')) return 0
  const own = path.replace(inLanguage, '')
  if (/^(?:incidents|maintenance|components|i)\//.test(own)) return 1
  return /^(?:index\.html|404\.html|feed\.json|history\.(?:rss|atom)|badge\.svg|api\/v2\/|revision\.json)/.test(own)
    ? first
    : telling
}

/** By when they may appear; those of one list stand beside each other. */
const inOrder = (paths: string[]): string[] =>
  paths
    .map((path) => ({ path, rank: rankOf(path), list: listOf(path) }))
    .sort((a, b) => a.rank - b.rank || (a.list < b.list ? -1 : a.list > b.list ? 1 : 0))
    .map(({ path }) => path)

/** Every file of a folder, by its path in it. */
export async function listFolder(dir: string): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true })
  return found
    .filter((file) => file.isFile())
    .map((file) => relative(dir, join(file.parentPath, file.name)).replaceAll('\\', '/'))
}

function revisionIn(bytes: Buffer | null): number | null {
  if (!bytes) return null
  const { revision } = JSON.parse(bytes.toString('utf8')) as { revision?: unknown }
  return typeof revision === 'number' ? revision : null
}
