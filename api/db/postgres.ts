import { PostgresDialect } from 'kysely'
import pg from 'pg'

/** Connections one process holds at the most. */
const connectionsMax = 10

// count(*) and the like come as int8, which pg hands out as text; none of ours pass 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)
pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number)

/** Opens a pool on a PostgreSQL URL. */
export function postgresDialect(url: string): PostgresDialect {
  const pool = new pg.Pool({ connectionString: url, max: connectionsMax })
  // An idle connection that the server closes is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {})
  return new PostgresDialect({ pool })
}
