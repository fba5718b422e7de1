/** Columns of a line in the narrowest frame there is, a Chinese character counting as two. */
const lineColumns = 34
/** A line of text and its share of the space between paragraphs, in rem. */
const lineRem = 1.7

const columnsOf = (text: string) => [...text].reduce((sum, letter) => sum + (letter > '\u2e7f' ? 2 : 1), 0)

/**
 * How tall a frame must be so that nothing scrolls inside it, in rem: a frame cannot say how long its document is, so
 * this reckons with what is written in it, and with `restRem` for everything around that.
 */
export function roomFor(texts: string[], restRem: number): number {
  const lines = texts
    .flatMap((text) => text.split('\n'))
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / lineColumns)), 0)
  return Math.ceil(restRem + lines * lineRem)
}
