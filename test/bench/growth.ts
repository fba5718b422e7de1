import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bareEnvironment } from '../support/program.ts'
import type { Figures } from './figures.ts'

const run = promisify(execFile)
const sizes = [
  { components: 20, incidents: 100 },
  { components: 20, incidents: 10_000 },
  { components: 20, incidents: 100_000 },
  { components: 200, incidents: 10_000 },
  { components: 1_000, incidents: 10_000 },
]
/** How much a hundred thousand incidents may take of what ten thousand take, in percent: what grows is only noise. */
const growthMax = 125

interface Taken {
  cpuMs: number
  visibleMs: number
  files: number
}

/**
 * What one publish takes of the processor, all its files in both languages written down, and how it grows with the past
 * and with the services: each size in a process of its own.
 */
export async function measureGrowth(say: (line: string) => void): Promise<Figures> {
  const figures: Figures = {}
  const updates: number[] = []
  for (const { components, incidents } of sizes) {
    const size = `${components} services, ${incidents.toLocaleString('en')} incidents`
    say(`${size} …`)
    const script = join(import.meta.dirname, 'growth-child.ts')
    const { stdout } = await run(process.execPath, ['--expose-gc', script, String(components), String(incidents)], {
      env: bareEnvironment(),
      maxBuffer: 1 << 20,
    })
    const { update, opening, memoryBytes }: { update: Taken; opening: Taken; memoryBytes: number } = JSON.parse(
      stdout.trim().split('\n').at(-1) ?? '',
    )
    updates.push(update.cpuMs)
    figures[`processor time of an update: ${size}`] = { value: update.cpuMs, unit: 'ms', reach: null }
    figures[`processor time of an incident, opened and resolved: ${size}`] = {
      value: opening.cpuMs,
      unit: 'ms',
      reach: null,
    }
    figures[`until readers see an update, p50: ${size}`] = { value: update.visibleMs, unit: 'ms', reach: 250 }
    figures[`memory: ${size}`] = { value: memoryBytes / 2 ** 20, unit: 'MB', reach: null }
  }
  const [, some = Number.NaN, many = Number.NaN] = updates
  figures['an update at 100,000 incidents, of one at 10,000'] = {
    value: (100 * many) / some,
    unit: '%',
    reach: growthMax,
  }
  return figures
}
