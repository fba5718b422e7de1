import type { IncomingMessage } from 'node:http'
import { extname } from 'node:path'

/** A year, in seconds. */
const hstsSeconds = 31_536_000

/**
 * What every answer says besides its content. A page's own policy stands in the page; framing can only be refused here.
 * Referrers stay within the site: a browser that sends none at all also hides the origin of a form.
 */
export const securityHeaders = (publicUrl: string): Record<string, string> => ({
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'content-security-policy': "frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  ...(publicUrl.startsWith('https://') ? { 'strict-transport-security': `max-age=${hstsSeconds}` } : {}),
})

/** Content types by the end of a file's name; typeOf knows the one exception. */
export const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.rss': 'application/rss+xml; charset=utf-8',
  '.atom': 'application/atom+xml; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.ics': 'text/calendar; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

export const jsonFeedType = 'application/feed+json; charset=utf-8'

export const typeOf = (file: string): string =>
  file.endsWith('feed.json') ? jsonFeedType : (types[extname(file)] ?? 'application/octet-stream')

/** Whether packing makes it smaller. */
export const packs = (file: string): boolean => /text|json|xml|svg/.test(typeOf(file))

/** What programs read instead of people, feeds and JSON: anybody's page may read it. */
export const forPrograms = /\.(?:json|rss|atom|ics|svg)$/

/** Below it every name carries a hash of the content. */
export const assetsPath = '/assets/'
export const assetsCache = 'public, max-age=31536000, immutable'
export const pagesCache = 'public, max-age=0, must-revalidate'

/** How long a public path may be kept: a file that is named after its content for ever, everything else is asked for again. */
export const cacheOf = (place: string): string => (place.startsWith(assetsPath) ? assetsCache : pagesCache)

export type Encoding = 'br' | 'gzip' | 'identity'

/** The encoding to answer in, of those that exist: what the client prefers, and of equals the smallest (RFC 9110, 12.5.3). */
export function encodingFor(accepted: string | undefined, existing: readonly Encoding[]): Encoding {
  const weights = new Map<string, number>()
  for (const part of (accepted ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    if (name) weights.set(name, q ? Number(q.slice(2)) || 0 : 1)
  }
  let best: Encoding = 'identity'
  let weight = 0
  for (const encoding of existing) {
    const given = weights.get(encoding) ?? (encoding === 'identity' ? 0.001 : (weights.get('*') ?? 0))
    if (given > weight) [best, weight] = [encoding, given]
  }
  return best
}

/** A strong tag: the content, and how it is packed. The part before the dash changes with the content alone. */
export const tagOf = (hash: string, encoding: Encoding, size: number): string =>
  `"${hash}${encoding === 'identity' ? '' : `-${encoding}${size}`}"`

/** A tag without the size: a page that was only packed better is the same to whoever holds it. */
const contentOf = (tag: string): string => tag.replace(/^W\//, '').replace(/^"(.{22}-(?:br|gzip))\d+"$/, '"$1"')

/** Whether the client already holds what this tag names, in this encoding (If-None-Match, RFC 9110, 13.1.2). */
export function holds(req: IncomingMessage, tag: string): boolean {
  const given = req.headers['if-none-match']
  if (!given) return false
  const held = contentOf(tag)
  return given.trim() === '*' || given.split(',').some((one) => contentOf(one.trim()) === held)
}
