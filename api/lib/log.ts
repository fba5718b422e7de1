/** One JSON line per event. Callers pass ids, counts and reasons; never an address, a token or a text a person wrote. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  event: string,
  more?: Record<string, string | number | boolean | null>,
) => void

const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const
export type LogLevel = keyof typeof ranks

export function jsonLog(least: LogLevel, write: (line: string) => void = (line) => process.stdout.write(line)): Log {
  return (level, event, more = {}) => {
    if (ranks[level] < ranks[least]) return
    write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...more })}\n`)
  }
}
