import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { locales } from '#content/locales.ts'
import { browser, newPage } from '../support/browser.ts'
import { freePort } from '../support/postgres.ts'
import { type Running, startRunning } from '../support/program.ts'
import { roomForTests } from '../support/room.ts'
import { accessFaults, markupFaults } from './checks.ts'
import { states, visit } from './states.ts'
import { exploreDemonstration, type World } from './world.ts'

// Every address once, in one language or the other, on a phone: what `npm run check:pages` does in every state, in both
// languages and on both screens.
const dataDir = mkdtempSync(join(roomForTests(), 'candor-pages-'))
let program: Running
let world: World
beforeAll(async () => {
  program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: dataDir }, await freePort())
  world = await exploreDemonstration(await browser(), program)
})
afterAll(async () => {
  await program.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const plain = states.filter(({ act, path, stranger }) => !act && !stranger && !/Link/.test(String(path)))

/** Every page there is, as a pattern of its address below the language's part. */
const pages = readdirSync(join(import.meta.dirname, '../../src/pages'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.astro'))
  .map((file) => `/${file.replace(/\.astro$/, '').replace(/(^|\/)index$/, '')}`.replace('/[...locale]', '') || '/')

it('every page there is stands in the list', async () => {
  const somewhere = new Proxy({} as World, {
    get: (_, name) =>
      /Link$/.test(String(name))
        ? () => `/${String(name) === 'welcomeLink' ? 'admin/welcome' : 'subscribe/confirm'}/x`
        : 'x',
  })
  const paths = await Promise.all(states.map(({ path }) => (typeof path === 'string' ? path : path(somewhere, 'en'))))
  const opened = paths.map((path) => path.replace(/\?.*$/, '').replace(/(.)\/$/, '$1'))
  const isOpened = (page: string) => {
    const shape = new RegExp(`^${page.replace(/\[\w+\]/g, '[^/]+')}$`)
    return opened.some((path) => shape.test(path))
  }
  // What is shown in place of another page, answers a form or leads on is met on the way.
  const met = ['/404', '/500', '/admin/missing', '/admin/unavailable', '/subscriptions', '/i/[code]']
  expect(pages.filter((page) => !met.includes(page) && !isOpened(page))).toEqual([])
})

it('every page is without fault for axe, in light and dark, and for html-validate', async () => {
  const found: string[] = []
  const desks = locales.map((locale) =>
    newPage({ locale, storageState: world.session, viewport: { width: 360, height: 780 } }),
  )
  for (const [i, state] of plain.entries()) {
    const locale = locales[i % locales.length]!
    const { page } = (await desks[i % locales.length])!
    await page.emulateMedia({ colorScheme: 'light' })
    const faults = await markupFaults(await visit(page, world, state, locale))
    faults.push(...(await accessFaults(page)))
    await page.emulateMedia({ colorScheme: 'dark' })
    faults.push(...(await accessFaults(page, ['color-contrast'])))
    found.push(...faults.map((fault) => `${state.name} (${locale}): ${fault}`))
  }
  expect(plain.length).toBeGreaterThan(35)
  expect(found).toEqual([])
}, 180_000)
