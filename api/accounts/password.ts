import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

export const passwordLengthMin = 12
export const passwordLengthMax = 128

/** scrypt as the OWASP password storage cheat sheet asks first: N=2^17, r=8, p=1 (128 MiB). Tests hash quickly. */
const costs = { strong: 2 ** 17, quick: 2 ** 12 }
const blockSize = 8
const keyBytes = 32
/** Hashes made at the same time: each takes 128 MiB and most of a second, and many may knock at once. */
const atOnceMax = 2

/** Words and rows that stand behind most guessed passwords, whatever digits are put around them. */
const common =
  'password passw0rd passwort letmein welcome iloveyou administrator administrador changeme default superman batman trustno monkey dragon football baseball princess sunshine whatever computer internet secret master qwertyuiop qwertyuiopasdfgh asdfghjkl zxcvbnm qwerty qwertz azerty qazwsxedc qazwsx abcdefghijkl abcdefgh abcabc woaini aini mima nihao incident status statuspage candor'.split(
    ' ',
  )
const rows = [
  '01234567890123456789',
  '98765432109876543210',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
]

/** Why a new password is refused, as a sentence's key; null when it will do. */
export function passwordFault(password: string, email = ''): 'short' | 'long' | 'common' | null {
  if ([...password].length < passwordLengthMin) return 'short'
  if (password.length > passwordLengthMax) return 'long'
  const lower = password.toLowerCase()
  const letters = lower.replace(/[^\p{L}]/gu, '')
  const name = email.toLowerCase().split('@')[0] ?? ''
  const few = new Set(lower).size <= 4
  const twice = common.some((word) => letters === word || letters.replaceAll(word, '') === '')
  if (few || twice || rows.some((row) => row.includes(lower) || row.includes(lower.slice(0, 12)))) return 'common'
  return name.length > 3 && lower.replace(name, '').length <= 6 ? 'common' : null
}

let running = 0
const waiting: (() => void)[] = []

async function derive(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  if (running >= atOnceMax) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    return await new Promise((resolve, reject) => {
      const options = { N: cost, r: blockSize, p: 1, maxmem: 256 * cost * blockSize }
      scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
  } finally {
    running--
    waiting.shift()?.()
  }
}

/** "scrypt$<N>$<salt>$<key>": the cost stands in the text, so that it can be raised later. */
export async function hashPassword(password: string, strength: keyof typeof costs = 'strong'): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, costs[strength])
  return `scrypt$${costs[strength]}$${salt.toString('base64url')}$${key.toString('base64url')}`
}

/** Whether this password made this hash; false for a hash in another form. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [kind, cost, salt, key] = hash.split('$')
  if (kind !== 'scrypt' || !cost || !salt || !key) return false
  const expected = Buffer.from(key, 'base64url')
  const given = await derive(password, Buffer.from(salt, 'base64url'), Number(cost))
  return given.length === expected.length && timingSafeEqual(given, expected)
}
