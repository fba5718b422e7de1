import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Context, MiddlewareHandler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { App } from '#api/app.ts'
import { AppError, conflict, invalid } from '#api/errors.ts'
import { type Claim, keepAnswer, release, takeKey } from './claims.ts'
import type { Env } from './router.ts'

interface OnceEnv {
  Variables: Env['Variables'] & { claim?: Claim; resultId?: string }
}

/** How long a request waits for the answer of another one with the same key, in milliseconds. */
const waitMaxMs = 5_000
const waitStepMs = 25

/**
 * The same post twice does one thing. A request that carries `Idempotency-Key` (1 to 256 visible characters) is carried
 * out once per caller, method and path; the same key and body again get the stored answer, another body is a conflict.
 * Refusals are not stored, so that a corrected request may use its key again.
 */
export function idempotent(app: App): MiddlewareHandler<OnceEnv> {
  return async (c, next) => {
    const key = c.req.header('Idempotency-Key')
    if (key === undefined) return next()
    if (!/^[\x21-\x7e]{1,256}$/.test(key)) {
      const sentence = 'An Idempotency-Key is 1 to 256 visible characters.'
      throw invalid(sentence, { 'Idempotency-Key': sentence })
    }
    const scope = `${c.get('actor').id} ${c.req.method} ${c.req.path}`
    const hash = createHash('sha256')
      .update(await c.req.text())
      .digest('hex')
    for (const giveUpAt = performance.now() + waitMaxMs; ; await pause(waitStepMs)) {
      const late = performance.now() > giveUpAt
      const taken = await takeKey(app.db, app.now(), { scope, key }, hash)
      if (taken.state === 'another_body')
        throw conflict('This Idempotency-Key was used for another body. Use a new key for a new request.')
      if (taken.state === 'answered') return replay(c, taken.status, taken.body)
      if (taken.state === 'mine') {
        c.set('claim', taken.claim)
        return carryOut(app, c, taken.claim, next)
      }
      if (taken.state === 'done' && (taken.abandoned || late)) {
        c.set('resultId', taken.resultId)
        return carryOut(app, c, taken.claim, next)
      }
      if (late)
        throw new AppError('conflict', 'A request with this Idempotency-Key is still being carried out. Try again.', {
          retryAfterSeconds: 5,
        })
    }
  }
}

async function carryOut(app: App, c: Context<OnceEnv>, claim: Claim, next: () => Promise<void>): Promise<void> {
  await next()
  if (c.res.ok) await keepAnswer(app.db, claim, c.res.status, await c.res.clone().text())
  else await release(app.db, claim)
}

const replay = (c: Context<OnceEnv>, status: number, body: string) =>
  c.body(body, status as ContentfulStatusCode, {
    'Content-Type': 'application/json',
    'Idempotency-Replayed': 'true',
  })

/**
 * Does what a route does unless a request with the same key has done it before; the answer is the id of what came of
 * it. `run` hands the claim to its action, which settles it in its transaction.
 */
export async function once(
  c: Context<OnceEnv>,
  run: (claim: Claim | undefined) => Promise<{ id: string }>,
): Promise<string> {
  return c.get('resultId') ?? (await run(c.get('claim'))).id
}
