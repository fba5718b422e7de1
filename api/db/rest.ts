import { setTimeout as pause } from 'node:timers/promises'
import { type Db, sharesWork, writeLock } from './connect.ts'

/** A longer rest would not help: whoever waits looks at least this often, in milliseconds. */
const restMsMax = 25

/**
 * Lets others write between two pieces of long work: on SQLite the one write lock is left free for as long as it was held
 * since `heldBefore`, which is what writeLock said before the piece. A server has no such lock.
 */
export async function letOthersWrite(db: Db, heldBefore: number): Promise<void> {
  if (sharesWork(db)) return
  await pause(Math.min(Math.ceil(writeLock(db).heldMs - heldBefore), restMsMax))
}
