import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowser } from './chromium.ts'

let opened: Promise<Browser> | undefined
/** How long a page may take over one step: a busy machine is no reason to fail. */
const patienceMs = 90_000

/** The one browser of this process, for all its test files: a browser ends when the process that opened it does. */
export function browser(): Promise<Browser> {
  opened ??= launchBrowser().then((started) =>
    // One that crashed in an earlier file is no trouble for this one.
    started.once('disconnected', () => {
      opened = undefined
    }),
  )
  return opened
}

/**
 * A page in a browser context of its own, and everything the browser complained about: errors of scripts, and what the
 * content security policy refused. `close` throws when there was any.
 */
export async function newPage(
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[]; close(): Promise<void> }> {
  const context = await (await browser()).newContext(options)
  context.setDefaultTimeout(patienceMs)
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
