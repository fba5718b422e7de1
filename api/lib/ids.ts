import { createHash, randomBytes } from 'node:crypto'

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** A random word of `length` lower-case letters and digits, without modulo bias. */
export function randomWord(length: number, alphabet = letters): string {
  const limit = 256 - (256 % alphabet.length)
  let word = ''
  while (word.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && word.length < length) word += alphabet[byte % alphabet.length]
    }
  }
  return word
}

/** A new id: 12 lower-case letters and digits (62 bits), the form of every id in the record. */
export const newId = () => randomWord(12)
export const idPattern = /^[a-z0-9]{12}$/

/** Letters of an id that count within a block, and how many ids one block has at the most. */
const countLength = 3
export const idBlockMax = 36 ** countLength

/**
 * So many new ids at once, at most `idBlockMax`: nine random letters (46 bits) that all of them share, and a number. They
 * lie side by side in an index, where ids each random by itself would touch a page of it each.
 */
export function newIds(count: number): string[] {
  if (count > idBlockMax) throw new RangeError(`At most ${idBlockMax} ids come in one block.`)
  const block = randomWord(12 - countLength)
  return Array.from({ length: count }, (_, at) => block + at.toString(36).padStart(countLength, '0'))
}

/** An id made of names: the same names give the same id, in the form of every other. */
export const derivedId = (...names: string[]): string =>
  BigInt(`0x${createHash('sha256').update(names.join('/')).digest('hex')}`)
    .toString(36)
    .slice(0, 12)
