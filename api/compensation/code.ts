import { randomWord } from '#api/lib/ids.ts'

// Codes that people read from a screen and type: no 0 and O, no 1 and I, and a last character that finds a slip.

const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const randomLength = 15

/** Luhn's sum modulo 32 (ISO/IEC 7812-1 for a longer alphabet): finds every single wrong character and nearly every swap. */
function checkCharacter(text: string): string {
  let sum = 0
  let factor = 2
  for (let at = text.length - 1; at >= 0; at--) {
    const product = factor * letters.indexOf(text[at]!)
    sum += Math.floor(product / letters.length) + (product % letters.length)
    factor = factor === 2 ? 1 : 2
  }
  return letters[(letters.length - (sum % letters.length)) % letters.length]!
}

/** A new code: 75 random bits and a check character, in fours: "7KQM-2XPA-9RTD-HW4C". */
export function newCode(): string {
  const random = randomWord(randomLength, letters)
  return grouped(random + checkCharacter(random))
}

const grouped = (text: string) => text.match(/.{1,4}/g)!.join('-')

/** Reads what somebody typed of a code that was made here, in its one form; null when a character is wrong. */
export function readOwnCode(typed: string): string | null {
  const text = typed.toUpperCase().replace(/[\s-]/g, '')
  if (text.length !== randomLength + 1 || [...text].some((letter) => !letters.includes(letter))) return null
  return checkCharacter(text.slice(0, -1)) === text.at(-1) ? grouped(text) : null
}

/** What may be shown of a code to somebody who need not have it. */
export const codeHint = (code: string): string => code.slice(-4)

/** Longest code of another system, in characters. */
export const codeLengthMax = 64

export interface CodeList {
  codes: { code: string; line: number }[]
  duplicates: { line: number; firstLine: number }[]
  rejected: { line: number; reason: 'empty' | 'too_long' | 'space' | 'formula' | 'character' }[]
}

/** Reads a list of another system's codes, one a line. Nothing is dropped silently: what does not count is named by its line. */
export function readCodeList(text: string): CodeList {
  const list: CodeList = { codes: [], duplicates: [], rejected: [] }
  const lines = new Map<string, number>()
  const rows = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  while (rows.at(-1)?.trim() === '') rows.pop()
  rows.forEach((row, at) => {
    const line = at + 1
    const code = row
      .trim()
      .replace(/,+$/, '')
      .replace(/^"(.*)"$/, '$1')
    const wrong = whyNoCode(code)
    const firstLine = lines.get(code)
    if (wrong) list.rejected.push({ line, reason: wrong })
    else if (firstLine !== undefined) list.duplicates.push({ line, firstLine })
    else {
      lines.set(code, line)
      list.codes.push({ code, line })
    }
  })
  return list
}

function whyNoCode(code: string): CodeList['rejected'][number]['reason'] | null {
  if (!code) return 'empty'
  if (code.length > codeLengthMax) return 'too_long'
  if (/\s/.test(code)) return 'space'
  if (/^[=+\-@]/.test(code)) return 'formula'
  return /^[\x21-\x7e]+$/.test(code) ? null : 'character'
}
