import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'

// Secrets that must be used again, so that a hash will not do: addresses that are passwords, and what requests are
// signed with. AES-256-GCM with keys derived from SECRET_KEY, so that a copy of the record alone opens none of them.

const mark = 'sealed'
const keyIdLength = 6
const nonceBytes = 12
const tagBytes = 16

interface Keys {
  id: string
  cipher: Buffer
  nonce: Buffer
}

const derived = new Map<string, Keys>()
function keysOf(secretKey: string): Keys {
  let keys = derived.get(secretKey)
  if (!keys) {
    const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secretKey, 'candor', `seal ${purpose}`, 32))
    const id = createHash('sha256').update(derive('id')).digest('hex').slice(0, keyIdLength)
    keys = { id, cipher: derive('cipher'), nonce: derive('nonce') }
    derived.set(secretKey, keys)
  }
  return keys
}

/**
 * Seals a text with the first key: "sealed:<key>:<letters>:<hint>". The same text, key and hint give the same letters,
 * so that a sealed address is still unique and can be searched for; the nonce comes from the text itself and never
 * serves two texts. `hint` stays readable: what may be shown of the text, such as its last four characters.
 */
export function seal(secretKeys: readonly string[], text: string, hint = ''): string {
  const { id, cipher, nonce } = keysOf(secretKeys[0]!)
  const iv = createHmac('sha256', nonce).update(`${hint}\u0000${text}`).digest().subarray(0, nonceBytes)
  const gcm = createCipheriv('aes-256-gcm', cipher, iv).setAAD(Buffer.from(hint))
  const sealed = Buffer.concat([iv, gcm.update(text, 'utf8'), gcm.final(), gcm.getAuthTag()])
  return [mark, id, sealed.toString('base64url'), hint].join(':')
}

interface Parts {
  keyId: string
  sealed: Buffer
  hint: string
}

function partsOf(text: string): Parts | null {
  const found = /^sealed:([0-9a-f]{6}):([\w-]+):(.*)$/su.exec(text)
  return found ? { keyId: found[1]!, sealed: Buffer.from(found[2]!, 'base64url'), hint: found[3]! } : null
}

export const isSealed = (text: string): boolean => partsOf(text) !== null

/** What may be shown of a sealed text; null when it is none. */
export const hintOf = (text: string): string | null => partsOf(text)?.hint ?? null

/** Opens what `seal` made with any of the keys; null when none fits, or when it was changed. */
export function unseal(secretKeys: readonly string[], text: string): string | null {
  const parts = partsOf(text)
  const keys = parts && secretKeys.map(keysOf).find(({ id }) => id === parts.keyId)
  if (!parts || !keys || parts.sealed.length < nonceBytes + tagBytes) return null
  const { sealed, hint } = parts
  try {
    const gcm = createDecipheriv('aes-256-gcm', keys.cipher, sealed.subarray(0, nonceBytes)).setAAD(Buffer.from(hint))
    gcm.setAuthTag(sealed.subarray(-tagBytes))
    return Buffer.concat([gcm.update(sealed.subarray(nonceBytes, -tagBytes)), gcm.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** How everything begins that the first key sealed: what begins otherwise waits to be sealed anew. */
export const sealedWith = (secretKeys: readonly string[]): string => `${mark}:${keysOf(secretKeys[0]!).id}:`
