/** What spreadsheets take for the beginning of a formula, at the start of a cell; their full-width forms too, which some read alike. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/

/** Tells spreadsheets that the text is UTF-8; stands once, at the very start. */
export const byteOrderMark = '\uFEFF'

/**
 * One line of a CSV file (RFC 4180), every cell quoted. A cell that a spreadsheet would run as a formula gets an
 * apostrophe in front and is text again: OWASP, CSV Injection. Phone numbers begin with "+", so they bear one too.
 */
export const csvLine = (cells: readonly (string | number | null)[]): string => `${cells.map(cell).join(',')}\r\n`

function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  const safe = typeof value === 'string' && formula.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}
