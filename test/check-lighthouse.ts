import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { locales } from '#content/locales.ts'
import { states } from './pages/states.ts'
import { exploreDemonstration } from './pages/world.ts'
import { findChromium, launchBrowser } from './support/chromium.ts'
import { freePort } from './support/postgres.ts'
import { startRunning } from './support/program.ts'

// `npm run check:lighthouse` starts the demonstration and lets Lighthouse look at its main pages as a phone on a slow line
// sees them, in every language, five times each; the median counts. Lighthouse is as large as everything else this
// project is developed with, so npm fetches it for this command alone. Other programs that work beside it lower the first
// figure. Names of states as arguments look at these alone; --times=1 is quicker.
const lighthouse = 'lighthouse@13.5.0'
const reach = { performance: 99, accessibility: 100, 'best-practices': 100, seo: 100 }
type Category = keyof typeof reach
const categories = Object.keys(reach) as Category[]
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '5' } },
})
const names = positionals.length ? positionals : ['home', 'incident', 'history', 'subscribe']
const run = promisify(execFile)
/** How often one look is begun before the command gives up. */
const triesMax = 3

const dataDir = mkdtempSync(join(tmpdir(), 'candor-lighthouse-'))
const program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: dataDir }, await freePort())
const { executablePath, args } = await findChromium()
let missed = 0
try {
  const browser = await launchBrowser()
  const world = await exploreDemonstration(browser, program)
  await browser.close()
  console.log(['page'.padEnd(20), ...categories].join('  '))
  for (const name of names)
    for (const locale of locales) {
      const path = states.find((state) => state.name === name)?.path
      if (path === undefined) throw new Error(`No state is called ${name}.`)
      const place = typeof path === 'string' ? path : await path(world, locale)
      const url = `${world.address}${locale === 'en' ? '' : `/${locale}`}${place}`
      const all: Record<Category, number>[] = []
      for (let i = 0; i < Number(values.times); i++) all.push(await look(url))
      const shown = categories.map((category) => {
        const scores = all.map((one) => one[category]).sort((a, b) => a - b)
        const median = scores[Math.floor(scores.length / 2)]!
        if (median < reach[category]) missed++
        return `${median}${median < reach[category] ? ' missed' : ''}`.padEnd(category.length)
      })
      console.log([`${name} ${locale}`.padEnd(20), ...shown].join('  '))
    }
} finally {
  await program.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exit(missed ? 1 : 0)

/** One look at a page; says which of its audits cost points. */
async function look(url: string): Promise<Record<Category, number>> {
  const report = join(dataDir, 'lighthouse.json')
  const chrome = ['--headless=new', ...args].join(' ')
  const call = ['exec', '--yes', `--package=${lighthouse}`, '--', 'lighthouse', url, '--quiet', '--output=json']
  const options = [`--output-path=${report}`, `--only-categories=${categories.join(',')}`, `--chrome-flags=${chrome}`]
  const env = { ...process.env, CHROME_PATH: executablePath }
  // On a busy machine the browser's recording can begin too late, and Lighthouse asks to be run again.
  for (let left = triesMax; left > 0; left--)
    try {
      await run('npm', [...call, ...options], { env })
      break
    } catch (error) {
      if (left === 1 || !String(error).includes('run Lighthouse again')) throw error
    }
  const result = JSON.parse(readFileSync(report, 'utf8')) as {
    categories: Record<Category, { score: number; auditRefs: { id: string; weight: number }[] }>
    audits: Record<string, { score: number | null; title: string }>
  }
  const scores = {} as Record<Category, number>
  for (const category of categories) {
    const { score, auditRefs } = result.categories[category]
    scores[category] = Math.round(score * 100)
    if (scores[category] < reach[category])
      for (const { id, weight } of auditRefs) {
        const audit = result.audits[id]
        if (weight && audit && audit.score !== null && audit.score < 0.9) console.log(`  ${url} ${id}: ${audit.title}`)
      }
  }
  return scores
}
