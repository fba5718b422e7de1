import { createHash } from 'node:crypto'
import { locales } from '#content/locales.ts'
import { isGrowing, placeOf } from './places.ts'
import { inSteps, type Store } from './store.ts'

/** What a copy says of itself, in the copy: its files and what they held when they were last verified. */
export const listFile = 'candor-copy.json'
/**
 * What grows with history (single incidents, months) is listed in parts, so that what is written for one update stays as
 * small as it was: with ten thousand incidents a part has some forty names.
 */
const partsFolder = 'candor-copy/'
const parts = 1_024
/** Which parts there are: a store need not be able to tell. */
const partsFile = `${partsFolder}parts.json`

/** Whether a path is one of the lists, of which no list speaks. */
export const isList = (path: string): boolean => path === listFile || path.startsWith(partsFolder)

const inLanguage = new RegExp(`^/(?:${locales.join('|')})(?=/)`)

/** The list in which a file stands. All files of one incident stand in the same. */
export function listOf(path: string): string {
  const place = placeOf(path.replace(/\.(?:br|gz)$/, ''))
  if (!isGrowing(place)) return listFile
  const [of = ''] = /^(?:\/[^/.]+){1,2}/.exec(place.replace(inLanguage, '')) ?? []
  const number = createHash('sha256').update(of).digest().readUInt16BE() % parts
  return partNamed(number.toString(16).padStart(3, '0'))
}
const partNamed = (name: string) => `${partsFolder}${name}.json`
const nameOf = (list: string) => list.slice(partsFolder.length, -'.json'.length)

/** The lists of a copy: what each of its files held when it was last verified, or '' when that is not known. */
export interface Lists {
  get(path: string): string | undefined
  set(path: string, hash: string): void
  delete(path: string): void
  /** Reads the lists in which these stand. Nothing else may be asked of a path before. */
  load(paths: Iterable<string>): Promise<void>
  /** Writes down what changed. */
  save(): Promise<void>
  /** Saves, and lets go of every part: what is kept in memory does not grow with history. */
  leave(): Promise<void>
  /** Paths that do not grow with history. */
  standing(): string[]
  /** Every path that is listed; parts are read and let go of one after the other. */
  all(): Promise<string[]>
}

/** Reads the lists of a copy. Throws a sentence when something else lies in its place. */
export async function openLists(store: Store): Promise<Lists> {
  const parsed = async <T>(path: string): Promise<T | null> => {
    const bytes = await store.read(path)
    return bytes && (JSON.parse(bytes.toString('utf8')) as T)
  }
  const read = async (list: string) => new Map(Object.entries((await parsed<Record<string, string>>(list)) ?? {}))
  const first = await parsed<Record<string, string>>(listFile)
  if (!first && (await store.used()))
    throw new Error('Something else lies there already. Give an empty place, or one that holds an earlier copy.')
  const main = new Map(Object.entries(first ?? {}))
  const there = new Set(((first && (await parsed<string[]>(partsFile))) ?? []).map(partNamed))
  const loaded = new Map([[listFile, main]])
  const changed = new Set<string>()
  const ofPath = (path: string): Map<string, string> => {
    const list = loaded.get(listOf(path))
    if (!list) throw new Error(`The list of ${path} was not read.`)
    return list
  }
  const save = async () => {
    const written = (path: string, value: unknown) => ({ path, bytes: Buffer.from(`${JSON.stringify(value)}\n`) })
    const lists = [...changed]
    const fresh = lists.filter((list) => list !== listFile && !there.has(list))
    for (const list of fresh) there.add(list)
    // A part that is named and not there is empty; one that is there and not named would be lost.
    if (fresh.length) await store.write([written(partsFile, [...there].map(nameOf))])
    await store.write(lists.map((list) => written(list, Object.fromEntries(loaded.get(list) ?? []))))
    changed.clear()
  }
  const leave = async () => {
    await save()
    for (const list of loaded.keys()) if (list !== listFile) loaded.delete(list)
  }
  const load = (paths: Iterable<string>) => {
    const missing = [...new Set([...paths].map(listOf))].filter((list) => !loaded.has(list))
    return inSteps(missing, async (list) => {
      loaded.set(list, there.has(list) ? await read(list) : new Map())
    })
  }
  const lists: Lists = {
    get: (path) => ofPath(path).get(path),
    set(path, hash) {
      if (ofPath(path).get(path) === hash) return
      ofPath(path).set(path, hash)
      changed.add(listOf(path))
    },
    delete(path) {
      if (ofPath(path).delete(path)) changed.add(listOf(path))
    },
    load,
    save,
    leave,
    standing: () => [...main.keys()],
    async all() {
      const found = [...main.keys()]
      await inSteps([...there], async (list) => {
        found.push(...(await read(list)).keys())
      })
      return found
    },
  }
  // An earlier form of a copy had one list for all.
  const misplaced = [...main].filter(([path]) => listOf(path) !== listFile)
  await load(misplaced.map(([path]) => path))
  for (const [path, hash] of misplaced) {
    lists.set(path, hash)
    main.delete(path)
    changed.add(listFile)
  }
  await leave()
  return lists
}
