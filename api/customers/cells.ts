import { amountMinorMax, isCurrency, readAmount } from '#api/lib/amount.ts'
import { digitsOf } from '#api/lib/money.ts'
import { type Locale, languageName, localeFor, localeNames, locales } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import type { Field } from './columns.ts'
import { type Finding, quoted } from './finding.ts'

const flags = (answer: 'yes' | 'no', ...marks: string[]) => [
  ...marks,
  ...locales.flatMap((locale) => wordsOf(locale).signs.flags[answer]),
]

/** What files call each language: in its own words, in every other's, and as their folders add. */
const languageNames = new Map(
  locales.flatMap((locale) =>
    [
      localeNames[locale],
      ...locales.map((other) => languageName(locale, other)),
      ...wordsOf(locale).signs.languages,
    ].map((name) => [name.toLowerCase(), locale] as const),
  ),
)

/** Reads the cells of one row and gathers everything that is wrong with it. Blank cells are null. */
export class CellReader {
  readonly findings: Finding[] = []
  readonly #cells: Partial<Record<Field, string>>
  constructor(cells: Partial<Record<Field, string>>) {
    this.#cells = cells
  }

  #fault(finding: Finding): null {
    this.findings.push(finding)
    return null
  }

  /** A text of one line. Formulas stay the text that they are. */
  text(field: Field, lengthMax: number): string | null {
    const cell = (this.#cells[field] ?? '').replace(/\s*\n\s*/g, ' ')
    if (!cell) return null
    if (/[\u0000-\u001f\u007f-\u009f]/.test(cell)) return this.#fault({ code: 'control', field })
    return cell.length > lengthMax ? this.#fault({ code: 'long', field, max: lengthMax }) : cell
  }

  /** Several texts in one cell, with semicolons, bars or line breaks between them. */
  list(field: Field): string[] {
    return (this.#cells[field] ?? '')
      .split(/[;；|\n、]+/)
      .map((text) => text.trim())
      .filter(Boolean)
  }

  minutes(field: Field, max: number): number | null {
    const cell = (this.#cells[field] ?? '').normalize('NFKC')
    if (!cell) return null
    if (!/^\d{1,9}$/.test(cell) || Number(cell) > max)
      return this.#fault({ code: 'minutes', field, value: quoted(cell), max })
    return Number(cell)
  }

  /** The currency of this row's amounts: its own, or the file's. */
  currency(usual: string): string | null {
    const cell = (this.#cells.currency ?? '').normalize('NFKC').toUpperCase()
    if (!cell) return usual
    return isCurrency(cell) ? cell : this.#fault({ code: 'currency', value: quoted(cell) })
  }

  /** An amount in the smallest coin. */
  amount(field: Field, currency: string): number | null {
    const cell = this.#cells[field] ?? ''
    if (!cell) return null
    const amount = readAmount(cell, currency)
    if (typeof amount === 'number') return amount
    const value = quoted(cell)
    switch (amount.fault) {
      case 'negative':
        return this.#fault({ code: 'moneyNegative', field, value })
      case 'digits':
        return this.#fault({ code: 'moneyDigits', field, value, currency, digits: digitsOf(currency) })
      case 'currency':
        return this.#fault({ code: 'moneyCurrency', field, value, currency })
      case 'large':
        return this.#fault({ code: 'moneyLarge', field, value, max: amountMinorMax / 10 ** digitsOf(currency) })
      default:
        return this.#fault({ code: 'money', field, value })
    }
  }

  /** Yes or no. */
  flag(field: Field): boolean | null {
    const cell = (this.#cells[field] ?? '').normalize('NFKC').toLowerCase()
    if (!cell) return null
    if (flags('yes', '1', 'x', '√', '✓').includes(cell)) return true
    if (flags('no', '0', '-', '×').includes(cell)) return false
    return this.#fault({ code: 'flag', field, value: quoted(cell) })
  }

  language(): Locale | null {
    const cell = (this.#cells.language ?? '').normalize('NFKC').toLowerCase()
    if (!cell) return null
    const locale = languageNames.get(cell) ?? (/^[a-z]{2,3}([-_][a-z]+)?$/.test(cell) ? localeFor(cell) : undefined)
    if (locale) return locale
    return this.#fault({ code: 'language', value: quoted(cell) })
  }

  /** An address in its channel's normal form, by that channel's own reading. */
  address(field: Field, text: string, parse: (input: string) => string): string | null {
    try {
      return parse(text)
    } catch {
      return this.#fault({ code: 'address', field, value: quoted(text) })
    }
  }

  refuse(finding: Finding): void {
    this.findings.push(finding)
  }
}
