import { createHash } from 'node:crypto'
import css from '../styles/page.css?inline'

/** The one style of a page, and what its own policy allows: this style, own scripts, own pictures, own forms. */
export function styleOf(more = ''): { css: string; policy: string } {
  const text = (css + more).trim()
  const hash = createHash('sha256').update(text).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'`
  return { css: text, policy }
}
