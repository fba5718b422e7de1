import type { Finding } from './finding.ts'

export type Encoding = 'utf-8' | 'gb18030'

/** How files begin that are no text, whatever they are called. */
const magics: [bytes: number[], code: Finding['code']][] = [
  [[0x50, 0x4b, 0x03, 0x04], 'spreadsheet'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'spreadsheet'],
  [[0x25, 0x50, 0x44, 0x46], 'notText'],
  [[0x1f, 0x8b], 'notText'],
  [[0xff, 0xfe], 'utf16'],
  [[0xfe, 0xff], 'utf16'],
]

/** Tries one encoding on a file that comes in pieces: whether it holds so far, and beyond plain ASCII. */
class Trial {
  readonly #decoder: TextDecoder
  holds = true
  /** It held until the very end, where a character is cut in two. */
  cut = false
  beyondAscii = false
  constructor(encoding: Encoding) {
    this.#decoder = new TextDecoder(encoding, { fatal: true })
  }
  push(bytes: Uint8Array) {
    if (!this.holds) return
    try {
      // ASCII, which most of a file is, decodes to as many characters as bytes.
      const text = this.#decoder.decode(bytes, { stream: true })
      this.beyondAscii ||= text.length !== bytes.length || /[^\u0000-\u007f]/.test(text)
    } catch {
      this.holds = false
    }
  }
  end() {
    if (!this.holds) return
    try {
      this.#decoder.decode()
    } catch {
      this.holds = false
      this.cut = true
    }
  }
}

/**
 * Finds out how a text file is encoded while it comes in, in pieces of any size: UTF-8 where every byte of it is UTF-8,
 * else GB18030 where every byte of it is that. `end` gives the encoding, or why this is no file that can be read.
 */
export class EncodingProbe {
  readonly #utf8 = new Trial('utf-8')
  readonly #gb = new Trial('gb18030')
  #head: number[] = []
  #nul = false
  #bytes = 0

  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#head.length < 4) this.#head.push(...bytes.subarray(0, 4 - this.#head.length))
    this.#nul ||= bytes.includes(0)
    this.#utf8.push(bytes)
    // GB18030 reads nearly everything; it is asked only where UTF-8 may fail.
    this.#gb.push(bytes)
  }

  end(): { encoding: Encoding } | { finding: Finding } {
    if (this.#bytes === 0) return { finding: { code: 'empty' } }
    const magic = magics.find(([bytes]) => bytes.every((byte, at) => this.#head[at] === byte))
    if (magic) return { finding: { code: magic[1] } }
    if (this.#nul) return { finding: { code: 'nul' } }
    this.#utf8.end()
    this.#gb.end()
    if (this.#utf8.holds) return { encoding: 'utf-8' }
    // A Chinese text in UTF-8 whose last character is cut reads as nonsense in GB18030, and must not.
    if (this.#utf8.cut && this.#utf8.beyondAscii) return { finding: { code: 'cutCharacter' } }
    if (this.#gb.holds) return { encoding: 'gb18030' }
    return { finding: { code: this.#gb.cut || this.#utf8.cut ? 'cutCharacter' : 'encoding' } }
  }
}
