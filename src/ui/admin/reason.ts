import { houseLocale, type Locale } from '#content/locales.ts'
import type { Labels } from '#content/words.ts'

/** A reason for people: its words, and the language they are in when that is not the desk's own. */
export interface Reason {
  text: string
  lang?: Locale
}

const special = /[.*+?^$()|[\]\\]/g

/** A sentence of the program in other words, by a list that has `{…}` for what differs; null where none fits. */
function inWords(list: Record<string, string>, sentence: string): string | null {
  for (const [pattern, words] of Object.entries(list)) {
    const found = new RegExp(`^${pattern.replace(special, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>.+)')}$`).exec(sentence)
    if (found) return words.replace(/\{(\w+)\}/g, (_, name: string) => found.groups?.[name] ?? '')
  }
  return null
}

/**
 * A row's reason in the language of the desk. The record keeps reasons in English, as they were; those that the program
 * words itself are listed among the labels, with `{…}` for what differs. What a provider wrote stays as it is.
 */
export function reasonIn(w: Labels['admin'], reason: string): Reason {
  const text = inWords(w.reasons, reason)
  return text === null ? { text: reason, lang: houseLocale } : { text }
}

/** What the API refused, in the language of the desk where its sentence is one of those that people meet there. */
export const refusalIn = (w: Labels['admin'], sentence: string): string => inWords(w.refusals, sentence) ?? sentence
