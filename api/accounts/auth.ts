import { betterAuth } from 'better-auth'
import type { App } from '#api/app.ts'
import { engineOf } from '#api/db/connect.ts'
import { clientIpHeader } from '#api/http/client-ip.ts'
import { newId } from '#api/lib/ids.ts'
import { hashPassword, passwordLengthMax, passwordLengthMin, verifyPassword } from './password.ts'

/** How long a session lasts, in seconds: a night's duty. It is not prolonged by use. */
const sessionSeconds = 12 * 60 * 60

function makeAuth(app: App) {
  const { publicUrl, secretKeys, mode } = app.config
  const secure = publicUrl.startsWith('https://')
  return betterAuth({
    baseURL: publicUrl,
    trustedOrigins: [publicUrl],
    secret: secretKeys[0]!,
    telemetry: { enabled: false },
    logger: { disabled: true },
    // Its column names are camelCase in the tables themselves, so our own renaming of columns must not touch them.
    database: { db: app.db.withoutPlugins(), type: engineOf(app.db), transaction: true },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: passwordLengthMin,
      maxPasswordLength: passwordLengthMax,
      password: {
        hash: (password) => hashPassword(password, mode === 'test' ? 'quick' : 'strong'),
        verify: ({ hash, password }) => verifyPassword(password, hash),
      },
    },
    session: { expiresIn: sessionSeconds, disableSessionRefresh: true },
    // Guesses are counted in api/accounts/sign-in.ts: this counter sees only requests to handlers that are not mounted.
    rateLimit: { enabled: false },
    advanced: {
      database: { generateId: () => newId() },
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
  const auth = makeAuth(app)
  opened.set(app, auth)
  return auth
}
