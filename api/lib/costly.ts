/** What took at least so long, in milliseconds, is answered from memory for a while … */
const costlyMs = 25
/** … namely for so many times as long as it took: then making it takes at most this share of the time. */
const share = 100

/**
 * Remembers what took long to make, so that many who look at the same growing numbers do not slow down everybody else.
 * What is quick is made anew each time, and so is never old; askers at the same moment share one making. `nowMs` is
 * steady time.
 */
export function costly<T>(nowMs: () => number): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, { value: Promise<T>; until: number }>()
  return async (key, make) => {
    const now = nowMs()
    for (const [old, { until }] of kept) if (until <= now) kept.delete(old)
    const known = kept.get(key)
    if (known) return known.value
    const value = make()
    const entry = { value, until: Number.POSITIVE_INFINITY }
    kept.set(key, entry)
    try {
      return await value
    } finally {
      const took = nowMs() - now
      if (took < costlyMs) kept.delete(key)
      else entry.until = nowMs() + took * share
    }
  }
}
