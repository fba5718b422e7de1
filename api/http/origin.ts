import type { IncomingMessage } from 'node:http'
import { locales } from '#content/locales.ts'

/** Posts that carry their own proof: a token in the path or header, or a provider's signature. No cookie counts there. */
const ownProof = new RegExp(
  `^/(?:hooks/|(?:(?:${locales.join('|')})/)?(?:unsubscribe|preferences|claims|subscribe/confirm|feedback/\\w+/\\w))`,
)

/**
 * Why a request that changes something is refused because of where it comes from; null when it may go on. A browser
 * names the origin of every form it posts; behind TLS it must be PUBLIC_URL's, whatever the inner address is.
 */
export function foreignOrigin(req: IncomingMessage, publicUrl: string): string | null {
  if (req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS') return null
  if (req.headers.authorization?.startsWith('Bearer ') || ownProof.test(req.url ?? '')) return null
  const site = req.headers['sec-fetch-site']
  if (site && site !== 'same-origin' && site !== 'none')
    return `This form was sent from another site. Open ${publicUrl} and send it from there.`
  const { origin } = req.headers
  if (origin && origin !== 'null' && origin !== new URL(publicUrl).origin)
    return `This form was sent from ${origin}, but this page lives at ${publicUrl}. Open it there, or correct PUBLIC_URL.`
  if (!origin && !site && req.headers.cookie)
    return 'This request carries a session but does not say where it comes from. Use a bearer token instead.'
  return null
}
