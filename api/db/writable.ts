import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Instant } from '#api/lib/time.ts'
import { type Db, engineOf } from './connect.ts'
import { busyTimeoutMs, isBusy } from './sqlite.ts'

/** How often a lock is looked at that another one holds, in milliseconds. */
const lookEveryMs = 50
const key = 'asked'

/**
 * Writes a row that says nothing but when it was written, because whether the record takes a write is known by writing
 * alone. Waits for another's lock as long as a publish does, and holds up nobody who reads meanwhile. Throws what the
 * engine says.
 */
export async function tryToWrite(db: Db, value: Instant): Promise<void> {
  const write = (on: Db) =>
    on
      .insertInto('meta')
      .values({ key, value })
      .onConflict((row) => row.column('key').doUpdateSet({ value }))
      .execute()
  if (engineOf(db) === 'postgres') return void (await write(db))
  const once = () =>
    db.connection().execute(async (connection) => {
      // The engine's own waiting would hold up the whole thread.
      await sql`pragma busy_timeout = 0`.execute(connection)
      try {
        await write(connection)
      } finally {
        await sql.raw(`pragma busy_timeout = ${busyTimeoutMs}`).execute(connection)
      }
    })
  for (const giveUpAt = performance.now() + busyTimeoutMs; ; await sleep(lookEveryMs)) {
    try {
      return await once()
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) throw error
    }
  }
}
