import { markdownToText } from '#api/lib/markdown.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'

/** A text that a person wrote, as a reader of `locale` gets it: in the language it exists in, never empty, never translated. */
export interface Said {
  text: string
  /** Set when the text is in another language than the page. */
  lang: Locale | undefined
}

export function said(words: Words, locale: Locale): Said | null {
  const own = words[locale]
  if (own) return { text: own, lang: undefined }
  const lang = locales.find((other) => words[other])
  return lang ? { text: words[lang] ?? '', lang } : null
}

/** The beginning of a text, without marks, for where a page is only named: search results, a link in a chat. */
export function brief(words: Words, locale: Locale): string {
  const text = markdownToText(plain(words, locale)).replace(/\s+/g, ' ')
  return text.length > briefMax ? `${text.slice(0, briefMax - 1).trimEnd()}…` : text
}
const briefMax = 160

/** The text alone, where no language can be marked: in a title or a feed. */
export const plain = (words: Words, locale: Locale): string => said(words, locale)?.text ?? ''
