import { houseLocale, type Locale } from '#content/locales.ts'
import type { Labels } from '#content/words.ts'

/** A reason for people: its words, and the language they are in when that is not the desk's own. */
export interface Reason {
  text: string
  lang?: Locale
}

const special = /[.*+?^$()|[\]\\]/g

/**
 * A row's reason in the language of the desk. The record keeps reasons in English, as they were; those that the program
 * words itself are listed among the labels, with `{…}` for what differs. What a provider wrote stays as it is.
 */
export function reasonIn(w: Labels['admin'], reason: string): Reason {
  for (const [pattern, words] of Object.entries(w.reasons)) {
    const found = new RegExp(`^${pattern.replace(special, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>.+)')}$`).exec(reason)
    if (found) return { text: words.replace(/\{(\w+)\}/g, (_, name: string) => found.groups?.[name] ?? '') }
  }
  return { text: reason, lang: houseLocale }
}
