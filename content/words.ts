import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { houseLocale, type Locale, locales } from './locales.ts'
import type admin from './words/en/admin.json'
import type compensation from './words/en/compensation.json'
import type customers from './words/en/customers.json'
import type maintenance from './words/en/maintenance.json'
import type messages from './words/en/messages.json'
import type page from './words/en/page.json'
import type refusals from './words/en/refusals.json'
import type reviews from './words/en/reviews.json'
import type signs from './words/en/signs.json'
import type statements from './words/en/statements.json'
import type subscribe from './words/en/subscribe.json'

/** Every label there is, by area. English is the contract: a language whose folder lacks a key stops the start. */
export interface Labels {
  page: typeof page
  subscribe: typeof subscribe
  messages: typeof messages
  admin: typeof admin
  customers: typeof customers
  maintenance: typeof maintenance
  reviews: typeof reviews
  statements: typeof statements
  compensation: typeof compensation
  /** What the API refuses, by its English sentence with `{…}` for what differs, and words that stand in those places. */
  refusals: typeof refusals
  /** How texts of the language are read: words that advice looks for, headings of files, words sent by SMS. */
  signs: typeof signs
}

/** content/words, also for the built site, whose code stands elsewhere in the project. */
export const wordsFolder = folderAbove(import.meta.dirname)

function folderAbove(from: string): string {
  const folder = join(from, 'content/words')
  return existsSync(folder) || from === dirname(from) ? folder : folderAbove(dirname(from))
}

function load(locale: Locale): Labels {
  const folder = join(wordsFolder, locale)
  if (!existsSync(folder))
    throw new Error(`content/locales.ts names ${locale}, but there is no content/words/${locale}.`)
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return Object.fromEntries(
    files.map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
  ) as unknown as Labels
}

const labels = Object.fromEntries(locales.map((locale) => [locale, load(locale)])) as Record<Locale, Labels>
const lacking = locales.flatMap((locale) =>
  missingIn(labels[houseLocale], labels[locale]).map((key) => `content/words/${locale}: ${key}`),
)
if (lacking.length) throw new Error(`Words are missing, or of another kind than in English:\n${lacking.join('\n')}`)

/** The keys that the contract has and a language's words lack, or have as something else, as "page.nav.history". */
export function missingIn(contract: unknown, words: unknown, key = ''): string[] {
  if (typeof contract !== typeof words || Array.isArray(contract) !== Array.isArray(words) || words === '') {
    return contract === words ? [] : [key]
  }
  if (typeof contract !== 'object' || contract === null || Array.isArray(contract)) return []
  return Object.entries(contract).flatMap(([name, value]) =>
    missingIn(value, (words as Record<string, unknown>)[name], key ? `${key}.${name}` : name),
  )
}

/** The labels of a language, by area: `wordsOf('en').page.nextUpdate`. */
export const wordsOf = (locale: Locale): Labels => labels[locale]

/** Puts values into a label's {braces}; a name that is not given stays visible, so that a mistake is seen. */
export const fill = (label: string, values: Record<string, string | number>): string =>
  label.replace(/\{(\w+)\}/g, (brace, name) => (name in values ? String(values[name]) : brace))
