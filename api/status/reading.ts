import type { App } from '#api/app.ts'
import { readMonths } from './changes.ts'
import type { FeedEntry, HistoryDocument, StatusDocument } from './document.ts'
import type { AskedUpdates } from './queries.ts'
import { readHistory, readStatus, readUpdates } from './read.ts'

/** One reading of the record: what several pages and documents show is read once, and is the same in all of them. */
export interface Reading {
  status(): Promise<StatusDocument>
  history(month: string): Promise<HistoryDocument>
  months(): Promise<string[]>
  updates(asked: AskedUpdates): Promise<FeedEntry[]>
  /** What the public read API answers to a path ("/api/v1/status"); undefined where it must be asked itself. */
  answerTo(path: string): Promise<unknown> | undefined
}

export function openReading(app: App): Reading {
  const kept = new Map<string, Promise<unknown>>()
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const reading = (kept.get(key) as Promise<T> | undefined) ?? read()
    kept.set(key, reading)
    return reading
  }
  const status = () => once('status', () => readStatus(app))
  const history = (month: string) => once(month, () => readHistory(app, month))
  const months = () => once('months', () => readMonths(app))
  return {
    status,
    history,
    months,
    updates: (asked) => once(JSON.stringify(asked), () => readUpdates(app, asked)),
    answerTo(path) {
      if (path === '/api/v1/status') return status()
      if (path === '/api/v1/status/months') return months().then((data) => ({ data, next: null }))
      const [, month] = /^\/api\/v1\/status\/history\/(\d{4}-(?:0[1-9]|1[0-2]))$/.exec(path) ?? []
      return month ? history(month) : undefined
    },
  }
}
