import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { App } from '#api/app.ts'
import { listLetters, readLetter } from '#api/channels/letterbox/read.ts'
import { approveOffer, requestApproval } from '#api/compensation/approval-actions.ts'
import { claimOffer } from '#api/compensation/claim-actions.ts'
import { redeemClaim } from '#api/compensation/code-actions.ts'
import { listsOfIncident } from '#api/compensation/eligible-queries.ts'
import { offerInputs, wholeInput } from '#api/compensation/input-schema.ts'
import { goLive } from '#api/compensation/live-actions.ts'
import { offerCompensation } from '#api/compensation/offer-actions.ts'
import { findOffer, offersOfIncident } from '#api/compensation/offer-queries.ts'
import { acceptClaim, rejectClaim } from '#api/compensation/review-actions.ts'
import { listClaims } from '#api/compensation/totals-queries.ts'
import { commitImport, nameColumns } from '#api/customers/import-actions.ts'
import { findImport } from '#api/customers/import-queries.ts'
import { receiveFile } from '#api/customers/receive.ts'
import { workOnImports } from '#api/customers/work.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict } from '#api/errors.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { readEvening, readMerchants } from './company.ts'
import { affectedCsv } from './customers.ts'
import { findTold } from './queries.ts'
import { at, type Cast } from './told.ts'

const time = z.string().regex(/^\d\d:\d\d$/)
const doneBy = z.strictObject({ at: time, by: z.string() })
const words = z.strictObject({ en: z.string().min(1), 'zh-CN': z.string().min(1) })
const schema = z.strictObject({
  date: z.string(),
  list: doneBy.extend({ name: z.string() }),
  asked: doneBy,
  approved: z.strictObject({ at: time, by: z.array(z.string()) }),
  live: doneBy,
  claims: z.strictObject({ at: time, coupons: z.int(), used: z.int(), credits: z.int() }),
  reviewed: doneBy.extend({ granted: z.int(), refused: z.int(), reason: z.string() }),
  claimUntil: z.string(),
  offers: z.array(
    z.looseObject({
      value: z.looseObject({ kind: z.string() }),
      plans: z.array(z.string()),
      title: words,
      terms: words,
    }),
  ),
})
type Told = z.infer<typeof schema>

/** What the company gives after the evening: content/demo/offers.yaml. Throws when the file is not right. */
export const readGiven = (): Told =>
  schema.parse(parse(readFileSync(join(import.meta.dirname, '../../content/demo/offers.yaml'), 'utf8')))

const steps = ['list', 'write', 'request', 'approve', 'live', 'claim', 'review'] as const

/** The next thing that is done about the offers, of which offer, and when. */
export interface OfferStep {
  kind: (typeof steps)[number]
  offer: Row<'offer'> | null
  told: Told['offers'][number] | null
  at: Instant
}

/** What is to be done next about the offers; null when all is given, the evening is not over, or somebody did otherwise by hand. */
export async function nextOfferStep(app: App): Promise<OfferStep | null> {
  const incident = await findTold(app.db, readEvening().code ?? '')
  if (!incident?.resolved) return null
  const given = readGiven()
  const step = (kind: OfferStep['kind'], time: string, more: Partial<OfferStep> = {}): OfferStep => ({
    kind,
    at: at(app, given.date, time),
    offer: null,
    told: null,
    ...more,
  })
  if (!(await listsOfIncident(app.db, incident.id)).length) return step('list', given.list.at)
  const rows = await offersOfIncident(app.db, incident.id)
  const known = given.offers.map((told) => ({ told, offer: rows.find((row) => row.kind === told.value.kind) ?? null }))
  const inState = (state: Row<'offer'>['state']) => known.find(({ offer }) => offer?.state === state)
  const unwritten = known.find(({ offer }) => !offer)
  if (unwritten) return step('write', given.asked.at, unwritten)
  const draft = inState('draft')
  if (draft) return draft.offer?.stateReason ? null : step('request', given.asked.at, draft)
  const pending = inState('pending_approval')
  if (pending) return step('approve', given.approved.at, pending)
  const approved = inState('approved')
  if (approved) return step('live', given.live.at, approved)
  const coupon = known.find(({ offer }) => offer?.kind === 'coupon' && offer.state === 'live')
  if (coupon?.offer?.issuedCount === 0) return step('claim', given.claims.at, coupon)
  const credit = known.find(({ offer }) => offer?.kind === 'credit' && offer.state === 'live')
  const asked = credit?.offer?.issuedCount === 0 && (await requestsOf(app, credit.offer.id)).length > 0
  return asked ? step('review', given.reviewed.at, credit) : null
}

/** Takes that step now, through the program's own actions, as the person who took it. */
export async function playOfferStep(app: App, cast: Cast, { kind, offer, told }: OfferStep): Promise<void> {
  const given = readGiven()
  const incident = await findTold(app.db, readEvening().code ?? '')
  if (!incident) return
  if (kind === 'list') return handIn(app, cast, incident.id)
  if (kind === 'write') return write(app, cast, incident.id, told!)
  const { id } = offer!
  if (kind === 'request') return requestApproval(app, cast.person(given.asked.by), id)
  if (kind === 'live') return goLive(app, cast.person(given.live.by), id)
  if (kind === 'claim') return claim(app, given)
  if (kind === 'review') return review(app, cast, id, given.reviewed)
  for (const person of given.approved.by) {
    const { state, requestedHash } = (await findOffer(app.db, id))!
    if (state === 'pending_approval') await approveOffer(app, cast.person(person), id, requestedHash ?? '')
  }
}

/** Hands billing's file in, has it read and lets it count, as a person does at the desk. */
async function handIn(app: App, cast: Cast, incidentId: string): Promise<void> {
  const { by, name } = readGiven().list
  const person = cast.person(by)
  const merchants = readMerchants()
  const pieces = (async function* () {
    yield Buffer.from(affectedCsv(merchants))
  })()
  const { id } = await receiveFile(app, person, { kind: 'affected', incidentId, fileName: name }, pieces)
  const columns = fromJson<(string | null)[]>((await findImport(app.db, id))?.mapping ?? '[]')
  await nameColumns(app, person, id, { columns, currency: merchants.currency })
  await worked(app, id, 'read')
  await commitImport(app, person, id)
  await worked(app, id, 'committed')
}

/** Works until an import stands there; a worker beside this one takes turns with it. */
async function worked(app: App, id: string, state: 'read' | 'committed'): Promise<void> {
  for (let pieces = 0; pieces < 10_000; pieces++) {
    if ((await findImport(app.db, id))?.state === state) return
    if (!(await workOnImports(app))) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw conflict('The list of who was affected was not read.')
}

async function write(app: App, cast: Cast, incidentId: string, told: Told['offers'][number]): Promise<void> {
  const { asked, live, date, claimUntil } = readGiven()
  const [list] = await listsOfIncident(app.db, incidentId)
  const [day = '', time = ''] = claimUntil.split(' ')
  const { plans, ...rest } = told
  const input = offerInputs(app.site).create.parse({
    ...rest,
    currency: readMerchants().currency,
    eligibility: { listId: list?.id ?? null, plans },
    claimFrom: at(app, date, live.at),
    claimUntil: at(app, day, time),
    admission: 'apology',
  })
  await offerCompensation(app, cast.person(asked.by), incidentId, wholeInput(input, app.now()))
}

/** The links in the newest mails about an offer, at the most so many: what customers have in their hands. */
async function linksTo(app: App, kind: string, most: number): Promise<string[]> {
  const { title } = readGiven().offers.find(({ value }) => value.kind === kind)!
  const folder = join(app.config.dataDir, 'letterbox')
  const { data } = await listLetters(folder, { channel: 'email', limit: 10_000 })
  const about = data.filter(({ subject }) => Object.values(title).some((name) => subject?.includes(name)))
  const links: string[] = []
  for (const { id } of about.slice(0, most)) {
    const secret = /\/claims\/([\w-]+)\//.exec((await readLetter(folder, id))?.text ?? '')?.[1]
    if (secret) links.push(secret)
  }
  return links
}

/** Customers open their mails: some claim their coupon, some of them use it, some ask for their credit. */
async function claim(app: App, { claims }: Told): Promise<void> {
  const billing = { id: 'billing', roles: ['machine'] }
  for (const secret of await linksTo(app, 'credit', claims.credits)) await take(app, secret)
  for (const [place, secret] of (await linksTo(app, 'coupon', claims.coupons)).entries()) {
    const code = await take(app, secret)
    if (code && place < claims.used) await redeemClaim(app, billing, { code }, null)
  }
}

/** A customer with several people has a mail for each of them, and whoever comes second is told so. The code, where there is one. */
async function take(app: App, secret: string): Promise<string | null> {
  try {
    return (await claimOffer(app, secret, null)).code
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return null
    throw error
  }
}

const requestsOf = (app: App, offerId: string) =>
  listClaims(app.db, { offerId, state: 'requested', after: '', limit: 100 })

/** Finance looks at the first requests; the others still wait. */
async function review(app: App, cast: Cast, offerId: string, told: Told['reviewed']): Promise<void> {
  const person = cast.person(told.by)
  for (const [place, { id }] of (await requestsOf(app, offerId)).entries())
    if (place < told.refused) await rejectClaim(app, person, id, told.reason)
    else if (place < told.refused + told.granted) await acceptClaim(app, person, id)
}
