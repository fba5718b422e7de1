import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { childEnvironment } from './config.ts'
import type { SiteHandler } from './server.ts'

const root = join(import.meta.dirname, '..')
const entry = join(root, 'dist/server/entry.mjs')
/** What the built site is made of. */
const sources = ['src', 'content', 'api', 'astro.config.mjs', 'package-lock.json']

/** Builds the site when its output is missing or older than what it is made of. Throws when the build fails. */
export function buildWhenStale(say: (line: string) => void): void {
  if (existsSync(entry) && newest(...sources) <= statSync(entry).mtimeMs) return
  say('Building the site …')
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/astro'), ['build'], {
    cwd: root,
    env: childEnvironment({ ASTRO_TELEMETRY_DISABLED: '1' }),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`The site could not be built:\n${stdout}\n${stderr}`)
}

/** The built site, and a name for this build that changes when anything in it does. */
export async function loadSiteHandler(): Promise<{ handler: SiteHandler; build: string; clientDir: string }> {
  const { handler } = (await import(pathToFileURL(entry).href)) as { handler: SiteHandler }
  const hash = createHash('sha256')
  for (const file of filesUnder(join(root, 'dist/server'))) {
    hash.update(readFileSync(file))
    // Astro loads a page's code at its first request. Loaded now, a later build in the same folder cannot pull it away.
    if (file.endsWith('.mjs')) await import(pathToFileURL(file).href)
  }
  // Words are read from their folder, not built in: a page with other words is another page.
  for (const file of filesUnder(join(root, 'content/words'))) hash.update(readFileSync(file))
  return { handler, build: hash.digest('hex').slice(0, 16), clientDir: join(root, 'dist/client') }
}

function newest(...paths: string[]): number {
  const times = paths.flatMap((path) => {
    const full = join(root, path)
    if (!existsSync(full)) return [0]
    return statSync(full).isDirectory()
      ? filesUnder(full).map((file) => statSync(file).mtimeMs)
      : [statSync(full).mtimeMs]
  })
  return Math.max(...times)
}

const filesUnder = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !file.name.endsWith('.test.ts'))
    .map((file) => join(file.parentPath, file.name))
    .sort()
