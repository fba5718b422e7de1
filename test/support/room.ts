import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** A folder in memory, where a system has one: what tests write is thrown away, and a disk only makes them wait. */
const memory = '/dev/shm'
/** How much room there must be in it, in bytes: containers often give 64 MB. */
const neededBytes = 4 * 2 ** 30

/** Where tests keep their records: in memory when it is large enough, else where temporary files go. */
export function roomForTests(): string {
  try {
    accessSync(memory, constants.W_OK)
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize > neededBytes ? memory : tmpdir()
  } catch {
    return tmpdir()
  }
}
