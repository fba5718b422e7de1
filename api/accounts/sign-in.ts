import type { App } from '#api/app.ts'
import { record } from '#api/audit/audit.ts'
import { AppError } from '#api/errors.ts'
import { clientIpHeader } from '#api/http/client-ip.ts'
import { clientNetwork } from '#api/lib/network.ts'
import { dayMs, minuteMs, plusMs, toInstant, toMs } from '#api/lib/time.ts'
import { hashSecret } from '#api/lib/tokens.ts'
import { openAuth } from './auth.ts'
import { countUp, dropEndedSessions, knowsNetwork, rememberNetwork } from './queries.ts'

/** Guesses in one window: from one network, and at one account from networks it was never opened from. */
const windowMs = 15 * minuteMs
const guessesPerNetworkMax = 30
const guessesPerAccountMax = 10
/** How long a network counts as one an account was opened from. */
const familiarMs = 90 * dayMs

/**
 * Opens a session: returns the cookies to set. The answer is the same, and takes as long, whether the address or the
 * password is wrong. Guesses are counted before the password is looked at; a stranger who uses an account's guesses up
 * does not lock out a network that account was opened from before. Throws unauthorized or too_many.
 */
export async function signIn(
  app: App,
  headers: Headers,
  email: string,
  password: string,
): Promise<{ userId: string; cookies: string[] }> {
  const account = hashSecret(email.toLowerCase()).slice(0, 32)
  const network = clientNetwork(headers.get(clientIpHeader) ?? '')
  const place = `${account}:${network}`
  const since = plusMs(app.now(), -familiarMs)
  const start = toInstant(Math.floor(toMs(app.now()) / windowMs) * windowMs)
  const tooMany = new AppError(
    'too_many',
    'Too many tries. Wait a quarter of an hour, or sign in from where you did before.',
    {
      retryAfterSeconds: (toMs(start) + windowMs - toMs(app.now())) / 1_000,
    },
  )
  if ((await countUp(app.db, `sign-in:network:${network}`, start)) > guessesPerNetworkMax) throw tooMany
  if (
    (await countUp(app.db, `sign-in:account:${account}`, start)) > guessesPerAccountMax &&
    !(await knowsNetwork(app.db, place, since))
  )
    throw tooMany

  // Without the cookie that came along: a session that exists already must not colour the new one.
  const own = new Headers()
  for (const name of [clientIpHeader, 'user-agent']) if (headers.has(name)) own.set(name, headers.get(name) ?? '')
  try {
    const answer = await openAuth(app).api.signInEmail({ body: { email, password }, headers: own, returnHeaders: true })
    const { id } = answer.response.user
    await app.db.transaction().execute(async (trx) => {
      await rememberNetwork(trx, place, app.now(), since)
      await record(trx, app.now(), { id, roles: [] }, 'session.opened', id)
    })
    // Sessions keep real time, whatever the app's clock says.
    await dropEndedSessions(app.db, new Date().toISOString())
    return { userId: id, cookies: answer.headers.getSetCookie() }
  } catch (error) {
    if (error instanceof Error && error.name === 'APIError')
      throw new AppError('unauthorized', 'The address or the password is not right.')
    throw error
  }
}

/** Ends the session of this request, in the record too. Returns the cookies that take it from the browser. */
export async function signOut(app: App, headers: Headers): Promise<string[]> {
  const session = await openAuth(app).api.getSession({ headers })
  const answer = await openAuth(app).api.signOut({ headers, returnHeaders: true })
  if (session) {
    const { id } = session.user
    await app.db.transaction().execute((trx) => record(trx, app.now(), { id, roles: [] }, 'session.closed', id))
  }
  return answer.headers.getSetCookie()
}
