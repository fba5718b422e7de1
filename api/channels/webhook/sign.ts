import { createHmac, randomBytes } from 'node:crypto'

// Standard Webhooks 1.0.0: standardwebhooks.com.

const prefix = 'whsec_'
/** The specification asks for 24 to 64 random bytes. */
const secretBytes = 32

/** A new secret for one endpoint, in the form its owner copies: "whsec_…". */
export const newEndpointSecret = (): string => `${prefix}${randomBytes(secretBytes).toString('base64')}`

/**
 * The headers of one attempt. `id` is the same over all attempts and holds no dot; `secrets` are one, or while one is
 * being replaced two, and a receiver that knows either accepts the request.
 */
export function signatureHeaders(
  secrets: readonly string[],
  id: string,
  atSeconds: number,
  body: string,
): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(atSeconds), 'webhook-signature': signatures.join(' ') }
}
