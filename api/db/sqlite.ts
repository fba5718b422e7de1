import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type TransactionSettings,
} from 'kysely'

/** How long a writer waits for another connection's write, in milliseconds. */
export const busyTimeoutMs = 5_000
/** How often it looks meanwhile, in milliseconds. */
const lookEveryMs = 3

/** Pages that a connection keeps for itself, in KiB: a program has several, and the system keeps the whole file anyway. */
const cacheKib = 8_000

/** Statements that are kept prepared, at the most, and how long their text may be: preparing one costs as much as running it. */
const readyMax = 300
const readyLengthMax = 4_000

/** The same database, with the statements used last kept prepared. What changes the schema is never kept. */
function withReadyStatements(database: Sqlite.Database): SqliteDatabase {
  const ready = new Map<string, Sqlite.Statement>()
  return {
    prepare(text) {
      const known = ready.get(text)
      ready.delete(text)
      const statement = known ?? database.prepare(text)
      if (/^\s*(create|alter|drop)\b/i.test(text)) ready.clear()
      else if (text.length <= readyLengthMax) ready.set(text, statement)
      if (ready.size > readyMax) ready.delete(ready.keys().next().value ?? '')
      return statement as ReturnType<SqliteDatabase['prepare']>
    },
    close: () => void database.close(),
  }
}

/** How long transactions of this process have held the write lock so far, in milliseconds. */
export interface LockMeter {
  heldMs: number
  longestMs: number
}

class ImmediateDriver extends SqliteDriver {
  readonly #file: Sqlite.Database
  readonly #meter: LockMeter
  #since: number | null = null
  constructor(database: SqliteDatabase, file: Sqlite.Database, meter: LockMeter) {
    super({ database })
    this.#file = file
    this.#meter = meter
  }
  /**
   * Deferred transactions that read first fail with SQLITE_BUSY_SNAPSHOT when another connection wrote between; the busy
   * timeout does not help them. One that only reads is deferred: it takes no lock that a writer waits for.
   */
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    const reads = settings?.accessMode === 'read only'
    if (reads) await connection.executeQuery(CompiledQuery.raw('begin deferred'))
    else await this.#lock(connection)
    this.#since = reads ? null : performance.now()
  }
  /** Waits for the write lock without standing still: the engine's own waiting holds up the thread, and all readers with it. */
  async #lock(connection: DatabaseConnection): Promise<void> {
    const giveUpAt = performance.now() + busyTimeoutMs
    this.#file.pragma('busy_timeout = 0')
    try {
      for (;;) {
        try {
          return void (await connection.executeQuery(CompiledQuery.raw('begin immediate')))
        } catch (error) {
          if (!isBusy(error) || performance.now() > giveUpAt) throw error
        }
        await sleep(lookEveryMs)
      }
    } finally {
      this.#file.pragma(`busy_timeout = ${busyTimeoutMs}`)
    }
  }
  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await super.commitTransaction(connection)
    this.#count()
  }
  /** On a full or broken disk the engine has rolled back by itself: asked again it would speak of that, and not of the disk. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#file.inTransaction) await super.rollbackTransaction(connection)
    this.#count()
  }
  #count() {
    if (this.#since === null) return
    const heldMs = performance.now() - this.#since
    this.#meter.heldMs += heldMs
    this.#meter.longestMs = Math.max(this.#meter.longestMs, heldMs)
  }
}

class ImmediateSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase
  readonly #file: Sqlite.Database
  readonly #meter: LockMeter
  constructor(database: SqliteDatabase, file: Sqlite.Database, meter: LockMeter) {
    super({ database })
    this.#database = database
    this.#file = file
    this.#meter = meter
  }
  override createDriver(): Driver {
    return new ImmediateDriver(this.#database, this.#file, this.#meter)
  }
}

/** Opens an SQLite file (or ":memory:") for several connections: WAL, full sync for a ledger that survives power loss. */
export function sqliteDialect(file: string, meter: LockMeter): SqliteDialect {
  const database = new Sqlite(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma(`busy_timeout = ${busyTimeoutMs}`)
  database.pragma('foreign_keys = ON')
  database.pragma(`cache_size = -${cacheKib}`)
  return new ImmediateSqliteDialect(withReadyStatements(database), database, meter)
}

/** Who holds a file: the process, and since when. */
interface Holder {
  pid: number
  since: string
}

/**
 * Holds a small file for this process alone. The system frees it with the process, however that ends, so a killed one or
 * a power cut leaves nothing behind that bars the next. Answers how to let go of it, or who holds it.
 */
export function holdFile(file: string, mine: Holder): { release: () => void } | { heldBy: Holder | null } {
  const lock = openLock(file)
  try {
    lock.exec('begin immediate')
    lock.exec('create table if not exists holder (pid integer, since text)')
    lock.exec('delete from holder')
    lock.prepare('insert into holder values (?, ?)').run(mine.pid, mine.since)
    lock.exec('commit')
    // Whoever is turned away reads the row: a reserved file can be read, an exclusive one could not.
    lock.exec('begin immediate')
    return { release: () => void lock.close() }
  } catch (error) {
    if (!isBusy(error)) throw error
    const heldBy = holderIn(lock)
    lock.close()
    return { heldBy: heldBy?.pid === mine.pid && heldBy.since === mine.since ? null : heldBy }
  }
}

function openLock(file: string): Sqlite.Database {
  const open = () => {
    const lock = new Sqlite(file, { timeout: 0 })
    lock.pragma('journal_mode = DELETE')
    return lock
  }
  try {
    return open()
  } catch (error) {
    // Half a file, as after a power cut, is nobody's.
    if ((error as { code?: string }).code !== 'SQLITE_NOTADB') throw error
    rmSync(file, { force: true })
    return open()
  }
}

/** Whether somebody else holds the lock. */
export const isBusy = (error: unknown) => String((error as { code?: string }).code).startsWith('SQLITE_BUSY')

function holderIn(lock: Sqlite.Database): Holder | null {
  try {
    return (lock.prepare('select pid, since from holder').get() as Holder | undefined) ?? null
  } catch {
    return null
  }
}
