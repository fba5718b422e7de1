/** A mail read from its source, as a mail program would. */
export interface ReadMail {
  /** By lower-case name; folded lines are one, encoded words are read. */
  headers: Record<string, string>
  subject: string
  text: string
  html: string
  /** "multipart/alternative" and the like, without parameters. */
  type: string
}

/** Reads a mail of text and HTML (RFC 5322, 2045, 2047). Throws when a part of it cannot be read. */
export function readMail(source: string): ReadMail {
  const { headers, body } = headersAndBody(source)
  const type = headers['content-type'] ?? ''
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1]
  const parts = boundary
    ? body
        .split(`--${boundary}`)
        .slice(1, -1)
        .map((part) => headersAndBody(part.replace(/^\r\n/, '')))
    : [{ headers, body }]
  const read = (kind: string) => {
    const part = parts.find((one) => one.headers['content-type']?.startsWith(kind))
    return part ? decoded(part.body, part.headers['content-transfer-encoding'] ?? '7bit') : ''
  }
  return {
    headers,
    subject: headers.subject ?? '',
    text: read('text/plain'),
    html: read('text/html'),
    type: type.split(';')[0]!.trim(),
  }
}

function headersAndBody(source: string): { headers: Record<string, string>; body: string } {
  const end = source.indexOf('\r\n\r\n')
  const headers: Record<string, string> = {}
  for (const line of source
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = words(line.slice(colon + 1).trim())
  }
  return { headers, body: source.slice(end + 4) }
}

const words = (line: string) =>
  line
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, how: string, coded: string) =>
      how.toLowerCase() === 'b'
        ? Buffer.from(coded, 'base64').toString('latin1')
        : quoted(coded.replaceAll('_', ' ')).toString('latin1'),
    )
    // The bytes of one character may stand in two encoded words: they are read together.
    .replace(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'))

function quoted(text: string): Buffer {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const hex = text[at] === '=' ? text.slice(at + 1, at + 3) : ''
    if (/^[0-9A-F]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    } else bytes.push(...Buffer.from(text[at]!))
  }
  return Buffer.from(bytes)
}

function decoded(body: string, encoding: string): string {
  const text = body.replace(/\r\n$/, '')
  switch (encoding.toLowerCase()) {
    case 'quoted-printable':
      return quoted(text.replace(/=\r\n/g, '')).toString('utf8').replaceAll('\r\n', '\n')
    case 'base64':
      return Buffer.from(text, 'base64').toString('utf8')
    case '7bit':
    case '8bit':
      return text.replaceAll('\r\n', '\n')
    default:
      throw new Error(`A part is encoded as ${encoding}.`)
  }
}
