import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { join } from 'node:path'

/** What the demonstration is made of: a change in one of these starts it again. */
const watched = ['api', 'src', 'content']
/** How long files must be quiet before the restart, in milliseconds: editors write in several steps. */
const quietMs = 200

/** Runs the demonstration and starts it again, with the site built anew, whenever a file changes. Ends with the terminal. */
export async function runDev(env: Record<string, string | undefined>): Promise<void> {
  const root = join(import.meta.dirname, '..')
  const start = () => spawn(process.execPath, ['api/cli.ts', 'demo'], { cwd: root, env, stdio: 'inherit' })
  let child = start()
  let timer: NodeJS.Timeout | undefined
  const restart = () => {
    console.log('A file changed: starting again …')
    const again = () => {
      child = start()
    }
    if (child.exitCode !== null || child.signalCode !== null) return again()
    child.once('exit', again)
    child.kill('SIGTERM')
  }
  for (const folder of watched)
    watch(join(root, folder), { recursive: true }, (_, file) => {
      if (!file || file.endsWith('.test.ts')) return
      clearTimeout(timer)
      timer = setTimeout(restart, quietMs)
    })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (child.exitCode !== null) process.exit(0)
      child.once('exit', () => process.exit(0))
      child.kill('SIGTERM')
    })
  await new Promise(() => {})
}
