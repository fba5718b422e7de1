import Sqlite from 'better-sqlite3'
import {
  CamelCasePlugin,
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { type Db, migrate } from '#api/db/connect.ts'
import type { Schema } from '#api/db/schema.ts'
import { type Chance, seeded } from './chance.ts'

/** What a process of the simulation lives through at each statement: it may be killed or the statement may fail. */
export interface Life {
  /** Called before a statement; throws when the process is dead, dies now, or the record has trouble. */
  before(sql: string): void
  /** Called after it. Throws when the process dies now, or when the answer is lost on the way. */
  after(sql: string): void
}

/**
 * A real record in memory, read and written by several processes of one simulation. Their transactions take turns, in
 * an order that chance decides.
 */
export class MemoryRecord {
  readonly raw: Sqlite.Database
  readonly #statements = new Map<string, Sqlite.Statement>()
  readonly #waiting: (() => void)[] = []
  readonly #chance: Chance
  #held = false

  constructor(template: Buffer | ':memory:', chance: Chance) {
    this.raw = new Sqlite(template)
    this.#chance = chance
  }

  /** Opens the record for one process. */
  connect(life: Life): Db {
    const dialect: Dialect = {
      createAdapter: () => new SqliteAdapter(),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createDriver: () => this.#driver(life),
    }
    return new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })] })
  }

  /** Looks at the record between transactions, as it is committed. */
  async look<T>(read: (raw: Sqlite.Database) => T): Promise<T> {
    await this.#take()
    try {
      return read(this.raw)
    } finally {
      this.#give()
    }
  }

  #driver(life: Life): Driver {
    const connection: DatabaseConnection = {
      executeQuery: async <R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> => {
        life.before(sql)
        const result = this.#run<R>(sql, parameters)
        life.after(sql)
        return result
      },
      streamQuery() {
        throw new Error('The simulation streams nothing.')
      },
    }
    return {
      init: async () => {},
      acquireConnection: async () => {
        await this.#take()
        return connection
      },
      releaseConnection: async () => {
        if (this.raw.inTransaction) this.raw.exec('rollback')
        this.#give()
      },
      beginTransaction: async () => void (await connection.executeQuery(CompiledQuery.raw('begin immediate'))),
      commitTransaction: async () => void (await connection.executeQuery(CompiledQuery.raw('commit'))),
      // A process that died says nothing any more: the database itself rolls back, when the connection is given up.
      rollbackTransaction: async () => {},
      destroy: async () => {},
    }
  }

  #run<R>(sql: string, parameters: readonly unknown[]): QueryResult<R> {
    const statement = this.#statements.get(sql) ?? this.raw.prepare(sql)
    this.#statements.set(sql, statement)
    if (statement.reader) return { rows: statement.all(...parameters) as R[] }
    const { changes } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes) }
  }

  async #take(): Promise<void> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#held = true
  }

  #give(): void {
    const next = this.#waiting.length ? this.#waiting.splice(this.#chance.between(0, this.#waiting.length - 1), 1) : []
    if (next[0]) next[0]()
    else this.#held = false
  }
}

let made: Promise<Buffer> | undefined

/**
 * A migrated, empty record to be copied for each run. By triggers it writes down, beside the program, every change of a
 * delivery's state and whom each announcement must reach; and it refuses to change bytes that were frozen.
 */
export function recordTemplate(): Promise<Buffer> {
  made ??= (async () => {
    const record = new MemoryRecord(':memory:', seeded(0))
    const db = record.connect({ before() {}, after() {} })
    await migrate(db)
    record.raw.exec(`
      create table history (id integer primary key, delivery text, old text, new text, duplicate integer, mistaken integer);
      create trigger history_of_states after update of state on delivery when old.state <> new.state begin
        insert into history (delivery, old, new, duplicate, mistaken)
        values (new.id, old.state, new.state, new.possible_duplicate,
          new.reason like '%: the message that was found is another with the same words');
      end;
      create table expected (seq integer, subscriber text, primary key (seq, subscriber));
      create trigger who_is_to_be_told after insert on outbox when new.audience is not null begin
        insert into expected (seq, subscriber)
        select new.seq, s.id from subscriber s join json_each(new.audience) a on a.key = s.channel
        where s.confirmed_at is not null and s.closed_at is null and (
          (s.everything = 1 and json_extract(a.value, '$.everything')) or exists (
            select 1 from subscriber_component c join json_each(a.value, '$.componentIds') k on k.value = c.component_id
            where c.subscriber_id = s.id));
      end;
      create trigger frozen_bytes_stand before update on batch
      when new.bytes_hash <> old.bytes_hash or (new.bytes is not null and new.bytes is not old.bytes) begin
        select raise(abort, 'frozen bytes were changed');
      end;`)
    return record.raw.serialize()
  })()
  return made
}
