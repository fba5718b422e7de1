import { createHash } from 'node:crypto'
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Bytes that mails of one notice have in common are far apart, but well within what the fastest level looks back on. */
const params = { [constants.ZSTD_c_compressionLevel]: 1 }
/** How gzip begins, in the letters of base64: so rows of earlier versions are stored. */
const gzipBegins = 'H4sI'

/** Text as the record keeps it while it is needed: compressed, in letters. A hundred mails of one notice shrink to a few percent. */
export const pack = (text: string): string => compressed(Buffer.from(text))

/** The text of what `pack` made, in UTF-8, in this version or an earlier one. Throws when it is neither. */
export function unpack(packed: string): Buffer {
  const bytes = Buffer.from(packed, 'base64')
  return packed.startsWith(gzipBegins) ? gunzipSync(bytes) : zstdDecompressSync(bytes)
}

/** SHA-256 of a text, hex. */
export const hashText = (text: string): string => hashOf(Buffer.from(text))

/** Both at once, for what is large. */
export function packHashed(text: string): { packed: string; hash: string } {
  const bytes = Buffer.from(text)
  return { packed: compressed(bytes), hash: hashOf(bytes) }
}

const compressed = (bytes: Buffer): string => zstdCompressSync(bytes, { params }).toString('base64')
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
