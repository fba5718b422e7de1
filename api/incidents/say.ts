import type { Actor } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { IncidentStatus, Row } from '#api/db/schema.ts'
import { newId, randomWord } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { audienceOf, happenedBy } from '#api/notices/audience.ts'
import { announce } from '#api/outbox/outbox.ts'
import type { Words } from '#content/locales.ts'
import { effectsOfUpdate } from './effects.ts'
import { type ComponentState, checkEffectiveAt, isPrivate } from './incident.ts'
import { codeIsTaken, insertEffects, insertIntervals, insertUpdate, intervalsOf, saveSpan } from './queries.ts'

export interface NewUpdate {
  status: IncidentStatus
  body: Words
  components?: ComponentState[] | undefined
  nextUpdateAt?: Instant | null | undefined
  /** The earlier update that this one puts right. */
  corrects?: string | null | undefined
  notify?: boolean | undefined
  /** The newest update that whoever writes this one has read. */
  follows?: string | undefined
}

/** Letters and digits that nobody mistakes for one another and that spell no word. */
const codeLetters = 'bcdfghjkmnpqrstvwxyz23456789'

/** A code that no incident has or had. */
export async function freeCode(trx: Trx): Promise<string> {
  for (let tries = 0; ; tries++) {
    const code = randomWord(Math.min(4 + Math.floor(tries / 3), 6), codeLetters)
    if (!(await codeIsTaken(trx, code))) return code
  }
}

/**
 * Writes an update, its effects and, unless it is private, the row that tells of it, into the transaction of whoever
 * speaks: the incident's own actions, and what other slices say on it. Returns the update's id.
 */
export async function publish(
  trx: Trx,
  actor: Actor,
  now: Instant,
  incident: Row<'incident'>,
  input: NewUpdate & { components: ComponentState[] },
  how: { resolved: boolean; earlier: Row<'incidentUpdate'>[]; effectiveAt?: Instant | undefined },
): Promise<string> {
  const { severity } = incident
  const { resolved, earlier, effectiveAt } = how
  const update: Row<'incidentUpdate'> = {
    id: newId(),
    incidentId: incident.id,
    number: (earlier.at(-1)?.number ?? 0) + 1,
    status: input.status,
    severity,
    body: toJson(input.body),
    nextUpdateAt: input.nextUpdateAt ?? null,
    correctsId: input.corrects ?? null,
    notify: input.notify === false ? 0 : 1,
    createdAt: now,
    createdBy: actor.id,
  }
  await insertUpdate(trx, update)
  const intervals = await intervalsOf(trx, [incident.id])
  if (effectiveAt) checkEffectiveAt(effectiveAt, incident, intervals, now)
  const turn = { first: !earlier.length, resolved }
  const change = effectsOfUpdate(effectiveAt ?? now, incident, intervals, input.components, turn)
  await insertEffects(
    trx,
    change.effects.map((effect) => ({ updateId: update.id, ...effect })),
  )
  for (const span of change.ended) await saveSpan(trx, span)
  await insertIntervals(
    trx,
    change.begun.map((begun) => ({ id: newId(), incidentId: incident.id, updateId: update.id, ...begun })),
  )
  if (isPrivate(severity)) return update.id
  const first = !earlier.some((other) => !isPrivate(other.severity))
  const touched = intervals.map(({ componentId }) => componentId)
  const { status, corrects, components } = input
  const audience = audienceOf(happenedBy({ severity, status, resolved, corrects, earlier, touched, components }))
  await announce(trx, now, {
    kind: resolved
      ? 'incident.resolved'
      : first
        ? 'incident.opened'
        : status === 'postmortem'
          ? 'incident.reported'
          : 'incident.updated',
    incidentId: incident.id,
    updateId: update.id,
    audience: update.notify ? audience : null,
  })
  return update.id
}
