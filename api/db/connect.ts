import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CamelCasePlugin, Kysely, PostgresAdapter, type SelectQueryBuilder, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations/index.ts'
import { postgresDialect } from './postgres.ts'
import type { Schema } from './schema.ts'
import { holdFile, type LockMeter, sqliteDialect } from './sqlite.ts'

export type Db = Kysely<Schema>
export type Trx = Transaction<Schema>

/**
 * Runs `work` on the record as it is at one moment: what is committed meanwhile is not seen. Holds up no writer. What
 * `work` gives stands, also when it got over a read that failed: the server then rolls back, and nothing was written.
 */
export async function asOfNow<T>(db: Db, work: (trx: Trx) => Promise<T>): Promise<T> {
  let given: { value: T } | undefined
  try {
    await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (trx) => {
        given = { value: await work(trx) }
      })
  } catch (error) {
    if (!given) throw error
  }
  return given!.value
}

/** Opens the record: "postgres://…" or "file:./data/candor.db". The file's folder is made when it is missing. */
export function openDb(url: string): Db {
  const meter = { heldMs: 0, longestMs: 0 }
  const dialect = /^postgres(ql)?:/.test(url) ? postgresDialect(url) : sqliteDialect(preparedFile(url), meter)
  const db = new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })] })
  meters.set(db, meter)
  return db
}

const meters = new WeakMap<Db, LockMeter>()

/** How long this process's transactions have held the record's one write lock; nothing on a server, which has no such lock. */
export const writeLock = (db: Db): Readonly<LockMeter> => meters.get(db) ?? { heldMs: 0, longestMs: 0 }

/** The file behind a "file:" URL, absolute; null for a database server. */
export function databaseFile(url: string): string | null {
  return url.startsWith('file:') ? resolve(url.slice('file:'.length)) : null
}

function preparedFile(url: string): string {
  const file = databaseFile(url)
  if (!file) throw new Error(`DATABASE_URL must begin with "file:" or "postgres://", not "${url.split(':')[0]}:".`)
  mkdirSync(dirname(file), { recursive: true })
  return file
}

/**
 * Makes this process the only one that works on a record in a file, until the function it answers is called. Throws a
 * sentence that names the other one. A database server needs none of this: there workers share.
 */
export function holdWork(url: string, mine: { pid: number; since: string }): () => void {
  const file = databaseFile(url)
  if (!file) return () => {}
  mkdirSync(dirname(file), { recursive: true })
  const held = holdFile(`${file}-worker`, mine)
  if ('release' in held) return held.release
  const who = held.heldBy ? `process ${held.heldBy.pid}, since ${held.heldBy.since},` : 'another process'
  throw new Error(
    `This record is being worked on already: ${who} sends its messages, and a record in a file has one worker. Stop that one, or start this one with "--role web".`,
  )
}

/** Brings the record to today's form. Throws, and changes nothing, when a step fails or the record is newer than this program. */
export async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db: db.withoutPlugins(), provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Rows that another worker holds are passed over where several may work (PostgreSQL); SQLite has one writer at a time. */
export function claimable<T extends keyof Schema, O>(
  db: Db | Trx,
  query: SelectQueryBuilder<Schema, T, O>,
): SelectQueryBuilder<Schema, T, O> {
  return db.getExecutor().adapter instanceof PostgresAdapter ? query.forUpdate().skipLocked() : query
}

/** The engine's name, for packages that build their own queries on this record. */
export const engineOf = (db: Db): 'sqlite' | 'postgres' =>
  db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite'

/** Whether several processes may work on this record at once. */
export const sharesWork = (db: Db): boolean => db.getExecutor().adapter instanceof PostgresAdapter

/**
 * Tells whether the database file is still the one that was opened. An unlinked file goes on reading and writing into
 * nothing, so the device and inode are compared. Always true for a database server.
 */
export function watchFile(url: string): () => boolean {
  const file = databaseFile(url)
  if (!file) return () => true
  const identity = () => {
    try {
      const { dev, ino } = statSync(file)
      return `${dev}:${ino}`
    } catch {
      return 'gone'
    }
  }
  const opened = identity()
  return () => identity() === opened
}
