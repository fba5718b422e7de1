import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let opened: Promise<Browser> | undefined

/** A real Chromium: CHROMIUM_PATH, else the system's own, else the one that comes with the development packages. */
export function browser(): Promise<Browser> {
  opened ??= launch()
  return opened
}

async function launch(): Promise<Browser> {
  const system = process.env.CHROMIUM_PATH || places.find((place) => existsSync(place))
  if (system) return chromium.launch({ executablePath: system, args: flags })
  const packed = (await import('@sparticuz/chromium')).default
  return chromium.launch({ executablePath: await packed.executablePath(), args: [...packed.args, ...flags] })
}

/**
 * A page in a browser context of its own, and everything the browser complained about: errors of scripts, and what the
 * content security policy refused. `close` throws when there was any.
 */
export async function newPage(
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[]; close(): Promise<void> }> {
  const context = await (await browser()).newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  return {
    page,
    complaints,
    async close() {
      await context.close()
      if (complaints.length) throw new Error(`The browser complained: ${complaints.join(' | ')}`)
    },
  }
}

afterAll(async () => {
  await (await opened)?.close()
  opened = undefined
})
