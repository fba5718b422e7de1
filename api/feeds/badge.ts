import type { ComponentStatus } from '#api/db/schema.ts'
import type { Locale } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { xmlText } from './xml.ts'

/** State by shape, word and colour together; white on each colour reads at 4.5:1 or better (WCAG 2.2, 1.4.3). */
const marks: Record<ComponentStatus, { colour: string; shape: string }> = {
  operational: { colour: '#2f6b3f', shape: '<circle cx="11" cy="10" r="4"/>' },
  under_maintenance: { colour: '#3d5a80', shape: '<rect x="7" y="6" width="8" height="8"/>' },
  degraded_performance: { colour: '#7a5c00', shape: '<path d="M11 5l5 9H6z"/>' },
  partial_outage: { colour: '#9a4a12', shape: '<path d="M11 5l5 5-5 5-5-5z"/>' },
  major_outage: { colour: '#a3231f', shape: '<path d="M7 6l8 8m0-8l-8 8" stroke="#fff" stroke-width="2.4"/>' },
}

const unit = 6.6
/** About how wide a text is at 11 px: a Chinese character is as wide as it is high. */
const widthOf = (text: string): number =>
  Math.ceil([...text].reduce((sum, character) => sum + (character > '\u2e7f' ? 11 : unit), 0))

/** A small picture that says the state of everything, for a page of somebody else's. */
export function badge(status: ComponentStatus, locale: Locale): string {
  const label = wordsOf(locale).page.status[status]
  const { colour, shape } = marks[status]
  const width = widthOf(label) + 32
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" viewBox="0 0 ${width} 20" role="img" lang="${locale}"><title>${xmlText(label)}</title><rect width="${width}" height="20" rx="3" fill="${colour}"/><g fill="#fff">${shape}<text x="23" y="14" font-family="system-ui,sans-serif" font-size="11" textLength="${width - 32}" lengthAdjust="spacingAndGlyphs">${xmlText(label)}</text></g></svg>
`
}
