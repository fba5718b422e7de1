import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict, invalid, notFound } from '#api/errors.ts'
import { holdIncident } from '#api/incidents/queries.ts'
import { newId } from '#api/lib/ids.ts'
import { fromJson, toJson } from '#api/lib/json.ts'
import { seatsFor, seatsOf, standingOf } from './approvers.ts'
import { checkOffer, type OfferInput } from './check.ts'
import { besideMinor, checkReach, committedOf } from './commitment.ts'
import { moveOffer } from './offer.ts'
import {
  approvalsOf,
  findList,
  findOffer,
  holdOffer,
  insertApproval,
  offersOfIncident,
  saveOffer,
  termsAt,
  voidApprovals,
} from './offer-queries.ts'
import { reckon } from './reckon.ts'
import { bindingOf, inputOf, readOffer } from './show.ts'

/** What an offer comes to now: who fits, what it may cost, and the hash that an approval of exactly this would bear. */
export async function weigh(app: App, id: string) {
  const row = await findOffer(app.db, id)
  if (!row) throw notFound('This offer')
  const input = inputOf(row, await termsAt(app.db, id, row.termsVersion))
  const list = await listOf(app.db, input)
  const reach = await reckon(app.db, { ...readOffer(row), id })
  const committedMinor = committedOf(reach, row)
  const hash = bindingOf(input, { eligible: reach.eligible, committedMinor, listHash: list?.hash ?? null })
  return { row, input, reach, committedMinor, hash }
}

/** The list that an offer chooses from, null when it names none. Throws `invalid` when it does not count any more. */
async function listOf(db: Db | Trx, { eligibility: { listId } }: OfferInput): Promise<Row<'affectedList'> | null> {
  if (!listId) return null
  const list = await findList(db, listId)
  if (list) return list
  const sentence = 'The list of who was affected was discarded meanwhile. Choose another.'
  throw invalid(sentence, { 'eligibility.listId': sentence })
}

/**
 * Sends an offer to those who must approve it: works out who fits and what it comes to, and from that and the incident's
 * other offers who must. Throws `invalid` where nobody fits or the budget does not reach, `conflict` where it cannot be sent now.
 */
export async function requestApproval(app: App, actor: Actor, id: string): Promise<void> {
  const { row, input, reach, committedMinor, hash } = await weigh(app, id)
  checkOffer(input)
  checkReach(reach, row)
  await app.db.transaction().execute(async (trx) => {
    // Two offers of one incident are asked for one after the other: the second sees what the first weighs. A list that
    // is discarded meanwhile is discarded before or after, and is missed here.
    await holdIncident(trx, row.incidentId)
    await listOf(trx, input)
    const before = await holdOffer(trx, id)
    if (!before) throw notFound('This offer')
    const state = moveOffer(before.state, 'request')
    if (before.approvedHash) throw conflict('What this offer says is approved already. Let it go on instead.')
    if (
      before.termsVersion !== row.termsVersion ||
      before.value !== row.value ||
      before.eligibility !== row.eligibility
    )
      throw conflict('This offer was changed a moment ago. Look at it again.')
    const now = app.now()
    await voidApprovals(trx, id, now)
    const others = await offersOfIncident(trx, row.incidentId)
    const required = seatsFor(app.approvals, {
      committedMinor: committedMinor + besideMinor(others, row),
      currency: row.currency,
      kind: row.kind,
      admission: input.admission,
    })
    const after = {
      state,
      requestedHash: hash,
      requestedAt: now,
      requestedBy: actor.id,
      requiredSeats: toJson(required),
      eligibleCount: reach.eligible,
      committedMinor,
      stateReason: null,
    }
    await saveOffer(trx, id, after)
    await record(trx, now, actor, 'offer.requested', id, { before, after })
  })
}

/**
 * One person's approval. It counts for every seat whose role they hold, and for exactly what they saw: `hash` is that of
 * the request on their screen. Throws `forbidden` for whoever holds none of the roles that are asked for, `conflict`.
 */
export async function approveOffer(app: App, actor: Actor, id: string, hash: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const before = await holdOffer(trx, id)
    if (!before) throw notFound('This offer')
    const approved = moveOffer(before.state, 'approve')
    const offer = readOffer(before)
    const required = offer.requiredSeats ?? []
    const seats = mine(app, actor, required)
    if (hash !== before.requestedHash)
      throw conflict('This offer was changed since you opened it. Read it again before you approve.')
    const valid = (await approvalsOf(trx, id)).filter((one) => one.voidedAt === null && one.decision === 'approved')
    if (valid.some(({ personId }) => personId === actor.id)) throw conflict('You have approved this already.')
    const now = app.now()
    const given = valid.map(({ personId, seats: filled }) => ({ personId, seats: fromJson<string[]>(filled) }))
    const stood = standingOf(app.approvals, required, given)
    const news = seats.filter((seat) => stood.missing.includes(seat))
    if (!news.length && !stood.needsSecondPerson)
      throw conflict('Your role has approved this already; others are still asked for.')
    const row = {
      id: newId(),
      offerId: id,
      hash,
      termsVersion: before.termsVersion,
      decision: 'approved' as const,
      seats: toJson(news.length ? news : seats),
      personId: actor.id,
      reason: null,
      createdAt: now,
      voidedAt: null,
    }
    await insertApproval(trx, row)
    const standing = standingOf(app.approvals, required, [...given, { personId: actor.id, seats }])
    if (standing.complete) await saveOffer(trx, id, { state: approved, approvedHash: hash, approvedAt: now })
    await record(trx, now, actor, 'offer.approved', id, { after: { ...row, complete: standing.complete } })
  })
}

/** One of those who must approve says no, with a reason: the offer is a draft again. */
export async function refuseOffer(app: App, actor: Actor, id: string, reason: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const before = await holdOffer(trx, id)
    if (!before) throw notFound('This offer')
    const refused = moveOffer(before.state, 'refuse')
    const seats = mine(app, actor, readOffer(before).requiredSeats ?? [])
    const now = app.now()
    await voidApprovals(trx, id, now)
    const row = {
      id: newId(),
      offerId: id,
      hash: before.requestedHash ?? '',
      termsVersion: before.termsVersion,
      decision: 'refused' as const,
      seats: toJson(seats),
      personId: actor.id,
      reason,
      createdAt: now,
      voidedAt: now,
    }
    await insertApproval(trx, row)
    // One that customers know of stays stopped; it is not a draft that nobody has seen.
    const state = before.liveAt ? 'paused' : refused
    await saveOffer(trx, id, { state, approvedHash: null, stateReason: 'refused' })
    await record(trx, now, actor, 'offer.refused', id, { after: row })
  })
}

function mine(app: App, actor: Actor, required: string[]): string[] {
  const seats = seatsOf(app.approvals, required, actor.roles)
  if (seats.length) return seats
  const roles = [...new Set(required.map((seat) => app.approvals.seats[seat]?.role))]
  throw new AppError('forbidden', `This offer is approved by these roles: ${roles.join(', ')}. None of them is yours.`)
}
