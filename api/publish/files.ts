import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, brotliDecompressSync, constants, gunzipSync, gzip } from 'node:zlib'
import { newId } from '#api/lib/ids.ts'
import { hourMs } from '#api/lib/time.ts'
import { packs } from './headers.ts'
import { fileOf } from './places.ts'

/** A finished file in every form it is served in. */
export interface Finished {
  /** Its public path, "/incidents/abc/". */
  place: string
  bytes: Buffer
  br: Buffer | null
  gzip: Buffer | null
  /** Names the content, not its packing. */
  hash: string
}

export const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64url').slice(0, 22)

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/**
 * Brotli at an effort of 0 to 11. The window is no larger than the file: making ready the usual one, of four megabytes,
 * takes longer than packing a page.
 */
export const brotliOf = (bytes: Buffer, effort: number): Promise<Buffer> =>
  brotli(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: effort,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      [constants.BROTLI_PARAM_LGWIN]: Math.min(windowMax, Math.max(windowMin, Math.ceil(Math.log2(bytes.length + 1)))),
    },
  })
/** Powers of two; between them one grows with the file. */
const windowMin = 12
const windowMax = 22

/** Brotli's effort while readers wait: 1.7 ms for a page where 11 takes 200. */
const quickEffort = 5

export async function finish(place: string, bytes: Buffer): Promise<Finished> {
  const [br, gz] = packs(fileOf(place)) ? await Promise.all([brotliOf(bytes, quickEffort), zip(bytes)]) : [null, null]
  return { place, bytes, br, gzip: gz, hash: hashOf(bytes) }
}

/** Up to this many pages are flushed to the disk one by one: a publish that a power loss must not halve. */
const flushedMax = 100

/**
 * Writes files and their packed forms: all under other names first, then all renamed, so that a reader of the folder
 * sees each whole, and the old ones if anything goes wrong while writing. Throws what the disk throws.
 */
export async function writeFiles(dir: string, files: Finished[]): Promise<void> {
  const forms = files.flatMap(({ place, bytes, br, gzip: gz }) => {
    const file = join(dir, fileOf(place))
    return [
      { file, bytes },
      ...(br ? [{ file: `${file}.br`, bytes: br }] : []),
      ...(gz ? [{ file: `${file}.gz`, bytes: gz }] : []),
    ]
  })
  await replaceFiles(dir, forms, files.length <= flushedMax)
}

/** Where drafts lie until all of a write are whole: one folder, so that what a killed writer left is found without a search. */
export const draftsFolder = '.drafts'
/** A draft of this age is no living writer's: a write takes seconds. In milliseconds. */
const abandonedAfterMs = hourMs

/** Writes each below `root` under a name that nobody else has, then renames all. */
export async function replaceFiles(
  root: string,
  forms: { file: string; bytes: Buffer | string }[],
  flush: boolean,
): Promise<void> {
  const folder = join(root, draftsFolder)
  await mkdir(folder, { recursive: true })
  const drafts = forms.map(({ file, bytes }) => ({ file, bytes, draft: join(folder, `${newId()}.tmp`) }))
  const write = async ({ file, draft, bytes }: (typeof drafts)[number]) => {
    await mkdir(dirname(file), { recursive: true })
    const handle = await open(draft, 'wx')
    try {
      await handle.writeFile(bytes)
      if (flush) await handle.datasync()
    } finally {
      await handle.close()
    }
  }
  try {
    await everyOne(drafts.map(write))
    await everyOne(drafts.map(({ draft, file }) => rename(draft, file)))
  } catch (error) {
    await Promise.all(drafts.map(({ draft }) => rm(draft, { force: true })))
    throw error
  }
  if (forms[0]) await removeAbandoned(folder, forms[0].file)
}

/** Waits for all of them, whatever becomes of one; throws what the first threw. */
async function everyOne(steps: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(steps)) if (result.status === 'rejected') throw result.reason
}

/**
 * Takes away what killed writers left, and nothing that another one may be writing. How old a draft is, is told by the
 * file system's clock, which stamped `fresh` just now. What cannot be taken away stays: the write itself is done.
 */
async function removeAbandoned(folder: string, fresh: string): Promise<void> {
  const modified = async (file: string) => (await stat(file)).mtimeMs
  const look = async () => {
    const names = await readdir(folder)
    if (!names.length) return
    const now = await modified(fresh)
    for (const draft of names.map((name) => join(folder, name)))
      if (now - (await modified(draft)) > abandonedAfterMs) await rm(draft, { force: true })
  }
  await look().catch(() => {})
}

/** The errors that say that there is no such file. */
const absent = /^(?:ENOENT|ENOTDIR|EISDIR|ENAMETOOLONG)$/
const none = (error: NodeJS.ErrnoException) => {
  if (absent.test(error.code ?? '')) return null
  throw error
}

/** A page as it lies in the folder; null when it does not. */
export async function readForms(dir: string, place: string): Promise<Finished | null> {
  const file = join(dir, fileOf(place))
  const read = (end: string) => readFile(file + end).catch(none)
  const [bytes, br, gzip] = await Promise.all([read(''), read('.br'), read('.gz')])
  return bytes ? wholeOf(place, bytes, br, gzip) : null
}

/** A packed form that is not of these bytes (the machine lost its power between two renames) is left out. */
export function wholeOf(place: string, bytes: Buffer, br: Buffer | null, gzip: Buffer | null): Finished {
  const same = (form: Buffer | null, unpack: (form: Buffer) => Buffer) => {
    try {
      return form && unpack(form).equals(bytes) ? form : null
    } catch {
      return null
    }
  }
  return { place, bytes, br: same(br, brotliDecompressSync), gzip: same(gzip, gunzipSync), hash: hashOf(bytes) }
}

/** Takes away what is no longer public. */
export async function removeFiles(dir: string, places: string[]): Promise<void> {
  for (const place of places)
    for (const end of ['', '.br', '.gz']) await rm(join(dir, fileOf(place)) + end, { force: true })
}

/** What the published folder says of itself; written last. */
interface Revision {
  /** The identity of the record the pages were drawn from. */
  record: string
  /** Everything announced up to this number is in the files. */
  revision: number
  at: string
  /** The build, the company and the address the pages were drawn for. */
  build: string
  /** Whether first pages say that a copy is kept on separate hosting. */
  mirrored?: boolean
}

export const revisionFile = 'revision.json'

export async function readRevisionFile(dir: string): Promise<Revision | null> {
  try {
    return JSON.parse(await readFile(join(dir, revisionFile), 'utf8')) as Revision
  } catch {
    return null
  }
}

export const writeRevisionFile = (dir: string, revision: Revision): Promise<void> =>
  replaceFiles(dir, [{ file: join(dir, revisionFile), bytes: `${JSON.stringify(revision)}\n` }], true)
