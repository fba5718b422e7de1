import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openCopy } from './copy.ts'
import { isList, listFile } from './copy-lists.ts'
import { finish, hashOf, removeFiles, writeFiles } from './files.ts'
import { folderStore, type Store } from './store.ts'

/** A store in memory that counts what is asked of it. */
function countingStore() {
  const files = new Map<string, Buffer>()
  let [requests, bytes] = [0, 0]
  const store: Store = {
    served: false,
    used: async () => files.size > 0,
    async read(path) {
      requests++
      return files.get(path) ?? null
    },
    async write(list) {
      for (const file of list) {
        requests++
        bytes += file.bytes.length
        files.set(file.path, file.bytes)
      }
    },
    async remove(paths) {
      for (const path of paths) {
        requests++
        files.delete(path)
      }
    },
  }
  return {
    files,
    store,
    counted() {
      const cost = { requests, bytes }
      requests = bytes = 0
      return cost
    },
  }
}
const idOf = (number: number) => `inci${String(number).padStart(8, '0')}`
const pageOf = (number: number) => `/incidents/${idOf(number)}/`
const publish = (dir: string, places: string[], words: string) =>
  writeFiles(
    dir,
    places.map((place) => {
      const bytes = Buffer.from(`${words} ${place}`)
      return { place, bytes, br: null, gzip: null, hash: hashOf(bytes) }
    }),
  )
const pathOf = (place: string) => `${place.slice(1)}index.html`

it('a copy that keeps something else than it was sent is never taken for verified', async () => {
  const room = mkdtempSync(join(tmpdir(), 'candor-copy-'))
  const dir = join(room, 'published')
  await writeFiles(dir, [await finish('/', Buffer.from('All is well.'))])
  const sound = folderStore(join(room, 'copy'))
  let spoils = true
  const spoiled: typeof sound.write = (files) =>
    sound.write(files.map((file) => (file.path === 'index.html' ? { ...file, bytes: file.bytes.subarray(1) } : file)))
  const store: typeof sound = { ...sound, write: (files) => (spoils ? spoiled(files) : sound.write(files)) }
  await expect(openCopy(dir, store, []).update('everything')).rejects.toThrow(/reads back otherwise than it was sent/)
  spoils = false
  await openCopy(dir, store, []).update('everything')
  expect((await store.read('index.html'))?.toString()).toBe('All is well.')
  rmSync(room, { recursive: true })
})

it('what one publish costs a copy does not grow with history: as many requests, and as much to write', async () => {
  const costOf = async (past: number) => {
    const dir = mkdtempSync(join(tmpdir(), 'candor-copy-'))
    const { store, counted, files } = countingStore()
    const copy = openCopy(dir, store)
    await publish(dir, ['/', ...Array.from({ length: past }, (_, number) => pageOf(number))], 'Well.')
    await copy.update('everything')
    expect([...files.keys()].filter((path) => !isList(path))).toHaveLength(past + 1)
    counted()
    const news = ['/', pageOf(1), pageOf(past)]
    await publish(dir, news, 'News.')
    expect(await copy.update(news.map(pathOf))).toMatchObject({ sent: 3, removed: 0 })
    rmSync(dir, { recursive: true })
    return counted()
  }
  const [short, long] = [await costOf(10), await costOf(400)]
  expect(long.requests).toBeLessThanOrEqual(short.requests)
  // A list of everything would be 25,000 bytes longer; a part that is shared has a few names more.
  expect(long.bytes - short.bytes).toBeLessThan(5_000)
})

it('a copy that an earlier version made is taken over: nothing is sent twice, and what is gone goes', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'candor-copy-'))
  const places = ['/', pageOf(1), pageOf(2)]
  await publish(dir, places, 'Well.')
  const { store, files } = countingStore()
  for (const place of places) files.set(pathOf(place), Buffer.from(`Well. ${place}`))
  const list = Object.fromEntries([...files].map(([path, bytes]) => [path, hashOf(bytes)]))
  files.set(listFile, Buffer.from(JSON.stringify(list)))
  await removeFiles(dir, [pageOf(2)])
  expect(await openCopy(dir, store).update('everything')).toMatchObject({ sent: 0, removed: 1 })
  expect([...files.keys()].filter((path) => !isList(path)).sort()).toEqual([pathOf(pageOf(1)), 'index.html'])
  expect(await openCopy(dir, store).update('everything')).toMatchObject({ sent: 0, removed: 0 })
  rmSync(dir, { recursive: true })
})
