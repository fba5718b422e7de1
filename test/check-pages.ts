import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { type Locale, locales } from '#content/locales.ts'
import { accessFaults, coloursOnly, markupFaults, skeletonOf } from './pages/checks.ts'
import { type State, states, visit } from './pages/states.ts'
import { exploreDemonstration, type World } from './pages/world.ts'
import { launchBrowser } from './support/chromium.ts'
import { freePort } from './support/postgres.ts'
import { startRunning } from './support/program.ts'

// `npm run check:pages` starts the demonstration and looks at every page in every state with axe and html-validate: in
// every language, light and dark, on a phone and at a desk, on the worst evening and when all is well; then at every
// document that was published. Names of states as arguments look at these alone; --fast is the worst evening in one
// language. In the dark only the rules about colours can answer otherwise than in the light, so they alone are asked
// there. A page whose elements are, one by one, those of a page that was looked at in the same language is not asked again.
const widths = [360, 1_280]
const narrowest = 320
/** How long a page may take for what is done on it, in milliseconds: the machine has one more lane to carry. */
const waitMs = 30_000
/** How many pages are looked at at once: what is done to the record in one is nothing to the others. */
const lanes = 2
const { positionals: wanted, values } = parseArgs({ allowPositionals: true, options: { fast: { type: 'boolean' } } })
const chosen = states.filter(({ name }) => !wanted.length || wanted.includes(name))

const dataDir = mkdtempSync(join(tmpdir(), 'candor-pages-'))
const program = await startRunning(
  ['api/cli.ts', 'demo'],
  { DATA_DIR: dataDir, TRUSTED_PROXIES: '127.0.0.1' },
  await freePort(),
)
const browser = await launchBrowser()
const faults = new Map<string, string[]>()
const seen = new Set<string>()
const counts = { visits: 0, axe: 0, alike: 0, documents: 0 }
const began = performance.now()
try {
  const world = await exploreDemonstration(browser, program)
  await look(world, 'worst')
  if (!values.fast) await world.resolveAll()
  if (!values.fast) await look(world, 'calm')
  if (!wanted.length) await lookAtFiles(join(dataDir, 'published'))
} finally {
  await browser.close()
  await program.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
for (const [fault, places] of faults)
  console.log(`${fault}\n    ${places.length} times: ${places.slice(0, 4).join(', ')}`)
console.log(
  `${counts.visits} visits, ${counts.axe} times axe, ${counts.alike} pages like one before, ${counts.documents} documents by html-validate, in ${Math.round((performance.now() - began) / 1_000)} s: ${faults.size ? `${faults.size} different faults` : '0 faults'}.`,
)
process.exit(faults.size ? 1 : 0)

async function look(world: World, when: string): Promise<void> {
  const left = (values.fast ? locales.slice(0, 1) : locales).flatMap((locale) =>
    chosen.map((state) => ({ locale, state })),
  )
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) await lookAt(world, next.state, next.locale, when)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function lookAt(world: World, state: State, locale: Locale, when: string): Promise<void> {
  const context = await browser.newContext({ locale, ...(!state.stranger && { storageState: world.session }) })
  const page = await context.newPage()
  page.setDefaultTimeout(waitMs)
  const place = `${when} ${state.name} ${locale}`
  counts.visits++
  try {
    note(await markupFaults(await visit(page, world, state, locale)), place)
    counts.documents++
    for (const width of [narrowest, ...widths]) {
      await page.setViewportSize({ width, height: 900 })
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      if (wider > 0) note([`wider than a screen of ${width} pixels by ${wider}`], place)
    }
    const skeleton = `${locale} ${await skeletonOf(page)}`
    if (seen.has(skeleton)) counts.alike++
    else await ask(page, place)
    seen.add(skeleton)
  } catch (error) {
    note([(error as Error).message], place)
  }
  await context.close()
}

/** What axe says of a page, light and dark, in each width. */
async function ask(page: Page, place: string): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 })
    for (const [colorScheme, rules] of [['light'], ['dark', coloursOnly]] as const) {
      await page.emulateMedia({ colorScheme })
      counts.axe++
      note(await accessFaults(page, rules), `${place} ${colorScheme} ${width}`)
    }
  }
}

/** Every document in a folder. */
async function lookAtFiles(dir: string): Promise<void> {
  for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'))) {
    counts.documents++
    note(await markupFaults(readFileSync(join(dir, file), 'utf8')), file)
  }
}

function note(found: string[], place: string): void {
  for (const fault of found) {
    if (!faults.has(fault)) console.log(`${place}: ${fault}`)
    faults.set(fault, [...(faults.get(fault) ?? []), place])
  }
}
