import { PostgresDialect } from 'kysely'
import type Postgres from 'pg'
import { load } from '#api/lib/load.ts'

/** Connections one process holds at the most. */
const connectionsMax = 10
/** How long a connection, and an answer, may take, in milliseconds: a silent server is a broken one. */
const connectWithinMs = 5_000
const answerWithinMs = 30_000
/**
 * How long a query waits for one of the connections while others use them all: as long as the answers that those wait for
 * may take. A server that is slow and busy is no broken one.
 */
const freeWithinMs = answerWithinMs

/** Opens a pool on a PostgreSQL URL. The limits are for tests, which would wait for too long else. */
export function postgresDialect(
  url: string,
  limits: { connections?: number; freeWithinMs?: number; connectWithinMs?: number } = {},
): PostgresDialect {
  const pg = load<typeof Postgres>('pg')
  // The pool's own limit counts the wait for a free connection too: a connection has its own.
  class Client extends pg.Client {
    constructor(config?: Postgres.ClientConfig) {
      super({ ...config, connectionTimeoutMillis: limits.connectWithinMs ?? connectWithinMs })
    }
  }
  // count(*) and the like come as int8, which pg hands out as text; none of ours pass 2^53.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number)
  pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number)
  const pool = new pg.Pool({
    connectionString: url,
    max: limits.connections ?? connectionsMax,
    Client,
    connectionTimeoutMillis: limits.freeWithinMs ?? freeWithinMs,
    query_timeout: answerWithinMs,
  })
  // A connection that the server closes is replaced at the next query. Without listeners, on idle ones and on those in
  // use, it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const connect = () =>
    pool.connect().catch((error: Error) => {
      throw error.message === waitedTooLong ? new Error(allBusy(pool.options)) : error
    })
  return new PostgresDialect({ pool: { connect, end: () => pool.end(), options: pool.options, Client } })
}

/** What the pool says when no connection came free, though it had nothing to connect. */
const waitedTooLong = 'timeout exceeded when trying to connect'
const allBusy = ({ max, connectionTimeoutMillis = 0 }: Postgres.PoolOptions): string =>
  `All ${max} connections to the database were busy for ${connectionTimeoutMillis / 1_000} seconds.`
