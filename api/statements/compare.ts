import { diffWordsWithSpace } from 'diff'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { withFacts } from './facts.ts'
import type { Wording } from './version.ts'

/** A piece of a text that two versions share, or that only the older or only the newer one has. */
export interface Piece {
  kind: 'same' | 'removed' | 'added'
  text: string
}

export interface Changed {
  field: 'title' | 'body' | 'note'
  locale: Locale
  pieces: Piece[]
}

const segmenters = new Map<Locale, Intl.Segmenter>()
function segmenterOf(locale: Locale): Intl.Segmenter {
  let segmenter = segmenters.get(locale)
  if (!segmenter) {
    segmenter = new Intl.Segmenter(locale, { granularity: 'word' })
    segmenters.set(locale, segmenter)
  }
  return segmenter
}

/** What differs between two texts of a language, word by word; Chinese is cut into words by the language's own rules. */
export const piecesOf = (before: string, after: string, locale: Locale): Piece[] =>
  diffWordsWithSpace(before, after, { intlSegmenter: segmenterOf(locale) }).map(({ value, added, removed }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value,
  }))

/** Where two versions differ as readers would see them, facts in place; nothing where they do not. */
export function changesBetween(before: Wording, after: Wording): Changed[] {
  const shown = (wording: Wording): Record<Changed['field'], Words> => ({
    title: withFacts(wording.title, wording.facts),
    body: withFacts(wording.body, wording.facts),
    note: wording.note,
  })
  const [old, young] = [shown(before), shown(after)]
  return (['title', 'body', 'note'] as const).flatMap((field) =>
    locales.flatMap((locale) => {
      const [was, is] = [old[field][locale] ?? '', young[field][locale] ?? '']
      return was === is ? [] : [{ field, locale, pieces: piecesOf(was, is, locale) }]
    }),
  )
}

/** How much of what did not change stands around a change, in characters. */
const around = 40

/** Changes as one line each, for where no colours are: "…since 20:02 [-most-] {+some+} merchants…". */
export const changesAsText = (changes: Changed[]): Record<string, string> =>
  Object.fromEntries(
    changes.map(({ field, locale, pieces }) => [
      `${field}.${locale}`,
      pieces
        .map(({ kind, text }, at) => {
          if (kind === 'removed') return `[-${text}-]`
          if (kind === 'added') return `{+${text}+}`
          if (text.length <= 2 * around) return text
          const [head, tail] = [text.slice(0, around), text.slice(-around)]
          if (at === 0) return `…${tail}`
          return at === pieces.length - 1 ? `${head}…` : `${head}…${tail}`
        })
        .join('')
        .trim(),
    ]),
  )
