import { PostgresDialect } from 'kysely'
import type Postgres from 'pg'
import { load } from '#api/lib/load.ts'

/** Connections one process holds at the most. */
const connectionsMax = 10
/** How long a connection, and an answer, may take, in milliseconds: a silent server is a broken one. */
const connectWithinMs = 5_000
const answerWithinMs = 30_000

/** Opens a pool on a PostgreSQL URL. */
export function postgresDialect(url: string): PostgresDialect {
  const pg = load<typeof Postgres>('pg')
  // count(*) and the like come as int8, which pg hands out as text; none of ours pass 2^53.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number)
  pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number)
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: connectWithinMs,
    query_timeout: answerWithinMs,
  })
  // A connection that the server closes is replaced at the next query. Without listeners, on idle ones and on those in
  // use, it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return new PostgresDialect({ pool })
}
