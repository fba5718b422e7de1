import type { Statement } from '#api/statements/show.ts'
import { isLocale, localeNames } from '#content/locales.ts'
import { fill, type Labels, wordsOf } from '#content/words.ts'
import type { Desk } from '../desk.ts'

export interface StatementWords {
  s: Labels['statements']['desk']
  p: Labels['statements']['public']
}

/** The labels of statements: of the desk, and those that readers see too. */
export const statementWords = ({ locale }: Desk): StatementWords => {
  const { desk, public: seen } = wordsOf(locale).statements
  return { s: desk, p: seen }
}

/** What was done with a statement, in the language of the desk. */
export const eventWords = (kind: string, { s }: StatementWords): string =>
  new Map<string, string>(Object.entries(s.event)).get(kind) ?? kind

/** Which facts had changed when a text was stopped, by what they are called in the language of the desk. */
export const changedFacts = (note: string, { p }: StatementWords): string =>
  note.replace(/(^|; )(\w+) \(([\w-]+)\): /g, (_, before: string, fact: string, locale: string) => {
    const name = new Map<string, string>(Object.entries(p.facts)).get(fact) ?? fact
    return `${before}${name} (${isLocale(locale) ? localeNames[locale] : locale}): `
  })

/** Where a statement stands, in a few words: also what is being written behind a published one. */
export function standingWords(statement: Statement, { s }: StatementWords): string {
  const { state, out } = statement
  const published = state === 'published' || state === 'corrected' || state === 'withdrawn' || state === 'superseded'
  return out && !published ? `${s.state[out]}. ${fill(s.correctionIn, { state: s.state[state] })}` : s.state[state]
}
