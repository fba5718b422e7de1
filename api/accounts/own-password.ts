import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { AppError, invalid } from '#api/errors.ts'
import { minuteMs, toInstant, toMs } from '#api/lib/time.ts'
import { refusePassword } from './actions.ts'
import { openAuth } from './auth.ts'
import { countUp, findUser } from './queries.ts'

/** How often the present password may be guessed from a session that somebody else may have found open. */
const guessesMax = 10
const windowMs = 15 * minuteMs

/**
 * Changes one's own password and ends one's sessions everywhere else. Gives the cookies of the session that goes on.
 * Throws invalid when the present password is not right or the new one will not do, too_many after ten guesses.
 */
export async function changeOwnPassword(
  app: App,
  actor: Actor,
  headers: Headers,
  input: { currentPassword: string; newPassword: string },
): Promise<string[]> {
  const start = toInstant(Math.floor(toMs(app.now()) / windowMs) * windowMs)
  if ((await countUp(app.db, `password:${actor.id}`, start)) > guessesMax)
    throw new AppError('too_many', 'Too many tries. Wait a quarter of an hour.', {
      retryAfterSeconds: (toMs(start) + windowMs - toMs(app.now())) / 1_000,
    })
  const user = await findUser(app.db, actor.id)
  refusePassword(input.newPassword, user?.email ?? '', 'newPassword')
  try {
    const answer = await openAuth(app).api.changePassword({
      body: { ...input, revokeOtherSessions: true },
      headers,
      returnHeaders: true,
    })
    await app.db.transaction().execute((trx) => record(trx, app.now(), actor, 'password.changed', actor.id))
    return answer.headers.getSetCookie()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'APIError') throw error
    const sentence = 'This is not your present password.'
    throw invalid(sentence, { currentPassword: sentence })
  }
}
