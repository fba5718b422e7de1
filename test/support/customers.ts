import type { App } from '#api/app.ts'
import { approveOffer, requestApproval } from '#api/compensation/approval-actions.ts'
import type { OfferInput } from '#api/compensation/check.ts'
import { goLive } from '#api/compensation/live-actions.ts'
import { offerCompensation } from '#api/compensation/offer-actions.ts'
import { findOffer } from '#api/compensation/offer-queries.ts'
import { newId, newIds } from '#api/lib/ids.ts'
import type { Locale } from '#content/locales.ts'
import { lin, words } from './telling.ts'

export const sun = { id: 'sun', roles: ['coordination'] }
export const gao = { id: 'gao', roles: ['finance'] }
export const xu = { id: 'xu', roles: ['executive'] }
export const wu = { id: 'wu', roles: ['legal'] }

export interface GivenCustomer {
  plan?: string
  feeMinor?: number
  locale?: Locale
  internal?: boolean
  email?: string
  sms?: string
}

/** Customers of the registry, with contacts where they have any. Their ids, in this order. */
export async function addCustomers(app: App, given: GivenCustomer[]): Promise<string[]> {
  const now = app.now()
  const ids = newIds(given.length)
  const rows = given.map((one, at) => ({
    id: ids[at]!,
    externalId: `C-${ids[at]}`,
    name: `Customer ${at + 1}`,
    plan: one.plan ?? 'basic',
    region: 'cn-east',
    segment: '',
    keyFlag: 0,
    internalFlag: one.internal ? 1 : 0,
    accountManager: null,
    monthlyFeeMinor: one.feeMinor ?? 39_900,
    currency: 'CNY',
    locale: one.locale ?? ('zh-CN' as const),
    createdAt: now,
    updatedAt: now,
    archivedAt: null,
  }))
  for (let from = 0; from < rows.length; from += 500)
    await app.db
      .insertInto('customer')
      .values(rows.slice(from, from + 500))
      .execute()
  const contacts = given.flatMap(({ email, sms, locale = 'zh-CN' as const }, at) =>
    [email ? (['email', email] as const) : null, sms ? (['sms', sms] as const) : null].flatMap((contact) =>
      contact
        ? [{ id: newId(), customerId: ids[at]!, channel: contact[0], address: contact[1], locale, name: null }]
        : [],
    ),
  )
  for (let from = 0; from < contacts.length; from += 500)
    await app.db
      .insertInto('customerContact')
      .values(contacts.slice(from, from + 500))
      .execute()
  return ids
}

/** A list of who was affected, for so many minutes. Its id. */
export async function addList(app: App, incidentId: string, customerIds: string[], minutes = 89): Promise<string> {
  const id = newId()
  const row = { id, incidentId, source: 'csv' as const, description: 'affected.csv', rows: customerIds.length }
  await app.db
    .insertInto('affectedList')
    .values({ ...row, rule: null, importId: null, hash: id, createdAt: app.now(), createdBy: 'lin', discardedAt: null })
    .execute()
  const rows = customerIds.map((customerId, at) => ({
    listId: id,
    customerId,
    minutes,
    feeMinor: null,
    amountMinor: null,
    line: at + 2,
  }))
  for (let from = 0; from < rows.length; from += 500)
    await app.db
      .insertInto('affectedCustomer')
      .values(rows.slice(from, from + 500))
      .execute()
  return id
}

/** A coupon of 30 yuan for everybody in the list, as the evening's third offer is. */
export const coupon = (listId: string | null, more: Partial<OfferInput> = {}): OfferInput => ({
  title: words('A 30-yuan coupon for SMS packages', '30 元短信套餐优惠券'),
  terms: words('Usable for 30 days after you claim it.', '领取后 30 天内有效。'),
  basis: 'goodwill',
  value: { kind: 'coupon', amountMinor: 3_000 },
  currency: 'CNY',
  rounding: 'half_up',
  eligibility: {
    listId,
    componentIds: [],
    plans: [],
    regions: [],
    segments: [],
    minAffectedMinutes: null,
    excludeInternal: true,
  },
  delivery: 'on_claim',
  claimFrom: '2026-11-11T00:00:00.000Z',
  claimUntil: '2026-12-31T15:59:59.000Z',
  useWithinDays: 30,
  useUntil: null,
  budgetMinor: null,
  perCustomerMinor: null,
  maxClaims: null,
  admission: 'none',
  ...more,
})

/** Approved by everybody who must, and opened. */
export async function openOffer(app: App, id: string): Promise<void> {
  await requestApproval(app, lin, id)
  for (const person of [lin, sun, gao, xu, wu]) {
    const offer = await findOffer(app.db, id)
    if (offer?.state !== 'pending_approval') break
    await approveOffer(app, person, id, offer.requestedHash ?? '').catch((error: Error) => {
      if (!/None of them is yours/.test(error.message)) throw error
    })
  }
  await goLive(app, lin, id)
}

/** Written, approved and live. Its id. */
export async function liveOffer(app: App, incidentId: string, input: OfferInput): Promise<string> {
  const { id } = await offerCompensation(app, lin, incidentId, input)
  await openOffer(app, id)
  return id
}
