import { houseLocale, type Locale } from '#content/locales.ts'
import { fill, type Labels, wordsOf } from '#content/words.ts'

/** A reason for people: its words, and the language they are in when that is not the desk's own. */
export interface Reason {
  text: string
  lang?: Locale
}

const special = /[.*+?^$()|[\]\\]/g
const read = new WeakMap<object, [RegExp, string][]>()

/** A list of sentences with `{…}` for what differs, as patterns; each list is read once. */
function patternsOf(list: Record<string, string>): [RegExp, string][] {
  const known = read.get(list)
  if (known) return known
  const patterns = Object.entries(list).map(([sentence, words]): [RegExp, string] => [
    new RegExp(`^${sentence.replace(special, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>.+)')}$`),
    words,
  ])
  read.set(list, patterns)
  return patterns
}

/** A sentence of the program in other words; null where none of the list fits. */
function inWords(list: Record<string, string>, sentence: string, say = (value: string) => value): string | null {
  for (const [pattern, words] of patternsOf(list)) {
    const found = pattern.exec(sentence)
    if (found) return words.replace(/\{(\w+)\}/g, (_, name: string) => say(found.groups?.[name] ?? ''))
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

/**
 * What the API refused, in the language of the desk: a sentence of the list, or several one after another. Roles and
 * states that stand in one are said in that language too. What is in no list stays as it is.
 */
export function refusalIn(locale: Locale, sentence: string): string {
  const { admin, refusals } = wordsOf(locale)
  const words = new Map(Object.entries(refusals.words))
  const say = (value: string) => {
    const parts = value.split(/, | and | or /)
    return parts.every((part) => words.has(part)) ? parts.map((part) => words.get(part)).join(admin.list) : value
  }
  const whole = inWords(refusals.sentences, sentence, say)
  if (whole !== null) return whole
  const parts = sentence.split(/(?<=[.!?]) (?=\p{Lu})/u).map((part) => inWords(refusals.sentences, part, say))
  return parts.every((part) => part !== null)
    ? parts.reduce((first, rest) => fill(refusals.then, { first, rest }))
    : sentence
}
