import Sqlite from 'better-sqlite3'
import { CompiledQuery, type DatabaseConnection, type Driver, SqliteDialect, SqliteDriver } from 'kysely'

/** How long a writer waits for another connection's write, in milliseconds. */
const busyTimeoutMs = 5_000

class ImmediateDriver extends SqliteDriver {
  /** Deferred transactions that read first fail with SQLITE_BUSY_SNAPSHOT when another connection wrote between; the busy timeout does not help them. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

class ImmediateSqliteDialect extends SqliteDialect {
  readonly #database: Sqlite.Database
  constructor(database: Sqlite.Database) {
    super({ database })
    this.#database = database
  }
  override createDriver(): Driver {
    return new ImmediateDriver({ database: this.#database })
  }
}

/** Opens an SQLite file (or ":memory:") for several connections: WAL, full sync for a ledger that survives power loss. */
export function sqliteDialect(file: string): SqliteDialect {
  const database = new Sqlite(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma(`busy_timeout = ${busyTimeoutMs}`)
  database.pragma('foreign_keys = ON')
  return new ImmediateSqliteDialect(database)
}
