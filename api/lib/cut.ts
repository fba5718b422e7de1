const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * A text of at most `most`, measured in UTF-16 units or by `measure`: cut between two characters as people see them,
 * with "…" where something is left out.
 */
export function cutText(text: string, most: number, measure: (text: string) => number = (one) => one.length): string {
  if (measure(text) <= most) return text
  const mark = '…'
  const room = most - measure(mark)
  let kept = 0
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += measure(segment)
    if (used > room) break
    kept += segment.length
  }
  return `${text.slice(0, kept).trimEnd()}${mark}`
}
