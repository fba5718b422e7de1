import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../support/chromium.ts'
import { freePort } from '../support/postgres.ts'
import { type Running, startRunning } from '../support/program.ts'

// `npm run screenshots -- DIR` starts the demonstration on a folder of its own and writes what people see, as PNG files:
// each page in both languages, light and dark, on a phone (360) and on a desk (1280). Without DIR they go to
// data/screenshots, and the README's own picture is drawn anew.
const { positionals } = parseArgs({ allowPositionals: true })
const dir = resolve(positionals[0] ?? 'data/screenshots')
const readmePicture = positionals[0] ? null : resolve(import.meta.dirname, '../../content/demo/page.png')
const languages = ['en', 'zh-CN'] as const
const schemes = ['light', 'dark'] as const
const widths = [360, 1_280]

const dataDir = mkdtempSync(join(tmpdir(), 'candor-pictures-'))
mkdirSync(dir, { recursive: true })
const program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: dataDir }, await freePort())
const browser = await launchBrowser()
try {
  const session = await signIn(browser, program)
  const status = (await (await fetch(`${program.address}/api/v1/status`)).json()) as { open: { id: string }[] }
  const incident = status.open[0]!.id
  const pages: [string, (prefix: string) => string][] = [
    ['home', (prefix) => `${prefix}/`],
    ['incident', (prefix) => `${prefix}/incidents/${incident}/`],
    ['history', (prefix) => `${prefix}/history/`],
    ['subscribe', (prefix) => `${prefix}/subscribe/`],
    ['desk', () => '/admin/'],
    ['composer', () => `/admin/incidents/${incident}/`],
    ['letters', () => '/admin/letters/'],
  ]
  for (const locale of languages)
    for (const colorScheme of schemes)
      for (const width of widths) {
        const context = await browser.newContext({
          locale,
          colorScheme,
          viewport: { width, height: width < 600 ? 780 : 900 },
          storageState: session,
        })
        const page = await context.newPage()
        for (const [name, path] of pages) {
          const answer = await page.goto(`${program.address}${path(locale === 'en' ? '' : `/${locale}`)}`)
          if (!answer?.ok()) throw new Error(`${page.url()} answered ${answer?.status()}.`)
          // The desk keeps its buttons at the foot of the window, which a picture of the whole page would show in its middle.
          const fullPage = !page.url().includes('/admin/')
          await page.screenshot({ path: join(dir, `${name}-${locale}-${colorScheme}-${width}.png`), fullPage })
        }
        await context.close()
      }
  if (readmePicture) {
    const page = await browser.newPage({ locale: 'en', colorScheme: 'light', viewport: { width: 1_280, height: 960 } })
    await page.goto(`${program.address}/`)
    await page.screenshot({ path: readmePicture })
  }
  console.log(`${pages.length * languages.length * schemes.length * widths.length} pictures lie in ${dir}.`)
} finally {
  await browser.close()
  await program.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exit(0)

/** Signs in with what the demonstration printed, through the form. */
async function signIn(browser: Browser, { address, printed }: Running) {
  const [, , email, password] = /^Admin +(\S+) +(\S+) +(\S+)$/m.exec(printed())?.map(String) ?? []
  if (!email || !password) throw new Error(`The demonstration printed no login:\n${printed()}`)
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${address}/admin/sign-in`)
  await page.fill('input[type=email]', email)
  await page.fill('input[type=password]', password)
  await Promise.all([page.waitForURL((url) => !url.pathname.includes('sign-in')), page.click('button.main')])
  const state = await context.storageState()
  await context.close()
  return state
}
