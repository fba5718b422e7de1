import { setImmediate } from 'node:timers/promises'
import { namesOf } from '#api/accounts/queries.ts'
import type { App } from '#api/app.ts'
import type { Row } from '#api/db/schema.ts'
import { notFound } from '#api/errors.ts'
import { byteOrderMark, csvLine } from '#api/lib/csv.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Words } from '#content/locales.ts'
import { seatsFor } from './approvers.ts'
import { countExports } from './billing-queries.ts'
import { checkOffer, type OfferInput } from './check.ts'
import { countCodes } from './code-queries.ts'
import { besideMinor, committedOf } from './commitment.ts'
import { kindsOfCustomers, listsOfIncident } from './eligible-queries.ts'
import { approvalsOf, findOffer, incidentExists, offersOfIncident, termsOf, undecidedOffers } from './offer-queries.ts'
import { reckon } from './reckon.ts'
import { unsealed } from './sealed.ts'
import { approvalOf, readOffer } from './show.ts'
import { sumOf, totalsOf } from './totals.ts'
import { countAffected, countClaims, countTold, issuedPage } from './totals-queries.ts'

/** One offer as staff and programs read it. */
export type OfferView = Awaited<ReturnType<typeof viewOf>>

async function viewOf(app: App, row: Row<'offer'>) {
  const offer = readOffer(row)
  const terms = await termsOf(app.db, row.id)
  const approvals = await approvalsOf(app.db, row.id)
  const claims = await countClaims(app.db, row.id)
  const people = [...terms.map(({ createdBy }) => createdBy), ...approvals.map(({ personId }) => personId)]
  const names = await namesOf(app.db, [...new Set(people)])
  const prepared = row.preparedAt !== null
  const { preparedCursor: _, requestedHash: __, approvedHash: ___, requiredSeats: ____, ...plain } = offer
  return {
    ...plain,
    terms: fromJson<Words>(terms[0]?.terms ?? '{}'),
    versions: terms.map((one) => ({
      version: one.version,
      title: fromJson<Words>(one.title),
      terms: fromJson<Words>(one.terms),
      hash: one.hash,
      createdAt: one.createdAt,
      createdBy: one.createdBy,
    })),
    approval: approvalOf(offer, approvals, app.approvals),
    names: Object.fromEntries(names),
    claims: claims.map(({ state, count }) => ({ state, count })),
    totals: totalsOf(claims, { ...row, prepared }),
    codes: await countCodes(app.db, row.id),
    billing: { on: app.config.billing !== null, ...(await countExports(app.db, row.id)) },
    told: row.noticeId ? await countTold(app.db, row.noticeId) : [],
  }
}

/** One offer. Throws `not_found`. */
export async function readOffers(app: App, id: string): Promise<OfferView> {
  const row = await findOffer(app.db, id)
  if (!row) throw notFound('This offer')
  return viewOf(app, row)
}

/** The offers of an incident, the oldest first, and what they come to together, by currency. Throws `not_found`. */
export async function readOffersOf(app: App, incidentId: string) {
  if (!(await incidentExists(app.db, incidentId))) throw notFound('This incident')
  const offers: OfferView[] = []
  for (const row of await offersOfIncident(app.db, incidentId)) offers.push(await viewOf(app, row))
  const affected = await countAffected(app.db, incidentId)
  // What was taken of an offer before it was cancelled is its customers', and costs what it costs.
  const counting = offers.filter(({ state, totals }) => state !== 'cancelled' || totals.issuedCount > 0)
  const currencies = [...new Set(counting.map(({ currency }) => currency))]
  const sums = currencies.map((currency) => ({
    currency,
    ...sumOf(
      counting.filter((offer) => offer.currency === currency).map(({ totals }) => totals),
      affected,
    ),
  }))
  return { data: offers, sums, affected }
}

/** Offers of all incidents that wait for somebody's decision, the oldest first. */
export async function readUndecided(app: App): Promise<OfferView[]> {
  const offers: OfferView[] = []
  for (const row of await undecidedOffers(app.db)) offers.push(await viewOf(app, row))
  return offers
}

/** What an offer may name: the lists of this incident, and the plans, regions and segments of the registry. Throws `not_found`. */
export async function readChoices(app: App, incidentId: string) {
  if (!(await incidentExists(app.db, incidentId))) throw notFound('This incident')
  return { lists: await listsOfIncident(app.db, incidentId), ...(await kindsOfCustomers(app.db)) }
}

/**
 * What an offer as it is written would come to: who fits, how much, what the incident's other offers weigh beside it, and
 * who must approve. Writes nothing. Throws `not_found`, `invalid`.
 */
export async function previewOffer(app: App, incidentId: string, input: OfferInput) {
  if (!(await incidentExists(app.db, incidentId))) throw notFound('This incident')
  checkOffer(input)
  const reach = await reckon(app.db, { ...input, id: '' })
  const committedMinor = committedOf(reach, input)
  const { currency, admission } = input
  const beside = besideMinor(await offersOfIncident(app.db, incidentId), { id: '', currency })
  const weight = { committedMinor: committedMinor + beside, currency, kind: input.value.kind, admission }
  const required = seatsFor(app.approvals, weight).map((seat) => ({
    seat,
    role: app.approvals.seats[seat]?.role ?? '',
    title: app.approvals.seats[seat]?.title ?? {},
  }))
  const nothing = Object.entries(reach.nothing).map(([reason, count]) => ({ reason, count }))
  return { eligible: reach.eligible, committedMinor, besideMinor: beside, plans: reach.plans, nothing, required }
}

/** Rows read and written in one piece. */
const pageSize = 500

/** What was issued of an offer, as CSV in pieces: memory holds one piece. The file that billing reads; a stopped download is simply asked for again. */
export async function* exportClaims(app: App, id: string): AsyncGenerator<string> {
  const offer = await findOffer(app.db, id)
  if (!offer) throw notFound('This offer')
  yield byteOrderMark +
    csvLine(['claim', 'customer', 'kind', 'amount_minor', 'currency', 'days', 'code', 'issued_at', 'state'])
  for (let after = ''; ; ) {
    const rows = await issuedPage(app.db, id, after, pageSize)
    yield rows
      .map((row) =>
        csvLine([
          row.id,
          row.externalId,
          offer.kind,
          row.amountMinor,
          offer.currency,
          row.days,
          row.code ? unsealed(app.config.secretKeys, row.code) : null,
          row.issuedAt,
          row.state,
        ]),
      )
      .join('')
    if (rows.length < pageSize) return
    after = rows.at(-1)!.customerId
    await setImmediate()
  }
}
