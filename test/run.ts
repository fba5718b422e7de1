import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// The one green command: build, types, lint and every test, with one plain line at the end. Arguments go to vitest.
const report = join(tmpdir(), `candor-report-${process.pid}.json`)
const only = process.argv.slice(2)
const bin = (name: string) => join(import.meta.dirname, '..', 'node_modules', '.bin', name)

const steps: [string, string[]][] = [
  ['astro', ['build', '--silent']],
  ['tsc', ['--noEmit']],
  ['astro', ['check', '--minimumSeverity', 'warning']],
  ['biome', ['check', '.']],
]
let passed = 0
let failed = 0
let skipped = 0
for (const [name, args] of only.length ? steps.slice(0, 1) : steps) {
  const { status } = spawnSync(bin(name), args, {
    stdio: 'inherit',
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' },
  })
  console.log(`${status === 0 ? '✓' : '✗'} ${name} ${args.join(' ')}`)
  if (status === 0) passed++
  else failed++
}
const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...only]
const { status } = spawnSync(bin('vitest'), vitest, { stdio: 'inherit' })
try {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  passed += result.numPassedTests
  skipped += result.numPendingTests + result.numTodoTests
  failed += Math.max(result.numFailedTests, result.numFailedTestSuites, status === 0 ? 0 : 1)
  rmSync(report)
} catch {
  failed++
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed ? 1 : 0)
