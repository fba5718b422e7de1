import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'

/** Text as the record keeps it while it is needed: compressed, in letters. A hundred mails of one notice shrink to a few percent. */
export const pack = (text: string): string => gzipSync(text, { level: 1 }).toString('base64')
export const unpack = (packed: string): string => gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')

/** SHA-256 of a text, hex. */
export const hashText = (text: string): string => createHash('sha256').update(text).digest('hex')
