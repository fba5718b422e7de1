import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** How long a program may take to build its site, seed itself and draw every page, in milliseconds. */
const readyWithinMs = 180_000
const root = join(import.meta.dirname, '../..')

export interface Running {
  address: string
  pid: number
  /** What it has printed so far. */
  printed(): string
  stop(): Promise<void>
}

/** What a process needs to run at all: none of the settings that the machine may have. */
export const bareEnvironment = (): NodeJS.ProcessEnv => {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env
  return { PATH, HOME, ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}) }
}

/** Starts the real program as a process of its own and waits until it can publish; `cwd` is the project's folder. Throws with its output when it cannot. */
export async function startRunning(
  args: string[],
  env: Record<string, string>,
  port: number,
  cwd = root,
): Promise<Running> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...bareEnvironment(), ...env, HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const address = `http://127.0.0.1:${port}`
  const until = Date.now() + readyWithinMs
  while (!(await answers(`${address}/readyz`))) {
    if (child.exitCode !== null || Date.now() > until) {
      child.kill('SIGKILL')
      throw new Error(`The program did not come up:\n${output}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { address, pid: child.pid ?? 0, printed: () => output, stop: () => stop(child) }
}

const answers = (url: string) =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  )

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
