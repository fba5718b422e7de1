import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { locales } from '#content/locales.ts'
import { accessFaults, markupFaults } from './pages/checks.ts'
import { states, visit } from './pages/states.ts'
import { exploreDemonstration, type World } from './pages/world.ts'
import { launchBrowser } from './support/chromium.ts'
import { freePort } from './support/postgres.ts'
import { startRunning } from './support/program.ts'

// `npm run check:pages` starts the demonstration and looks at every page in every state with axe and html-validate: in
// every language, light and dark, on a phone and at a desk, on the worst evening and when all is well; then at every
// document that was published. Names of states as arguments look at these alone.
const schemes = ['light', 'dark'] as const
const widths = [360, 1_280]
const narrowest = 320
/** How long a page may take for what is done on it, in milliseconds. */
const waitMs = 15_000
const { positionals: wanted, values } = parseArgs({ allowPositionals: true, options: { fast: { type: 'boolean' } } })
const chosen = states.filter(({ name }) => !wanted.length || wanted.includes(name))

const dataDir = mkdtempSync(join(tmpdir(), 'candor-pages-'))
const program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: dataDir }, await freePort())
const browser = await launchBrowser()
const faults = new Map<string, string[]>()
const counts = { axe: 0, documents: 0 }
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
  `${counts.axe} times axe, ${counts.documents} documents by html-validate: ${faults.size ? `${faults.size} different faults` : '0 faults'}.`,
)
process.exit(faults.size ? 1 : 0)

async function look(world: World, when: string): Promise<void> {
  for (const locale of values.fast ? (['en'] as const) : locales)
    for (const state of chosen) {
      const context = await browser.newContext({ locale, ...(!state.stranger && { storageState: world.session }) })
      const page = await context.newPage()
      page.setDefaultTimeout(waitMs)
      const place = `${when} ${state.name} ${locale}`
      try {
        await note(await markupFaults(await visit(page, world, state, locale)), place)
        counts.documents++
        for (const width of [narrowest, ...widths]) {
          await page.setViewportSize({ width, height: 900 })
          const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
          if (wider > 0) note([`wider than a screen of ${width} pixels by ${wider}`], place)
        }
        for (const width of widths) {
          await page.setViewportSize({ width, height: 900 })
          for (const colorScheme of schemes) {
            await page.emulateMedia({ colorScheme })
            counts.axe++
            await note(await accessFaults(page), `${place} ${colorScheme} ${width}`)
          }
        }
      } catch (error) {
        await note([(error as Error).message], place)
      }
      await context.close()
    }
}

/** Every document in a folder. */
async function lookAtFiles(dir: string): Promise<void> {
  for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'))) {
    counts.documents++
    await note(await markupFaults(readFileSync(join(dir, file), 'utf8')), file)
  }
}

function note(found: string[], place: string): void {
  for (const fault of found) {
    if (!faults.has(fault)) console.log(`${place}: ${fault}`)
    faults.set(fault, [...(faults.get(fault) ?? []), place])
  }
}
