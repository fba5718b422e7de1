import type { Row } from '#api/db/schema.ts'
import { dayMs, hourMs, type Instant, plusMs, toMs } from '#api/lib/time.ts'

type Endpoint = Row<'endpoint'>
export type EndpointHealth = Pick<Endpoint, 'firstFailedAt' | 'failingSince'>

/** An endpoint counts as failing once failures lie so far apart … */
const spreadMs = 12 * hourMs
/** … within so long; a single bad hour is none of it. Svix’s measure, a little wider: all tries of one notice fit in. */
const withinMs = 30 * hourMs
/** So long without one success, and it is switched off. */
const failingMaxMs = 5 * dayMs
/** How long an old secret signs beside the new one. */
export const oldSecretMs = 24 * hourMs

/** How an endpoint stands after one more failed attempt, and whether it has failed for too long. */
export function afterFailure({ firstFailedAt, failingSince }: EndpointHealth, now: Instant) {
  const since = firstFailedAt ? toMs(now) - toMs(firstFailedAt) : Number.POSITIVE_INFINITY
  if (failingSince)
    return { health: { firstFailedAt, failingSince }, tooLong: toMs(now) - toMs(failingSince) >= failingMaxMs }
  if (since > withinMs) return { health: { firstFailedAt: now, failingSince: null }, tooLong: false }
  return { health: { firstFailedAt, failingSince: since >= spreadMs ? now : null }, tooLong: false }
}

/** What requests are signed with at an instant, sealed, the newest first. */
export function secretsOf(endpoint: Pick<Endpoint, 'secret' | 'oldSecret' | 'oldSecretUntil'>, now: Instant): string[] {
  const { secret, oldSecret, oldSecretUntil } = endpoint
  const old = oldSecret !== null && oldSecretUntil !== null && oldSecretUntil > now ? [oldSecret] : []
  return secret === null ? [] : [secret, ...old]
}

/** A new secret beside the one that was, which goes on signing for a day. */
export const rotated = ({ secret: oldSecret }: Pick<Endpoint, 'secret'>, secret: string, now: Instant) => ({
  secret,
  oldSecret,
  oldSecretUntil: oldSecret === null ? null : plusMs(now, oldSecretMs),
})

/** Why a subscription is closed that we switched off ourselves: its owner may switch it on again. */
export const disabledReason = 'disabled'

/** What a new endpoint is: confirmed, and with nothing against it. */
export const newEndpoint = (subscriberId: string, owner: string, secret: string | null): Endpoint => ({
  subscriberId,
  owner,
  secret,
  oldSecret: null,
  oldSecretUntil: null,
  firstFailedAt: null,
  failingSince: null,
  disabledAt: null,
  disabledReason: null,
  nextSendAt: null,
})
