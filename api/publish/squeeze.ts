import { join } from 'node:path'
import { brotliOf, type Finished, readForms, replaceFiles } from './files.ts'
import { fileOf, isGrowing } from './places.ts'

/** How long nothing must have been published before there is time to pack better, in milliseconds. */
const quietMs = 5_000
/** A breath between two pages, in milliseconds. */
const pauseMs = 250
const fullEffort = 11
/** How many pages of those that get more with the years may wait; then the one that waits longest stays as it is. */
const waitingMax = 10_000

/**
 * Packs what was published once more, as small as Brotli can, one page at a time while nothing else is published.
 * `inTurn` runs what writes: a page that was drawn again meanwhile keeps its newer file. What waits is read from the
 * folder `dir` when its turn comes: a long past that is drawn at once takes no memory.
 */
export function openSqueeze(
  { dir, show }: { dir: string; show(files: Finished[], gone: string[]): void },
  inTurn: (work: () => Promise<void>) => Promise<void>,
): { add(files: Finished[], gone: string[]): void; stop(): void } {
  const first = new Set<string>()
  const others = new Set<string>()
  /** What is being packed; null when it was published anew meanwhile. */
  let packing: string | null = null
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const plan = (ms: number) => {
    clearTimeout(timer)
    if (stopped) return
    timer = setTimeout(() => void one(), ms).unref()
  }
  const one = async () => {
    const place = oldest(first) ?? oldest(others)
    if (place === undefined) return
    leave(place)
    packing = place
    await pack(place).catch(() => {
      // The page stands in its first packing; nothing is lost but a few bytes.
    })
    plan(pauseMs)
  }
  const pack = async (place: string) => {
    const file = await readForms(dir, place)
    if (!file?.br) return
    const packed = file.br.length
    const br = await brotliOf(file.bytes, fullEffort)
    await inTurn(async () => {
      if (stopped || packing !== place || br.length >= packed) return
      await replaceFiles(dir, [{ file: `${join(dir, fileOf(place))}.br`, bytes: br }], false)
      show([{ ...file, br }], [])
    })
  }
  const leave = (place: string) => {
    first.delete(place)
    others.delete(place)
  }
  return {
    add(files, gone) {
      for (const place of gone) leave(place)
      for (const { place, br } of files) if (br) (isGrowing(place) ? others : first).add(place)
      while (others.size > waitingMax) leave(oldest(others)!)
      const anew = [...gone, ...files.map(({ place }) => place)]
      if (packing !== null && anew.includes(packing)) packing = null
      if (first.size + others.size) plan(quietMs)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      first.clear()
      others.clear()
    },
  }
}

const oldest = (places: Set<string>): string | undefined => places.values().next().value
