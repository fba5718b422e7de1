import { createHash } from 'node:crypto'
import { type Locale, locales, type Words } from '#content/locales.ts'
import type { Facts } from './facts.ts'

/** What a version says, in every language: this is what is approved, and nothing else. */
export interface Wording {
  title: Words
  body: Words
  /** The facts that stand in it, as they were when it was saved. */
  facts: Facts
  /** Of a correction: what changed, as readers will be told. */
  note: Words
}

/** Names a wording: SHA-256 over all of it in both languages, hex. One character in one language makes another hash. */
export function hashOf({ title, body, facts, note }: Wording): string {
  const byLanguage = (words: Words) => locales.map((locale) => words[locale] ?? '')
  const sorted = (locale: Locale) => Object.entries(facts[locale] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const parts = [byLanguage(title), byLanguage(body), locales.map(sorted), byLanguage(note)]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
