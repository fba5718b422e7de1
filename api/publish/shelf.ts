import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Finished, readForms, wholeOf } from './files.ts'
import type { Encoding } from './headers.ts'
import { fileOf, holdsGrowing, isGrowing, placeOf } from './places.ts'

/** Memory that published pages may take, in bytes; what does not fit is read from the folder when it is asked for. */
const memoryBytesMax = 64 * 1024 * 1024
/** What a page takes besides its bytes: its name, its place in a list, up to three buffers. */
const overheadBytes = 1_024

/** A page in memory, and the encodings it has. */
export interface Held extends Finished {
  encodings: Encoding[]
}

/**
 * What of the published folder is in memory. First pages, feeds and JSON always are. What grows with the years (single
 * incidents, months, feeds of one service) is while it is new or read, and read from the folder otherwise: nothing here
 * grows with history, not even a list of names.
 */
export interface Shelf {
  /** What is in memory. */
  held(place: string): Held | null
  /** The same, or what lies in the folder; null when there is nothing. Rejects when the disk cannot be read. */
  find(place: string): Promise<Held | null>
  /** Whether there is something, in memory or in the folder. */
  has(place: string): boolean
  /** Takes over finished files, and hides removed ones, in one step. */
  show(files: Finished[], gone?: string[]): void
  /** Bytes that pages take now. */
  bytes(): number
}

/** Files that are no place of their own. */
const inner = /\.(?:br|gz|tmp)$|\/index\.html$|^\/revision\.json$/

/** Opens the shelf on a folder, with first pages, feeds and JSON in memory. `bytesMax` is for what may leave it again. */
export function openShelf(dir: string, bytesMax = memoryBytesMax): Shelf {
  const first = new Map<string, Held>()
  /** The least lately read or shown comes first. */
  const others = new Map<string, Held>()
  /** What is no longer public, though its file may still be there. */
  const hidden = new Set<string>()
  /** What is being read from the folder; stale when it was shown or hidden meanwhile. */
  const underWay = new Map<string, Reading>()
  let bytes = 0

  const release = (place: string) => {
    for (const held of [first, others]) {
      const page = held.get(place)
      if (page) bytes -= sizeOf(page)
      held.delete(place)
    }
  }
  const hold = (file: Finished): Held => {
    release(file.place)
    const page = { ...file, encodings: encodingsOf(file) }
    const to = isGrowing(file.place) ? others : first
    to.set(file.place, page)
    bytes += sizeOf(page)
    for (const place of others.keys()) {
      if (bytes <= bytesMax) break
      release(place)
    }
    return page
  }
  const held = (place: string): Held | null => {
    const always = first.get(place)
    if (always) return always
    const page = others.get(place)
    if (!page) return null
    others.delete(place)
    others.set(place, page)
    return page
  }
  const maybe = (place: string) => isGrowing(place) && !hidden.has(place) && !inner.test(place)
  const read = (place: string): Reading => {
    const reading: Reading = { stale: false, page: Promise.resolve(null) }
    reading.page = readForms(dir, place)
      .then((file) => (file && !reading.stale ? hold(file) : null))
      .finally(() => {
        if (underWay.get(place) === reading) underWay.delete(place)
      })
    underWay.set(place, reading)
    return reading
  }
  const find = async (place: string): Promise<Held | null> => {
    const page = held(place)
    if (page || !maybe(place)) return page
    const reading = underWay.get(place) ?? read(place)
    const found = await reading.page
    return reading.stale ? find(place) : found
  }
  /** What is read from the folder now is older than what is shown or hidden now. */
  const outdate = (place: string) => {
    const reading = underWay.get(place)
    if (reading) reading.stale = true
    underWay.delete(place)
  }
  for (const file of firstFiles(dir)) hold(file)

  return {
    held,
    find,
    has: (place) => first.has(place) || others.has(place) || (maybe(place) && existsSync(join(dir, fileOf(place)))),
    show(files, gone = []) {
      for (const file of files) {
        outdate(file.place)
        hidden.delete(file.place)
        hold(file)
      }
      for (const place of gone) {
        outdate(place)
        hidden.add(place)
        release(place)
      }
    },
    bytes: () => bytes,
  }
}

interface Reading {
  stale: boolean
  page: Promise<Held | null>
}

const sizeOf = ({ bytes, br, gzip }: Finished) => bytes.length + (br?.length ?? 0) + (gzip?.length ?? 0) + overheadBytes
const encodingsOf = (file: Finished) =>
  (['br', 'gzip', 'identity'] as const).filter((name) => name === 'identity' || file[name])

/** What is always in memory, as it lies in the folder. */
function firstFiles(dir: string): Finished[] {
  const filesIn = (folder: string): string[] =>
    readdirSync(join(dir, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder + entry.name
      if (!entry.isDirectory()) return [path]
      return holdsGrowing(`/${path}/`) ? [`${path}/index.html`] : filesIn(`${path}/`)
    })
  const read = (path: string) => (existsSync(join(dir, path)) ? readFileSync(join(dir, path)) : null)
  const paths = existsSync(dir) ? filesIn('') : []
  return paths.flatMap((path) => {
    const place = placeOf(path)
    if (inner.test(place) || isGrowing(place)) return []
    const bytes = read(path)
    return bytes ? [wholeOf(place, bytes, read(`${path}.br`), read(`${path}.gz`))] : []
  })
}
