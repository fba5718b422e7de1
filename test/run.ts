import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// The one green command: build, types, lint and every test, with one plain line at the end. Arguments go to vitest.
const report = join(tmpdir(), `candor-report-${process.pid}.json`)
const only = process.argv.slice(2)
const bin = (name: string) => join(import.meta.dirname, '..', 'node_modules', '.bin', name)
const counts = { passed: 0, failed: 0, skipped: 0 }

/** Runs one tool, and says whether it found all well. `live` shows what it prints at once, otherwise `said` holds it. */
function run(name: string, args: string[], live = false): Promise<{ fine: boolean; said: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' }
    const child = spawn(bin(name), args, { env, stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'] })
    const said: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => said.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => said.push(chunk))
    child.on('error', (error) => said.push(Buffer.from(`${error.message}\n`)))
    child.on('close', (status) => resolve({ fine: status === 0, said: Buffer.concat(said).toString() }))
  })
}

/** A tool that counts as one: what it says comes out in one piece, when those before it have been told. */
function step(name: string, args: string[]): () => Promise<void> {
  const running = run(name, args)
  return async () => {
    const { fine, said } = await running
    console.log(`${said}${fine ? '✓' : '✗'} ${name} ${args.join(' ')}`)
    counts[fine ? 'passed' : 'failed']++
  }
}

await step('astro', ['build', '--silent'])()
// astro checks the types of every file, those of the tests too. It works while tests wait, and is told after them.
const beside = only.length
  ? []
  : [step('biome', ['check', '.']), step('astro', ['check', '--minimumSeverity', 'warning'])]
const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...only]
const { fine } = await run('vitest', vitest, true)
for (const told of beside) await told()
try {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  counts.passed += result.numPassedTests
  counts.skipped += result.numPendingTests + result.numTodoTests
  // A file that could not even be loaded has no red test of its own, and counts as one.
  type File = { status: string; assertionResults: { status: string }[] }
  const unread = (result.testResults as File[]).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  ).length
  counts.failed += Math.max(result.numFailedTests + unread, fine ? 0 : 1)
} catch {
  counts.failed++
}
rmSync(report, { force: true })
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed ? 1 : 0
