import type { ImportKind } from '#api/db/schema.ts'
import { locales } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'

/** What a column may hold, by the kind of file; the first are what a row is known by. */
export const fieldsOf = {
  customers: [
    'customer_id',
    'name',
    'plan',
    'region',
    'segment',
    'key',
    'internal',
    'account_manager',
    'monthly_fee',
    'currency',
    'language',
    'email',
    'phone',
    'contact',
    'components',
  ],
  affected: ['customer_id', 'email', 'minutes', 'fee', 'amount', 'currency'],
} as const satisfies Record<ImportKind, readonly string[]>

export type Field = (typeof fieldsOf)[ImportKind][number]
/** Which field each column holds; null is a column that is not read. */
export type Mapping = (Field | null)[]

export const isField = (kind: ImportKind, text: string): text is Field =>
  (fieldsOf[kind] as readonly string[]).includes(text)

/** How companies head such columns, without spaces, hyphens and underscores, in every language. */
const headings = (field: Field): string[] => locales.flatMap((locale) => wordsOf(locale).signs.columns[field])

/** A heading as it is compared and remembered. */
export const plainHeading = (heading: string): string =>
  heading
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_\-()（）.:：]+/g, '')
    .slice(0, 100)

/**
 * Which field each column most likely holds: as a person chose for this heading before, else by what such columns are
 * usually called. No field is guessed for two columns; the first has it.
 */
export function guessMapping(
  kind: ImportKind,
  heads: readonly string[],
  remembered: ReadonlyMap<string, string>,
): Mapping {
  const taken = new Set<Field>()
  const take = (field: Field | undefined): Field | null => {
    if (!field || taken.has(field)) return null
    taken.add(field)
    return field
  }
  const chosen = heads.map((head) => {
    const field = remembered.get(plainHeading(head)) ?? ''
    return isField(kind, field) ? take(field) : null
  })
  return heads.map((head, at) => {
    const plain = plainHeading(head)
    // What a person once chose not to read is remembered too, as no field.
    if (chosen[at] || remembered.has(plain)) return chosen[at] ?? null
    return take(fieldsOf[kind].find((field) => headings(field).includes(plain)))
  })
}

/** What keeps a mapping from being used; null when nothing does. */
export function mappingFault(kind: ImportKind, mapping: Mapping, columns: number): 'length' | 'twice' | 'key' | null {
  const used = mapping.filter((field) => field !== null)
  if (mapping.length !== columns) return 'length'
  if (new Set(used).size !== used.length) return 'twice'
  const known = kind === 'affected' ? ['customer_id', 'email'] : ['customer_id']
  return used.some((field) => known.includes(field)) ? null : 'key'
}

/** The cells of a row by their fields, trimmed; a column that is not read is left out. */
export function cellsBy(mapping: Mapping, cells: readonly string[]): Partial<Record<Field, string>> {
  const by: Partial<Record<Field, string>> = {}
  mapping.forEach((field, at) => {
    if (field) by[field] = (cells[at] ?? '').trim()
  })
  return by
}
