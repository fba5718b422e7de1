import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { locales } from '#content/locales.ts'
import { hashOf, revisionFile } from './files.ts'
import type { CopiedFile, Store } from './store.ts'

/** What a copy says of itself, in the copy: its files and what they held when they were last verified. */
export const listFile = 'candor-copy.json'

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
/** A list is written after each update while it is this short; a longer one only when files are new in it. */
const shortList = 5_000

/** Opens a copy of `dir` in a store. `extra` stands beside the pages: settings of web servers. */
export function openCopy(dir: string, store: Store, extra: CopiedFile[] = [], still: Still = (work) => work()): Copy {
  const beside = new Map(store.served ? extra.map(({ path, bytes }) => [path, bytes]) : [])
  /** Empty: it may be there, or not. */
  let known: Map<string, string> | null = null

  const wanted = (path: string) =>
    !/\.tmp$/.test(path) && path !== listFile && (store.served || !/\.(?:br|gz)$/.test(path))

  const readOwn = async (path: string): Promise<Buffer | null> =>
    beside.get(path) ??
    readFile(join(dir, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })

  const readList = async (): Promise<Map<string, string>> => {
    const bytes = await store.read(listFile)
    if (bytes) return new Map(Object.entries(JSON.parse(bytes.toString('utf8')) as Record<string, string>))
    if (await store.used())
      throw new Error('Something else lies there already. Give an empty place, or one that holds an earlier copy.')
    return new Map()
  }
  const writeList = (list: Map<string, string>) =>
    store.write([{ path: listFile, bytes: Buffer.from(`${JSON.stringify(Object.fromEntries(list))}\n`) }])

  /** Reads these files, and tells which of them differ from the copy and which are no longer there. */
  const differences = async (paths: string[], list: Map<string, string>) => {
    const files: CopiedFile[] = []
    const gone: string[] = []
    for (const path of paths) {
      const bytes = await readOwn(path)
      if (bytes && list.get(path) !== hashOf(bytes)) files.push({ path, bytes })
      if (!bytes && list.has(path)) gone.push(path)
    }
    return { files, gone }
  }

  const send = async (files: CopiedFile[], list: Map<string, string>) => {
    // What is sent for the first time is listed before, so that it can be found and removed whatever happens.
    const fresh = files.filter(({ path }) => !list.has(path))
    for (const { path } of fresh) list.set(path, '')
    if (fresh.length) await writeList(list)
    await store.write(files)
    for (const { path, bytes } of files) {
      const back = await store.read(path)
      if (!back?.equals(bytes)) throw new Error(`${path} reads back otherwise than it was sent.`)
      list.set(path, hashOf(bytes))
    }
    return files.length
  }

  const update = async (paths: Iterable<string> | 'everything'): Promise<Copied> => {
    const list = known ?? (await readList())
    known = null
    const all = paths === 'everything' ? [...(await listFolder(dir)), ...beside.keys(), ...list.keys()] : [...paths]
    const asked = [...new Set(all)].filter(wanted).sort((a, b) => rankOf(a) - rankOf(b))
    const past = asked.filter((path) => rankOf(path) < telling)
    let sent = 0
    const removed: string[] = []
    for (let from = 0; from < past.length; from += stepFiles) {
      const { files, gone } = await differences(past.slice(from, from + stepFiles), list)
      sent += await send(files, list)
      removed.push(...gone)
    }
    const tells = [...asked.filter((path) => rankOf(path) >= telling && path !== revisionFile), revisionFile]
    const now = await still(() => differences(tells, list))
    sent += await send(
      now.files.filter(({ path }) => path !== revisionFile),
      list,
    )
    // A page that came back while others were sent is no longer gone.
    const gone: string[] = []
    for (const path of [...removed, ...now.gone]) if ((await readOwn(path)) === null) gone.push(path)
    await store.remove(gone)
    for (const path of gone) {
      if ((await store.read(path)) !== null) throw new Error(`${path} is still there after it was removed.`)
      list.delete(path)
    }
    sent += await send(
      now.files.filter(({ path }) => path === revisionFile),
      list,
    )
    if (sent + gone.length > 0 && (list.size <= shortList || gone.length > 0)) await writeList(list)
    known = list
    return { sent, removed: gone.length, revision: await revisionIn(await store.read(revisionFile)) }
  }

  return {
    update,
    async verify() {
      const list = known
      known = null
      if (!list || !(await store.read(listFile))) {
        known = await readList()
        return 'everything'
      }
      const wrong: string[] = []
      for (const [path, hash] of list) {
        if (rankOf(path) < first) continue
        const back = await store.read(path)
        if (back && hashOf(back) === hash) continue
        list.set(path, '')
        wrong.push(path)
      }
      known = list
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
