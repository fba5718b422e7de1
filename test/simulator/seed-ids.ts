import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Chance } from './chance.ts'

/**
 * Ids decide the order of rows, and they are drawn from the system's own chance: for a run that can be repeated they
 * come from the seed. Returns what puts it back.
 */
export function seedIds(chance: Chance): () => void {
  const real = crypto.randomBytes
  const drawn = (size: number) => Buffer.from(Array.from({ length: size }, () => chance.between(0, 255)))
  crypto.randomBytes = drawn as typeof real
  syncBuiltinESMExports()
  return () => {
    crypto.randomBytes = real
    syncBuiltinESMExports()
  }
}
