import { createRequire } from 'node:module'

const read = createRequire(import.meta.url)

/**
 * Reads a package when it is first needed: each thread has its own copy of what it imports, and the large ones take 10 to
 * 35 MB that nobody need spare who does not use them.
 */
export const load = <T>(name: string): T => read(name)
