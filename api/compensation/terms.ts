import { createHash } from 'node:crypto'

/** JSON with its keys in order, so that the same thing has one form. */
const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, held]) => held !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, held]) => [key, ordered(held)]),
  )
}

/** Names a version of an offer's words, or everything an approval is given for: another hash, another thing. */
export const hashOf = (thing: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(ordered(thing)))
    .digest('hex')
