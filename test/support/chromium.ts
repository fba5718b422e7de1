import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

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

/** A real Chromium: CHROMIUM_PATH, else the system's own, else the one that comes with the development packages. */
export async function findChromium(): Promise<{ executablePath: string; args: string[] }> {
  const system = process.env.CHROMIUM_PATH || places.find((place) => existsSync(place))
  if (system) return { executablePath: system, args: flags }
  const packed = (await import('@sparticuz/chromium')).default
  return { executablePath: await packed.executablePath(), args: [...packed.args, ...flags] }
}

/** Starts it. `more` are flags. */
export async function launchBrowser(more: string[] = []): Promise<Browser> {
  const { executablePath, args } = await findChromium()
  return chromium.launch({ executablePath, args: [...args, ...more] })
}
