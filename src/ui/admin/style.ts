import { createHash } from 'node:crypto'
import { styleOf } from '../../lib/style.ts'
import css from '../../styles/admin.css?inline'

const base = styleOf(css)
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The style blocks of a document, so that the desk's policy can allow exactly these inside a frame. */
export const styleBlocks = (html: string): string[] =>
  [...html.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/g)].map((match) => match[1] ?? '')

/**
 * The one style of the desk and what its policy allows. `framed` documents lie in sandboxed frames without an address
 * of their own, which obey the policy of the page around them: their style blocks are allowed by hash, and the style
 * attributes that mails are made of are allowed where there are such frames.
 */
export function adminStyle(framed: readonly string[] = []): { css: string; policy: string } {
  const hashes = [...new Set(framed.flatMap(styleBlocks).map(hashOf))]
  const frames = framed.length ? `; style-src-attr 'unsafe-inline'; frame-src 'self'` : ''
  const policy = base.policy.replace(/style-src ([^;]*)/, (_, own: string) => `style-src ${[own, ...hashes].join(' ')}`)
  return { css: base.css, policy: policy + frames }
}
