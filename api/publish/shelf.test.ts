import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { finish, writeFiles } from './files.ts'
import { openShelf } from './shelf.ts'

const dir = mkdtempSync(join(tmpdir(), 'candor-shelf-'))
const page = (place: string, text = `This is ${place}.`) => finish(place, Buffer.from(text))
const incident = (n: number) => `/incidents/inci${String(n).padStart(8, '0')}/`
const many = 300

beforeAll(async () => {
  const places = ['/', '/feed.json', '/zh-CN/history/', '/api/v2/summary.json', '/assets/live.Ab12Cd34.js']
  const past = Array.from({ length: many }, (_, n) => incident(n))
  const months = ['/history/2026-11/', '/zh-CN/history/2026-11.json', '/sitemap-2026-11.xml']
  await writeFiles(dir, await Promise.all([...places, ...past, ...months].map((place) => page(place))))
})
afterAll(() => rmSync(dir, { recursive: true }))

it('takes first pages, feeds and JSON into memory at a start, and nothing that grows with history', () => {
  const shelf = openShelf(dir)
  for (const place of ['/', '/feed.json', '/zh-CN/history/', '/api/v2/summary.json', '/assets/live.Ab12Cd34.js'])
    expect(shelf.held(place)?.bytes.toString(), place).toBe(`This is ${place}.`)
  for (const place of [incident(1), '/history/2026-11/', '/zh-CN/history/2026-11.json', '/sitemap-2026-11.xml']) {
    expect(shelf.held(place), place).toBeNull()
    expect(shelf.has(place), place).toBe(true)
  }
})

it('stays within its bytes however much of a long past is read or published, and forgets what was read longest ago', async () => {
  const firstPages = openShelf(dir).bytes()
  const one = 1_024 + 200
  const shelf = openShelf(dir, firstPages + 10 * one)
  for (let n = 0; n < many; n++) {
    expect((await shelf.find(incident(n)))?.bytes.toString()).toBe(`This is ${incident(n)}.`)
    await shelf.find(incident(0))
    expect(shelf.bytes()).toBeLessThanOrEqual(firstPages + 10 * one)
  }
  expect(shelf.held(incident(0)), 'what is read over and over').not.toBeNull()
  expect(shelf.held(incident(many - 1))).not.toBeNull()
  expect(shelf.held(incident(many - 20))).toBeNull()
  expect(shelf.held('/'), 'first pages stay').not.toBeNull()
  for (let n = 0; n < many; n++) shelf.show([await page(incident(n), 'Anew.')], [])
  expect(shelf.bytes()).toBeLessThanOrEqual(firstPages + 10 * one)
})

it('what was shown or hidden while its file was being read stands, not what was read', async () => {
  const shelf = openShelf(dir)
  const [shown, gone] = [shelf.find(incident(1)), shelf.find(incident(2))]
  shelf.show([await page(incident(1), 'Anew.')], [incident(2)])
  expect((await shown)?.bytes.toString()).toBe('Anew.')
  expect(await gone).toBeNull()
  expect(await shelf.find(incident(2)), 'its file is still there').toBeNull()
  expect(shelf.has(incident(2))).toBe(false)
  shelf.show([await page(incident(2), 'Public again.')], [])
  expect((await shelf.find(incident(2)))?.bytes.toString()).toBe('Public again.')
})

it('asked by many at once, reads a file once, and says that there is none as often', async () => {
  const shelf = openShelf(dir)
  const pages = await Promise.all(Array.from({ length: 50 }, () => shelf.find(incident(3))))
  expect(new Set(pages).size).toBe(1)
  const nothing = await Promise.all(Array.from({ length: 50 }, () => shelf.find('/incidents/nothing/')))
  expect(new Set(nothing)).toEqual(new Set([null]))
})

it('a packed form that is of another text than the page is never answered', async () => {
  const other = await page(incident(5), 'Another text.')
  const file = join(dir, incident(4).slice(1), 'index.html')
  writeFileSync(`${file}.br`, other.br!)
  writeFileSync(`${file}.gz`, readFileSync(`${file}.gz`).subarray(0, 12))
  expect(await openShelf(dir).find(incident(4))).toMatchObject({ br: null, gzip: null, encodings: ['identity'] })
})

it('looks up no name in the folder but those of places', async () => {
  const shelf = openShelf(dir)
  const names = [
    '/revision.json',
    '/index.html',
    '/incidents/',
    '/incidents/../feed.json',
    '/incidents/..',
    '/history/x.json.br',
  ]
  for (const name of [
    ...names,
    `${incident(6)}index.html`,
    `${incident(6)}index.html.br`,
    '/incidents//',
    '//incidents/a/',
  ])
    expect([name, await shelf.find(name)]).toEqual([name, null])
})
