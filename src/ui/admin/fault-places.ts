import type { Component } from '#api/components/show.ts'
import { isLocale, localeNames } from '#content/locales.ts'
import { fill } from '#content/words.ts'
import { plain } from '../../lib/said.ts'
import type { Faults } from './composer.ts'
import type { Desk } from './desk.ts'

/** A field that needs somebody's attention, as a list of faults shows it. */
export interface Place {
  /** The id of the field. */
  id: string
  name: string
  sentence: string
}

type Kind = 'incident' | 'update'

/** What fields of the composer are called, in the language of the desk. */
export function placeNames(fields: string[], { w, locale }: Desk, components: Component[], kind: Kind): string[] {
  const names: Record<string, string> = {
    ...w.composer,
    body: kind === 'incident' ? w.composer.firstBody : w.composer.body,
  }
  return fields.map((field) => {
    const [first = '', second = ''] = field.split('.')
    if (first === 'component') return plain(components.find(({ id }) => id === second)?.name ?? {}, locale)
    const name = names[first] ?? first
    return isLocale(second) ? fill(w.composer.inLanguage, { name, language: localeNames[second] }) : name
  })
}

/** The faults of a form as links to their fields. */
export const faultPlaces = (faults: Faults, desk: Desk, components: Component[], kind: Kind): Place[] =>
  Object.entries(faults).map(([id, sentence]) => ({
    id,
    name: placeNames([id], desk, components, kind)[0] ?? id,
    sentence,
  }))
