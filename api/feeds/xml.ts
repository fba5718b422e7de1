const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Everything that XML 1.0 calls a character (its production 2, without U+FFFE and U+FFFF); lone surrogates are none. */
const notXml = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

/**
 * Text as an XML document can hold it, in an element or a quoted attribute. What XML 1.0 cannot hold at all, not even
 * as a reference, is left out; line ends are written as parsers hand them on. ">" is escaped too, so "]]>" is harmless.
 */
export const xmlText = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(notXml, '')
    .replace(/[&<>"]/g, (character) => entities[character]!)

/** An element that holds text. */
export const element = (name: string, text: string, attributes = ''): string =>
  `<${name}${attributes}>${xmlText(text)}</${name}>`
