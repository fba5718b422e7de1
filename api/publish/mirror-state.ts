import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Instant, minuteMs, plusMs } from '#api/lib/time.ts'
import { replaceFiles } from './files.ts'

/** How a copy of the published folder stands. */
export interface MirrorState {
  /** Where it is, without secrets. */
  name: string
  /** What it showed when it was last verified; null when that is not known. */
  revision: number | null
  /** When all of what was to be sent had last been read back as it was sent; null: never. */
  verifiedAt: Instant | null
  /** Why it cannot be brought up to date, as a sentence; null when all is well. */
  trouble: string | null
  /** Since when. */
  troubleSince: Instant | null
}

/** A page tells of a copy while one was verified within this time; each copy is verified six times as often. */
export const verifiedForMs = 60 * minuteMs

/** Whether one of these copies may be told of. */
export const isVerified = (mirrors: readonly MirrorState[], now: Instant): boolean =>
  mirrors.some(({ verifiedAt }) => verifiedAt !== null && verifiedAt <= now && now <= plusMs(verifiedAt, verifiedForMs))

const file = (dataDir: string) => join(dataDir, 'mirrors.json')
const parse = (text: string) => JSON.parse(text) as MirrorState[]

/** What the publisher wrote down of the copies; empty when there are none. */
export const readMirrors = (dataDir: string): Promise<MirrorState[]> =>
  readFile(file(dataDir), 'utf8').then(parse, () => [])

/** The same, at a start. */
export function rememberedMirrors(dataDir: string): MirrorState[] {
  try {
    return parse(readFileSync(file(dataDir), 'utf8'))
  } catch {
    return []
  }
}

export const writeMirrors = (dataDir: string, mirrors: readonly MirrorState[]): Promise<void> =>
  replaceFiles(dataDir, [{ file: file(dataDir), bytes: `${JSON.stringify(mirrors, null, 2)}\n` }], false)
