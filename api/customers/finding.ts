import type { Locale } from '#content/locales.ts'
import { fill, type Labels, wordsOf } from '#content/words.ts'

export type FindingCode = keyof Labels['customers']['findings']

/** What is the matter with a file or one of its rows: a code, and what the sentence of that code names. */
export interface Finding {
  code: FindingCode
  [name: string]: string | number
}

/** The finding as a sentence, in which fields bear the names that the language has for them. */
export function say(finding: Finding, locale: Locale): string {
  const { findings, fields } = wordsOf(locale).customers
  const names = new Map(Object.entries(fields))
  const named = (list: string | number | undefined) =>
    String(list ?? '')
      .split(', ')
      .map((name) => names.get(name) ?? name)
      .join(wordsOf(locale).admin.list)
  return fill(findings[finding.code] ?? finding.code, {
    ...finding,
    ...('field' in finding ? { field: named(finding.field) } : {}),
    ...('fields' in finding ? { fields: named(finding.fields) } : {}),
  })
}

/** Longest piece of a cell that is quoted back, in characters. */
const quotedMax = 60

/** A cell as a sentence quotes it: one line, and not all of a novel. */
export const quoted = (cell: string): string => {
  const line = cell.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return line.length > quotedMax ? `${line.slice(0, quotedMax)}…` : line
}

/** A row that cannot be used, with all that is wrong with it. */
export class RowFault extends Error {
  readonly findings: Finding[]
  constructor(findings: Finding[]) {
    super(findings.map((finding) => say(finding, 'en')).join(' '))
    this.findings = findings
  }
}
