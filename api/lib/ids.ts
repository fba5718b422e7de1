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

/** An id made of names: the same names give the same id, in the form of every other. */
export const derivedId = (...names: string[]): string =>
  BigInt(`0x${createHash('sha256').update(names.join('/')).digest('hex')}`)
    .toString(36)
    .slice(0, 12)
