import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'

/**
 * Fetches programs of others from npm, as they were published, into a folder of their own; nothing of theirs runs while
 * they are fetched. What it returns loads one by its name. Throws with npm's words when one is not to be had.
 */
export async function fetchPackages(dir: string, packages: readonly string[]): Promise<NodeJS.Require> {
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--silent', '--prefix', dir]
  await promisify(execFile)('npm', ['install', ...options, ...packages])
  return createRequire(join(dir, 'package.json'))
}

/** What was compared, and what was not as it should be. */
export interface Findings {
  /** Both are compared to the last field. */
  same(what: string, found: unknown, expected: unknown): void
  /** What must not throw. */
  runs<T>(what: string, read: () => T | Promise<T>): Promise<T | null>
  readonly compared: number
  readonly faults: readonly string[]
}

export function openFindings(): Findings {
  let compared = 0
  const faults: string[] = []
  const short = (value: unknown) => String(JSON.stringify(value)).slice(0, 300)
  return {
    same(what, found, expected) {
      compared++
      if (!isDeepStrictEqual(found, expected)) faults.push(`${what}: ${short(found)}, not ${short(expected)}`)
    },
    async runs(what, read) {
      compared++
      try {
        return await read()
      } catch (error) {
        faults.push(`${what}: ${error instanceof Error ? error.message : error}`)
        return null
      }
    },
    get compared() {
      return compared
    },
    faults,
  }
}
