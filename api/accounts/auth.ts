import { betterAuth } from 'better-auth'
import type { App } from '#api/app.ts'
import { type Db, engineOf, type Trx } from '#api/db/connect.ts'
import { clientIpHeader } from '#api/http/client-ip.ts'
import { newId } from '#api/lib/ids.ts'
import { hashPassword, passwordLengthMax, passwordLengthMin, verifyPassword } from './password.ts'

/** How long a session lasts, in seconds: a night's duty. It is not prolonged by use. */
const sessionSeconds = 12 * 60 * 60

interface Passwords {
  hash(password: string): Promise<string>
  verify(given: { hash: string; password: string }): Promise<boolean>
}

function makeAuth(app: App, db: Db | Trx, password: Passwords) {
  const { publicUrl, secretKeys } = app.config
  const secure = publicUrl.startsWith('https://')
  return betterAuth({
    baseURL: publicUrl,
    trustedOrigins: [publicUrl],
    secret: secretKeys[0]!,
    telemetry: { enabled: false },
    logger: { disabled: true },
    // Its column names are camelCase in the tables themselves, so our own renaming of columns must not touch them.
    database: { db: db.withoutPlugins(), type: engineOf(app.db), transaction: !db.isTransaction },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLengthMin,
      maxPasswordLength: passwordLengthMax,
      password,
    },
    session: { expiresIn: sessionSeconds, disableSessionRefresh: true },
    // Guesses are counted in api/accounts/sign-in.ts: this counter sees only requests to handlers that are not mounted.
    rateLimit: { enabled: false },
    advanced: {
      // The tables are our own migrations' work; looking at them has no place inside a transaction.
      database: { generateId: () => newId(), validateSchema: false },
      ipAddress: { ipAddressHeaders: [clientIpHeader] },
      // Its own switch writes the prefix "__Secure-"; "__Host-" also ties the cookie to this very host.
      useSecureCookies: false,
      cookies: {
        session_token: {
          name: secure ? '__Host-candor' : 'candor',
          attributes: { secure, httpOnly: true, sameSite: 'strict', path: '/' },
        },
      },
    },
  })
}

type Auth = ReturnType<typeof makeAuth>
const opened = new WeakMap<App, Auth>()

/**
 * The sessions and passwords of the staff, on this app's record: opened once per app. Only calls from our own routes
 * reach it; none of its HTTP handlers is mounted. It keeps real time, also where the app's clock is moved.
 */
export function openAuth(app: App): Auth {
  const known = opened.get(app)
  if (known) return known
  const auth = makeAuth(app, app.db, passwordsOf(app))
  opened.set(app, auth)
  return auth
}

const passwordsOf = ({ config }: App): Passwords => ({
  hash: (password) => hashPassword(password, config.mode === 'test' ? 'quick' : 'strong'),
  verify: ({ hash, password }) => verifyPassword(password, hash),
})

/**
 * The same within a transaction, so that what it writes is kept or undone with the rest. No password is worked out
 * there, because that would keep everybody else from writing for most of a second: the one given is right when the
 * record still holds the hash that it was verified against before.
 */
export const authWithin = (app: App, trx: Trx, verifiedHash: string | null): Auth =>
  makeAuth(app, trx, { hash: async () => '', verify: async ({ hash }) => hash === verifiedHash })

/**
 * Whether this is the password of a hash. Without a hash it is not, and the answer takes as long, so that nobody learns
 * who has an account.
 */
export async function isPassword(app: App, password: string, hash: string | null): Promise<boolean> {
  if (password.length > passwordLengthMax) return false
  const passwords = passwordsOf(app)
  if (hash) return passwords.verify({ hash, password })
  await passwords.hash(password)
  return false
}
