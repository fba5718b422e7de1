import { join } from 'node:path'
import { brotliOf, type Finished, replaceFiles } from './files.ts'
import { fileOf } from './places.ts'

/** How long nothing must have been published before there is time to pack better, in milliseconds. */
const quietMs = 5_000
/** A breath between two pages, in milliseconds. */
const pauseMs = 250
const fullEffort = 11

/**
 * Packs what was published once more, as small as Brotli can, one page at a time while nothing else is published.
 * `inTurn` runs what writes: a page that was drawn again meanwhile keeps its newer file.
 */
export function openSqueeze(
  { dir, show }: { dir: string; show(files: Finished[], gone: string[]): void },
  inTurn: (work: () => Promise<void>) => Promise<void>,
): { add(files: Finished[], gone: string[]): void; stop(): void } {
  const waiting = new Map<string, Finished>()
  /** What is being packed; null when it was published anew meanwhile. */
  let packing: Finished | null = null
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const plan = (ms: number) => {
    clearTimeout(timer)
    if (stopped) return
    timer = setTimeout(() => void one(), ms).unref()
  }
  const one = async () => {
    const [next] = waiting
    if (!next) return
    const [place, file] = next
    waiting.delete(place)
    packing = file
    const br = await brotliOf(file.bytes, fullEffort)
    await inTurn(async () => {
      if (stopped || packing !== file || !file.br || br.length >= file.br.length) return
      await replaceFiles([{ file: `${join(dir, fileOf(place))}.br`, bytes: br }], false)
      show([{ ...file, br }], [])
    }).catch(() => {
      // The page stands in its first packing; nothing is lost but a few bytes.
    })
    plan(pauseMs)
  }
  return {
    add(files, gone) {
      for (const file of files) if (file.br) waiting.set(file.place, file)
      for (const place of gone) waiting.delete(place)
      const anew = [...gone, ...files.map(({ place }) => place)]
      if (packing && anew.includes(packing.place)) packing = null
      if (waiting.size) plan(quietMs)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      waiting.clear()
    },
  }
}
