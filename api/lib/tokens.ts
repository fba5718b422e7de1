import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** A random secret for a link or an API: 32 bytes as base64url. Only its hash is stored. */
export const newSecret = () => randomBytes(32).toString('base64url')

/** SHA-256 of a random secret, hex: what the record keeps. */
export const hashSecret = (secret: string) => createHash('sha256').update(secret).digest('hex')

const mac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64url')

/** Equal without telling where the difference is. */
export function sameText(a: string, b: string): boolean {
  const left = createHash('sha256').update(a).digest()
  const right = createHash('sha256').update(b).digest()
  return timingSafeEqual(left, right)
}

/**
 * A token that is derived and never stored: `<subject>.<generation>.<hmac>` over purpose, subject and generation.
 * Raising the generation revokes every token given out before.
 */
export function deriveToken(keys: readonly string[], purpose: string, subject: string, generation: number): string {
  return `${subject}.${generation}.${mac(keys[0]!, `${purpose}|${subject}|${generation}`)}`
}

/** Reads a derived token; null unless one of the keys made it for this purpose. */
export function readToken(
  keys: readonly string[],
  purpose: string,
  token: string,
): { subject: string; generation: number } | null {
  const [subject, digits, given, ...rest] = token.split('.')
  if (!subject || !digits || !given || rest.length || !/^\d{1,9}$/.test(digits)) return null
  const generation = Number(digits)
  const genuine = keys.some((key) => sameText(mac(key, `${purpose}|${subject}|${generation}`), given))
  return genuine ? { subject, generation } : null
}
