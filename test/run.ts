import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// The one green command: build, types, lint and every test, with one plain line at the end. Arguments go to vitest.
const report = join(tmpdir(), `candor-report-${process.pid}.json`)
const only = process.argv.slice(2)
const bin = (name: string) => join(import.meta.dirname, '..', 'node_modules', '.bin', name)
const counts = { passed: 0, failed: 0, skipped: 0 }

/** Runs one tool; what it says comes out in one piece when it is done, so that tools beside each other can be read. */
function run(name: string, args: string[], live = false): Promise<boolean> {
  return new Promise((resolve) => {
    const env = { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' }
    const child = spawn(bin(name), args, { env, stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'] })
    const said: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => said.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => said.push(chunk))
    child.on('error', (error) => said.push(Buffer.from(`${error.message}\n`)))
    child.on('close', (status) => {
      process.stdout.write(Buffer.concat(said))
      resolve(status === 0)
    })
  })
}

async function step(name: string, args: string[]): Promise<void> {
  const fine = await run(name, args)
  console.log(`${fine ? '✓' : '✗'} ${name} ${args.join(' ')}`)
  counts[fine ? 'passed' : 'failed']++
}

await step('astro', ['build', '--silent'])
if (!only.length)
  await Promise.all([
    step('astro', ['check', '--minimumSeverity', 'warning']),
    step('tsc', ['--noEmit']).then(() => step('biome', ['check', '.'])),
  ])
const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...only]
const fine = await run('vitest', vitest, true)
try {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  counts.passed += result.numPassedTests
  counts.skipped += result.numPendingTests + result.numTodoTests
  counts.failed += Math.max(result.numFailedTests, result.numFailedTestSuites, fine ? 0 : 1)
  rmSync(report)
} catch {
  counts.failed++
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed ? 1 : 0)
