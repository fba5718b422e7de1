import { sql } from 'kysely'
import { type Db, sharesWork, type Trx } from './connect.ts'

// Several processes work on one database server. Its advisory locks tell which of them live: a lock is held by a
// connection, and the server lets go of it the moment the connection ends, however the process ended.

/** How often a process makes sure that its connection still stands, in milliseconds. */
const beatMs = 1_000

const lockOf = (name: string) => sql`hashtextextended(${name}, 0)`

/** Shows the other processes that the one of this name is alive, until the answered function is called. Takes one connection. */
export function showPresence(db: Db, name: string): () => Promise<void> {
  if (!sharesWork(db)) return async () => {}
  let over = false
  let wake = () => {}
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, beatMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const stand = async () => {
    while (!over)
      await db
        .connection()
        .execute(async (one) => {
          // A server that finds the machine behind a connection gone lets go of its locks after about ten seconds.
          await sql`set tcp_keepalives_idle = 5`.execute(one)
          await sql`set tcp_keepalives_interval = 2`.execute(one)
          await sql`set tcp_keepalives_count = 3`.execute(one)
          await sql`select pg_advisory_lock(${lockOf(name)})`.execute(one)
          while (!over) {
            await pause()
            await sql`select 1`.execute(one)
          }
          await sql`select pg_advisory_unlock(${lockOf(name)})`.execute(one)
        })
        // A connection that broke is opened again; meanwhile nobody takes an absence this short for a death.
        .catch(() => (over ? undefined : pause()))
  }
  const stood = stand()
  return async () => {
    over = true
    wake()
    await stood
  }
}

/** Whether the process of this name holds its connection. Call it in a transaction, which then ends soon. */
export async function isPresent(trx: Trx, name: string): Promise<boolean> {
  const { rows } = await sql<{ free: boolean }>`select pg_try_advisory_xact_lock(${lockOf(name)}) as free`.execute(trx)
  return !rows[0]?.free
}

/**
 * Does a piece of work that one process at a time should do; false, at once, when another is at it. It saves work that
 * would be thrown away; what must not happen twice is guarded by the rows themselves.
 */
export async function inTurn(db: Db, name: string, work: () => Promise<boolean>): Promise<boolean> {
  if (!sharesWork(db)) return work()
  return db.transaction().execute(async (trx) => ((await isPresent(trx, name)) ? false : work()))
}
