const silent = 'The database does not answer. Readers still get the last published page; try again when it is back.'
const locked = 'The database is locked by another program. Nothing was changed; try again when it is free.'
const full = 'The disk that holds the database is full. Nothing was changed; readers still get the last published page.'
const turnedAway =
  'The database server turns this program away: the database or the account that DATABASE_URL names is not there. Readers still get the last published page.'
const readOnly =
  'The database takes no writes: it is a standby, or was made read only. Nothing was changed; readers still get the last published page.'
const unwritable = 'The database cannot be read or written. Nothing was changed; the log says what its disk answered.'

/** What engines and their drivers say, by code: SQLite's own (sqlite.org/rescode.html), PostgreSQL's (appendix A), the system's. */
const codes: [RegExp, string][] = [
  [/^SQLITE_(?:BUSY|LOCKED)/, locked],
  [/^(?:SQLITE_FULL|53100|ENOSPC)$/, full],
  [/^SQLITE_(?:IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB)/, unwritable],
  [/^(?:3D000|28...)$/, turnedAway],
  [/^25006$/, readOnly],
  [
    /^(?:08...|57P0.|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/,
    silent,
  ],
]
/** Drivers give these no code. */
const messages = /^(?:Connection terminated|timeout exceeded when trying to connect|Query read timeout)/

/** Why the database did not do what it was asked, as a sentence for staff; null when the error is none of the database's. */
export function databaseTrouble(error: Error): string | null {
  const { code } = error as { code?: unknown }
  const known = typeof code === 'string' ? codes.find(([pattern]) => pattern.test(code)) : undefined
  return known?.[1] ?? (messages.test(error.message) ? silent : null)
}
