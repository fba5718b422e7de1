import type { App } from '#api/app.ts'
import { type Action, type Actor, record } from '#api/audit/audit.ts'
import { AppError } from '#api/errors.ts'
import { clientIpHeader } from '#api/http/client-ip.ts'
import { clientNetwork } from '#api/lib/network.ts'
import { dayMs, minuteMs, plusMs, toInstant, toMs } from '#api/lib/time.ts'
import { hashSecret } from '#api/lib/tokens.ts'
import { authWithin, isPassword } from './auth.ts'
import { countUp, dropEndedSessions, findPassword, knowsNetwork, rememberNetwork } from './queries.ts'

/** Guesses in one window: from one network, and at one account from networks it was never opened from. */
const windowMs = 15 * minuteMs
const guessesPerNetworkMax = 30
const guessesPerAccountMax = 10
/** Whoever knocks and is not let in. */
const stranger: Actor = { id: 'stranger', roles: [] }
/** How long a network counts as one an account was opened from. */
const familiarMs = 90 * dayMs

/**
 * Opens a session: returns the cookies to set. The answer is the same, and takes as long, whether the address or the
 * password is wrong. Guesses are counted before the password is looked at; a stranger who uses an account's guesses up
 * does not lock out a network that account was opened from before. What was let in and what was turned away is in the
 * audit, a session in the same transaction. Throws unauthorized or too_many.
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
  const fromNetwork = await countUp(app.db, `sign-in:network:${network}`, start)
  if (fromNetwork > guessesPerNetworkMax) {
    if (fromNetwork === guessesPerNetworkMax + 1) await turnAway(app, 'session.limited', 'network', network)
    throw tooMany
  }
  const atAccount = await countUp(app.db, `sign-in:account:${account}`, start)
  const known = await findPassword(app.db, email.toLowerCase())
  const subject = known?.userId ?? 'unknown'
  if (atAccount > guessesPerAccountMax && !(await knowsNetwork(app.db, place, since))) {
    if (atAccount === guessesPerAccountMax + 1) await turnAway(app, 'session.limited', subject, network)
    throw tooMany
  }

  const wrong = new AppError('unauthorized', 'The address or the password is not right.')
  if (!(await isPassword(app, password, known?.hash ?? null)) || !known) {
    await turnAway(app, 'session.refused', subject, network)
    throw wrong
  }
  // Without the cookie that came along: a session that exists already must not colour the new one.
  const own = new Headers()
  for (const name of [clientIpHeader, 'user-agent']) if (headers.has(name)) own.set(name, headers.get(name) ?? '')
  const { userId } = known
  try {
    const cookies = await app.db.transaction().execute(async (trx) => {
      const { api } = authWithin(app, trx, known.hash)
      const answer = await api.signInEmail({ body: { email, password }, headers: own, returnHeaders: true })
      await rememberNetwork(trx, place, app.now(), since)
      await record(trx, app.now(), { id: userId, roles: [] }, 'session.opened', userId)
      return answer.headers.getSetCookie()
    })
    // Sessions keep real time, whatever the app's clock says.
    await dropEndedSessions(app.db, new Date().toISOString())
    return { userId, cookies }
  } catch (error) {
    if (error instanceof Error && error.name === 'APIError') throw wrong
    throw error
  }
}

/** Writes down that somebody was turned away: at whose account, from which network, and never which address was typed. */
async function turnAway(app: App, action: Action, subject: string, network: string): Promise<void> {
  await app.db.transaction().execute((trx) => record(trx, app.now(), stranger, action, subject, { after: { network } }))
  app.log('warn', action)
}

/** Ends the session of this request, in the record too. Returns the cookies that take it from the browser. */
export const signOut = (app: App, headers: Headers): Promise<string[]> =>
  app.db.transaction().execute(async (trx) => {
    const { api } = authWithin(app, trx, null)
    const session = await api.getSession({ headers })
    const answer = await api.signOut({ headers, returnHeaders: true })
    if (session) {
      const { id } = session.user
      await record(trx, app.now(), { id, roles: [] }, 'session.closed', id)
    }
    return answer.headers.getSetCookie()
  })
