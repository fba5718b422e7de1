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
// data/screenshots, and the README's own picture is drawn anew. With --all every page there is is pictured, of the public
// and of the desk, on the worst evening and again when all is well.
const { positionals, values } = parseArgs({ allowPositionals: true, options: { all: { type: 'boolean' } } })
const dir = resolve(positionals[0] ?? 'data/screenshots')
const readmePicture = positionals[0] ? null : resolve(import.meta.dirname, '../../content/demo/page.png')
interface Page {
  name: string
  /** Below the language's own part. */
  path: string
  /** Of the desk, which has one address for all languages. */
  desk?: boolean
  /** Answers that there is no such page. */
  missing?: boolean
}
interface Found {
  incident: string
  maintenance: string
  letter: string
  month: string
}
type Session = Awaited<ReturnType<typeof signIn>>

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
  let pictures = await picture('', values.all ? everyPage(await found(program, session, incident)) : fewPages(incident))
  if (readmePicture) {
    const page = await browser.newPage({ locale: 'en', colorScheme: 'light', viewport: { width: 1_280, height: 960 } })
    await page.goto(`${program.address}/`)
    await page.screenshot({ path: readmePicture })
  }
  if (values.all) {
    await resolveAll(
      program,
      status.open.map(({ id }) => id),
    )
    pictures += await picture('calm-', everyPage(await found(program, session, incident)))
  }
  console.log(`${pictures} pictures lie in ${dir}.`)

  /** Pictures of these pages in every language, scheme and width; gives how many. */
  async function picture(when: string, pages: Page[]): Promise<number> {
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
          for (const { name, path, desk, missing } of pages) {
            const answer = await page.goto(`${program.address}${desk || locale === 'en' ? '' : `/${locale}`}${path}`)
            if (!answer || answer.ok() === Boolean(missing))
              throw new Error(`${page.url()} answered ${answer?.status()}.`)
            // The desk keeps its buttons at the foot of the window, which a picture of the whole page would show in its middle.
            const fullPage = !page.url().includes('/admin/')
            await page.screenshot({ path: join(dir, `${when}${name}-${locale}-${colorScheme}-${width}.png`), fullPage })
          }
          await context.close()
        }
    return pages.length * languages.length * schemes.length * widths.length
  }
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

function fewPages(incident: string): Page[] {
  return [
    { name: 'home', path: '/' },
    { name: 'incident', path: `/incidents/${incident}/` },
    { name: 'history', path: '/history/' },
    { name: 'subscribe', path: '/subscribe/' },
    { name: 'desk', path: '/admin', desk: true },
    { name: 'composer', path: `/admin/incidents/${incident}`, desk: true },
    { name: 'letters', path: '/admin/letters', desk: true },
  ]
}

/** Every page that can be opened without a link of one's own. */
function everyPage({ incident, maintenance, letter, month }: Found): Page[] {
  return [
    ...fewPages(incident),
    { name: 'month', path: `/history/${month}/` },
    { name: 'uptime', path: '/uptime/' },
    { name: 'maintenance', path: `/maintenance/${maintenance}/` },
    { name: 'api-docs', path: '/api/docs/' },
    { name: 'check', path: '/subscribe/check/' },
    { name: 'manage', path: '/subscribe/manage/' },
    { name: 'how-we-communicate', path: '/how-we-communicate/' },
    { name: 'privacy', path: '/privacy/' },
    { name: 'missing', path: '/no-such-page/', missing: true },
    { name: 'new-incident', path: '/admin/incidents/new', desk: true },
    { name: 'ledger', path: `/admin/incidents/${incident}/deliveries`, desk: true },
    { name: 'letter', path: letter, desk: true },
    ...['search', 'alarms', 'audit', 'account', 'subscribers', 'components', 'people', 'tokens'].map((name) => ({
      name,
      path: `/admin/${name}`,
      desk: true,
    })),
  ]
}

/** The addresses that only the running program knows. */
async function found({ address }: Running, session: Session, incident: string): Promise<Found> {
  const status = (await (await fetch(`${address}/api/v1/status`)).json()) as {
    at: string
    maintenances: { id: string }[]
  }
  const context = await browser.newContext({ storageState: session })
  const page = await context.newPage()
  await page.goto(`${address}/admin/letters`)
  const letter = await page.locator('tbody a').first().getAttribute('href')
  await context.close()
  const maintenance = status.maintenances[0]?.id
  if (!letter || !maintenance) throw new Error('The demonstration has no letter or no maintenance to picture.')
  return { incident, maintenance, letter, month: status.at.slice(0, 7) }
}

/** Resolves incidents with the token that was printed, so that the page is calm. */
async function resolveAll({ address, printed }: Running, incidents: string[]): Promise<void> {
  const token = /^API token +(\S+)$/m.exec(printed())?.[1]
  for (const id of incidents) {
    const answer = await fetch(`${address}/api/v1/incidents/${id}/updates`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({
        status: 'resolved',
        body: { en: 'Orders go through again.', 'zh-CN': '下单已恢复正常。' },
      }),
    })
    if (!answer.ok) throw new Error(`Resolving answered ${answer.status}: ${await answer.text()}`)
  }
  // Until the calm page is out.
  for (let tries = 0; tries < 100; tries++) {
    const { open } = (await (await fetch(`${address}/api/v1/status`)).json()) as { open: unknown[] }
    if (open.length === 0) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
