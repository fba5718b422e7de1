import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Locale, locales } from '#content/locales.ts'
import { type State, states, visit } from '../pages/states.ts'
import { exploreDemonstration, type World } from '../pages/world.ts'
import { launchBrowser } from '../support/chromium.ts'
import { freePort } from '../support/postgres.ts'
import { startRunning } from '../support/program.ts'

// `npm run screenshots -- DIR` starts the demonstration on a folder of its own and writes what people see, as PNG files:
// each page in both languages, light and dark, on a phone (360) and on a desk (1280). Without DIR they go to
// data/screenshots, and the README's own picture is drawn anew. With --all every page in every state is pictured, of the
// public and of the desk, on the worst evening and again when all is well; names of states after DIR picture these alone.
// Pages that people print are pictured as paper shows them, too.
const { positionals, values } = parseArgs({ allowPositionals: true, options: { all: { type: 'boolean' } } })
const [folder, ...names] = positionals
const dir = resolve(folder ?? 'data/screenshots')
const readmePicture = folder ? null : resolve(import.meta.dirname, '../../content/demo/page.png')
const few = names.length
  ? names
  : ['home', 'incident', 'history', 'subscribe', 'desk', 'composer', 'composer-preview', 'letters']
const chosen = values.all ? states : states.filter(({ name }) => few.includes(name))
const printed = ['home', 'incident', 'history', 'statement']
const schemes = ['light', 'dark'] as const
const widths = [360, 1_280]

const dataDir = mkdtempSync(join(tmpdir(), 'candor-pictures-'))
mkdirSync(dir, { recursive: true })
const program = await startRunning(
  ['api/cli.ts', 'demo'],
  { DATA_DIR: dataDir, TRUSTED_PROXIES: '127.0.0.1' },
  await freePort(),
)
const browser = await launchBrowser()
let pictures = 0
try {
  const world = await exploreDemonstration(browser, program)
  if (readmePicture) {
    const page = await browser.newPage({ locale: 'en', colorScheme: 'light', viewport: { width: 1_280, height: 960 } })
    await page.goto(`${program.address}/`)
    await page.screenshot({ path: readmePicture })
  }
  await picture(world, '')
  if (values.all) {
    await world.resolveAll()
    await picture(world, 'calm-')
  }
  console.log(`${pictures} pictures lie in ${dir}.`)
} finally {
  await browser.close()
  await program.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exit(0)

/** Pictures of what was chosen in every language, scheme and width; the languages beside each other. */
async function picture(world: World, when: string): Promise<void> {
  await Promise.all(
    locales.map(async (locale) => {
      for (const state of chosen) await pictureOf(world, state, locale, when)
    }),
  )
}

async function pictureOf(world: World, state: State, locale: Locale, when: string): Promise<void> {
  const context = await browser.newContext({ locale, ...(!state.stranger && { storageState: world.session }) })
  const page = await context.newPage()
  await visit(page, world, state, locale)
  // The desk keeps its buttons at the foot of the window, which a picture of the whole page would show in its middle.
  const fullPage = !page.url().includes('/admin/')
  const shoot = (how: string) =>
    page.screenshot({ path: join(dir, `${when}${state.name}-${locale}-${how}.png`), fullPage })
  for (const width of widths) {
    await page.setViewportSize({ width, height: width < 600 ? 780 : 900 })
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme })
      await shoot(`${colorScheme}-${width}`)
      pictures++
    }
  }
  if (printed.includes(state.name)) {
    await page.emulateMedia({ media: 'print', colorScheme: 'light' })
    await page.setViewportSize({ width: 720, height: 1_000 })
    await shoot('print')
    pictures++
  }
  await context.close()
}
