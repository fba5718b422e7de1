import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { knownComponents } from '#api/components/queries.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { holdIncident } from '#api/incidents/queries.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { holdNotice } from '#api/notices/held-queries.ts'
import { announce } from '#api/outbox/outbox.ts'
import { checkOffer, checkOverlap, type OfferInput } from './check.ts'
import { moveOffer, type OfferState } from './offer.ts'
import {
  findList,
  findOffer,
  holdOffer,
  insertOffer,
  insertTerms,
  offersOfIncident,
  saveOffer,
  termsAt,
  voidApprovals,
} from './offer-queries.ts'
import { inputOf, readOffer } from './show.ts'
import { hashOf } from './terms.ts'

/** Why its announcement is held. */
const changedReason = 'the offer was changed and waits for its approval'

/** States in which an offer stands in another's way. */
const standing: OfferState[] = ['draft', 'pending_approval', 'approved', 'live', 'paused']

/** Writes down what is to be offered after an incident, as a draft that nobody outside knows of. Throws `invalid`, `not_found`. */
export async function offerCompensation(
  app: App,
  actor: Actor,
  incidentId: string,
  input: OfferInput,
  claim?: Claim | undefined,
): Promise<{ id: string }> {
  checkOffer(input)
  return app.db.transaction().execute(async (trx) => {
    // Held: of two who write the same at once, the second sees what the first wrote; the list stays meanwhile.
    if (!(await holdIncident(trx, incidentId))) throw notFound('This incident')
    await checkPlace(trx, incidentId, input)
    const now = app.now()
    const id = newId()
    const row = { ...columnsOf(input), ...fresh, id, incidentId, createdAt: now, createdBy: actor.id }
    await insertOffer(trx, row)
    await insertTerms(trx, termsRow(id, 1, input, actor, now))
    await record(trx, now, actor, 'offer.drafted', id, { after: row })
    await settle(trx, claim, id)
    return { id }
  })
}

const fresh = {
  state: 'draft',
  stateReason: null,
  termsVersion: 1,
  eligibleCount: null,
  committedMinor: null,
  requiredSeats: null,
  requestedHash: null,
  requestedAt: null,
  requestedBy: null,
  approvedHash: null,
  approvedAt: null,
  liveAt: null,
  liveBy: null,
  liveVersion: null,
  closedAt: null,
  closedBy: null,
  preparedCursor: '',
  preparedAt: null,
  noticeId: null,
} as const

/** What may be changed once customers have been told: words, dates that go further, and money. */
const laterChanges = new Set(['title', 'terms', 'claimUntil', 'useWithinDays', 'useUntil', 'budgetMinor', 'maxClaims'])

/**
 * Changes an offer. What was approved was exactly its words and its value, so its approval is void; a live offer stops
 * until it is approved again. Who gets how much stays as it is once customers have been told of it.
 */
export async function changeOffer(app: App, actor: Actor, id: string, patch: Partial<OfferInput>): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const found = await findOffer(trx, id)
    if (found) await holdIncident(trx, found.incidentId)
    const before = await holdOffer(trx, id)
    if (!before) throw notFound('This offer')
    const words = await termsAt(trx, id, before.termsVersion)
    const old = inputOf(before, words)
    const input: OfferInput = { ...old, ...patch }
    const changed = (Object.keys(patch) as (keyof OfferInput)[]).filter(
      (name) => hashOf(input[name]) !== hashOf(old[name]),
    )
    if (!changed.length) return
    const fixed = changed.filter((name) => !laterChanges.has(name))
    if (before.liveAt && fixed.length)
      throw conflict(
        `Customers have been told of this offer: ${fixed.join(', ')} cannot change any more. Close it and write another.`,
      )
    checkOffer(input)
    await checkPlace(trx, before.incidentId, input, id)
    const now = app.now()
    const state = moveOffer(before.state, 'change')
    const worded = changed.includes('title') || changed.includes('terms')
    const termsVersion = before.termsVersion + (worded ? 1 : 0)
    if (worded) await insertTerms(trx, termsRow(id, termsVersion, input, actor, now))
    const voided = await voidApprovals(trx, id, now)
    const stopped = before.state === 'live'
    const after = {
      ...columnsOf(input),
      state,
      termsVersion,
      approvedHash: null,
      approvedAt: null,
      requestedHash: null,
      requiredSeats: null,
      eligibleCount: null,
      committedMinor: before.liveAt ? before.committedMinor : null,
      stateReason: stopped ? 'changed' : before.stateReason,
    }
    await saveOffer(trx, id, after)
    if (stopped) {
      if (before.noticeId) await holdNotice(trx, before.noticeId, { heldAt: now, heldReason: changedReason })
      await announce(trx, now, { kind: 'offer.paused', incidentId: before.incidentId })
    }
    await record(trx, now, actor, 'offer.changed', id, { before, after: { ...after, changed, voided } })
  })
  app.wake()
}

/** An offer as its row holds it. */
const columnsOf = (input: OfferInput) => ({
  basis: input.basis,
  kind: input.value.kind,
  title: toJson(input.title),
  value: toJson(input.value),
  currency: input.currency,
  rounding: input.rounding as string,
  eligibility: toJson(input.eligibility),
  delivery: input.delivery,
  claimFrom: input.claimFrom,
  claimUntil: input.claimUntil,
  useWithinDays: input.useWithinDays,
  useUntil: input.useUntil,
  budgetMinor: input.budgetMinor,
  perCustomerMinor: input.perCustomerMinor,
  maxClaims: input.maxClaims,
  admission: input.admission as string,
  month: 'month' in input.value ? (input.value.month ?? null) : null,
})

const termsRow = (
  offerId: string,
  version: number,
  { title, terms }: OfferInput,
  actor: Actor,
  createdAt: Instant,
): Row<'offerTerms'> => ({
  offerId,
  version,
  title: toJson(title),
  terms: toJson(terms),
  hash: hashOf({ title, terms }),
  createdAt,
  createdBy: actor.id,
})

/** Throws `invalid` where the offer names what is not there, or stands in another's way. */
async function checkPlace(trx: Trx, incidentId: string, input: OfferInput, exceptId?: string): Promise<void> {
  const { listId, componentIds } = input.eligibility
  const list = listId ? await findList(trx, listId) : null
  if (list === undefined || (list && list.incidentId !== incidentId)) {
    const sentence = 'This incident has no such list of who was affected.'
    throw invalid(sentence, { 'eligibility.listId': sentence })
  }
  const known = await knownComponents(trx, componentIds)
  if (componentIds.some((id) => !known.has(id))) {
    const sentence = 'One of these components does not exist.'
    throw invalid(sentence, { 'eligibility.componentIds': sentence })
  }
  const others = (await offersOfIncident(trx, incidentId)).filter(
    (other) => other.id !== exceptId && standing.includes(other.state),
  )
  checkOverlap(input, others.map(readOffer))
}
