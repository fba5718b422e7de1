import { afterAll, beforeEach, expect } from 'vitest'
import { approveOffer, requestApproval } from '#api/compensation/approval-actions.ts'
import { claimOffer, readClaim } from '#api/compensation/claim-actions.ts'
import { importCodes, redeemClaim } from '#api/compensation/code-actions.ts'
import { leaveOffers } from '#api/compensation/goodbye-actions.ts'
import { goLive, resumeOffer } from '#api/compensation/live-actions.ts'
import { changeOffer, offerCompensation } from '#api/compensation/offer-actions.ts'
import { findOffer } from '#api/compensation/offer-queries.ts'
import { readOffersOf } from '#api/compensation/read.ts'
import { acceptClaim, rejectClaim } from '#api/compensation/review-actions.ts'
import { verifyOffers } from '#api/compensation/verify.ts'
import { dayMs, secondMs } from '#api/lib/time.ts'
import { readIncident } from '#api/status/read.ts'
import { addCustomers, addList, coupon, gao, liveOffer, openOffer, sun, wu, xu } from '../support/customers.ts'
import { story } from '../support/story.ts'
import { lin, openServices, ordersDown, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

const resend = await openResend()
afterAll(() => resend.close())
beforeEach(() => {
  resend.batches.length = 0
  resend.heal()
})
const tell: typeof story = (promise, act) => story(promise, act, resendEnv(resend))

/** The secret in the link of the last mail to an address whose subject says this. */
const secretOf = (address: string, subject = ''): string => {
  const mail = resend.mailTo(address).findLast((one) => one.subject.includes(subject))
  return /\/claims\/([\w-]+)\//.exec(mail?.text ?? '')?.[1] ?? ''
}

tell('the evening’s three offers come to 622,286.60, to the cent', async ({ app, clock }) => {
  const incident = await ordersDown(app, await openServices(app))
  const ids = await addCustomers(app, [
    ...Array.from({ length: 2_331 }, (_, at) => (at ? {} : { email: 'basic@mail.example' })),
    ...Array.from({ length: 655 }, () => ({ plan: 'pro', feeMinor: 129_900 })),
    ...Array.from({ length: 116 }, (_, at) => ({
      plan: 'enterprise',
      feeMinor: 980_000,
      ...(at ? {} : { email: 'enterprise@mail.example', locale: 'en' as const }),
    })),
  ])
  const [stranger] = await addCustomers(app, [{ email: 'untouched@mail.example' }])
  const listId = await addList(app, incident.id, ids)
  const base = coupon(listId)
  const who = (...plans: string[]) => ({ ...base.eligibility, plans })
  const credit = await liveOffer(app, incident.id, {
    ...base,
    title: words('Credit of 10 % of November’s fee', '11 月服务费 10% 的服务赔偿'),
    basis: 'sla',
    value: {
      kind: 'credit',
      mode: 'tier',
      tiers: [
        { op: 'lt', bound: '99.9', percent: '10' },
        { op: 'lt', bound: '99.0', percent: '30' },
        { op: 'lt', bound: '95.0', percent: '100' },
      ],
      month: '2026-11',
      downtime: { minutes: 89, from: 'offer' },
      feeFrom: 'customer',
    },
    eligibility: who('enterprise'),
    useWithinDays: null,
  })
  clock.move(secondMs)
  const days = await liveOffer(app, incident.id, {
    ...base,
    title: words('7 more days of service', '延长服务期限 7 天'),
    value: {
      kind: 'service_extension',
      mode: 'multiple',
      multiple: 100,
      downtime: { minutes: 0, from: 'list' },
      periodDays: 30,
    },
    eligibility: who('basic', 'pro'),
    delivery: 'automatic',
    useWithinDays: null,
  })
  clock.move(secondMs)
  const coupons = await liveOffer(app, incident.id, base)
  await workFor(app, clock, 5 * secondMs)
  const told = await readOffersOf(app, incident.id)
  expect(told.data.map(({ totals }) => [totals.eligible, totals.committedMinor])).toEqual([
    [116, 11_368_000],
    [2_986, 19_853_050 + 21_701_610],
    [3_102, 9_306_000],
  ])
  expect(told.sums).toMatchObject([
    { currency: 'CNY', committedMinor: 62_228_660, issuedMinor: 41_554_660, affected: 3_102, perAffectedMinor: 20_061 },
  ])
  // What comes by itself is theirs at once; the other two wait for their customers.
  expect(told.data.map(({ totals }) => totals.issuedCount)).toEqual([0, 2_986, 0])
  expect(
    resend
      .mailTo('basic@mail.example')
      .map(({ subject }) => subject)
      .sort(),
  ).toEqual(['【禾舟商云】30 元短信套餐优惠券', '【禾舟商云】延长服务期限 7 天'])
  expect(resend.mailTo('enterprise@mail.example')).toHaveLength(2)
  expect(resend.mailTo('untouched@mail.example')).toHaveLength(0)

  const { code, door } = await claimOffer(app, secretOf('basic@mail.example', '优惠券'), 1)
  expect(door).toBe('issued')
  expect(code).toMatch(/^([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}$/)
  await expect(claimOffer(app, secretOf('basic@mail.example', '优惠券'), 1)).rejects.toThrow('claimed already')
  const redeemed = await redeemClaim(app, { id: 'billing', roles: ['machine'] }, { code: code!.toLowerCase() }, null)
  expect(await redeemClaim(app, { id: 'billing', roles: ['machine'] }, { claim: redeemed.claimId }, null)).toEqual(
    redeemed,
  )

  const secret = secretOf('enterprise@mail.example', 'Credit')
  expect((await claimOffer(app, secret, null)).door).toBe('in_review')
  const claim = await app.db.selectFrom('claim').select('id').where('state', '=', 'requested').executeTakeFirstOrThrow()
  await acceptClaim(app, gao, claim.id)
  await expect(rejectClaim(app, gao, claim.id, 'no')).rejects.toThrow('nothing to decide')
  expect(await readClaim(app, secret)).toMatchObject({ door: 'issued', amountMinor: 98_000, locale: 'en' })
  expect(await app.db.selectFrom('claim').select('id').where('customerId', '=', stranger!).execute()).toEqual([])
  expect(await verifyOffers(app)).toMatchObject({ offers: 3, differences: [] })

  // The last day closes the two that are claimed; what nobody took has expired.
  await workFor(app, clock, 51 * dayMs)
  const over = await readOffersOf(app, incident.id)
  expect(over.data.map(({ id, state }) => [id, state])).toEqual([credit, days, coupons].map((id) => [id, 'closed']))
  expect(over.data.map(({ totals }) => totals.expiredCount)).toEqual([115, 0, 3_101])
  expect(await verifyOffers(app)).toMatchObject({ offers: 3, differences: [] })
})

tell('who approves is decided by the amount, and a change of the words makes it void', async ({ app, clock }) => {
  const incident = await ordersDown(app, await openServices(app))
  const ids = await addCustomers(app, [
    { email: 'one@mail.example' },
    ...Array.from({ length: 1_700 }, () => ({})),
    { internal: true },
  ])
  const listId = await addList(app, incident.id, ids)
  const { id } = await offerCompensation(app, lin, incident.id, coupon(listId))
  await expect(approveOffer(app, sun, id, '')).rejects.toThrow('draft')
  await requestApproval(app, lin, id)
  const hash = (await findOffer(app.db, id))!.requestedHash!
  expect(await findOffer(app.db, id)).toMatchObject({ eligibleCount: 1_701, committedMinor: 5_103_000 })
  // A small one beside it weighs what both come to.
  const small = await offerCompensation(app, lin, incident.id, coupon(listId, { basis: 'sla', budgetMinor: 3_000 }))
  await requestApproval(app, lin, small.id)
  const { requestedHash, requiredSeats } = (await findOffer(app.db, small.id))!
  expect(requiredSeats).toBe('["coordinationLead","finance","headOfBusiness"]')
  await expect(approveOffer(app, lin, small.id, requestedHash!)).rejects.toThrow('None of them is yours')
  for (const person of [lin, xu, wu])
    await expect(approveOffer(app, person, id, hash)).rejects.toThrow('None of them is yours')
  await expect(approveOffer(app, sun, id, 'another')).rejects.toThrow('changed since')
  await approveOffer(app, sun, id, hash)
  await expect(approveOffer(app, sun, id, hash)).rejects.toThrow('already')
  await expect(goLive(app, lin, id)).rejects.toThrow('cannot go live')
  expect((await readIncident(app, incident.id))?.offers).toEqual([])
  await approveOffer(app, gao, id, hash)
  expect((await readIncident(app, incident.id))?.offers).toEqual([])
  await goLive(app, lin, id)
  expect((await readIncident(app, incident.id))?.offers).toMatchObject([{ id, state: 'live' }])
  await workFor(app, clock, secondMs)
  const secret = secretOf('one@mail.example')

  await changeOffer(app, lin, id, { terms: words('Usable for 10 days.', '10 天内有效。') })
  expect(await findOffer(app.db, id)).toMatchObject({ state: 'paused', approvedHash: null })
  expect((await readIncident(app, incident.id))?.offers).toEqual([])
  await expect(claimOffer(app, secret, 1)).rejects.toThrow('paused')
  expect((await readClaim(app, secret)).terms.en).toBe('Usable for 30 days after you claim it.')
  await expect(resumeOffer(app, lin, id)).rejects.toThrow('approval again')
  await openOffer(app, id)
  await expect(claimOffer(app, secret, 1)).rejects.toThrow('terms have changed')
  expect((await claimOffer(app, secret, 2)).door).toBe('issued')
  const decisions = await app.db
    .selectFrom('offerApproval')
    .select(['personId', 'voidedAt'])
    .orderBy('createdAt')
    .execute()
  expect(decisions.filter(({ voidedAt }) => voidedAt === null)).toHaveLength(2)
  await workFor(app, clock, secondMs)
  expect(resend.mailTo('one@mail.example')).toHaveLength(1)
})

tell(
  'of a hundred who claim the last coupon at once one gets it, and one who claims a hundred times gets one',
  async ({ app, clock }) => {
    const incident = await ordersDown(app, await openServices(app))
    const people = Array.from({ length: 100 }, (_, at) => ({ email: `shop${at}@mail.example` }))
    const listId = await addList(app, incident.id, await addCustomers(app, people))
    const last = await liveOffer(app, incident.id, coupon(listId, { budgetMinor: 3_000 }))
    await workFor(app, clock, 2 * secondMs)
    const answers = await Promise.allSettled(people.map(({ email }) => claimOffer(app, secretOf(email), 1)))
    const said = answers.map((one) => (one.status === 'fulfilled' ? one.value.door : (one.reason as Error).message))
    expect(said.filter((one) => one === 'issued')).toHaveLength(1)
    expect(said.filter((one) => /exhausted/.test(one))).toHaveLength(99)
    expect(await findOffer(app.db, last)).toMatchObject({ issuedCount: 1, issuedMinor: 3_000 })
    expect(await verifyOffers(app)).toMatchObject({ differences: [] })

    const other = await liveOffer(app, incident.id, coupon(listId, { basis: 'sla', title: words('Another', '另一项') }))
    expect(other).not.toBe(last)
    await workFor(app, clock, 2 * secondMs)
    const secret = secretOf(people[7]!.email)
    const tries = await Promise.allSettled(Array.from({ length: 100 }, () => claimOffer(app, secret, 1)))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await app.db.selectFrom('claim').select('id').where('state', '=', 'requested').execute()).toHaveLength(1)
  },
)

tell(
  'whoever wants no more offers hears of incidents all the same, and a barred address hears nothing',
  async ({ app, clock }) => {
    const incident = await ordersDown(app, await openServices(app))
    const ids = await addCustomers(app, [
      { email: 'leaver@mail.example', locale: 'en' },
      { email: 'barred@mail.example' },
    ])
    await app.db
      .insertInto('suppression')
      .values({
        channel: 'email',
        address: 'barred@mail.example',
        reason: 'bounced',
        source: 'test',
        createdAt: app.now(),
      })
      .execute()
    const listId = await addList(app, incident.id, ids)
    await liveOffer(app, incident.id, coupon(listId))
    await workFor(app, clock, secondMs)
    const [mail] = resend.mailTo('leaver@mail.example')
    expect(mail!.headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click')
    expect(mail!.text).toContain('88 Hezhou Road')
    expect(`${mail!.subject}${mail!.text}`).not.toMatch(/\p{Script=Han}/u)
    const token = /\/unsubscribe\/offers\/([\w.-]+)/.exec(mail!.headers['List-Unsubscribe']!)![1]!
    expect(await leaveOffers(app, token)).toEqual({ address: 'l***@mail.example', locale: 'en', left: true })
    await liveOffer(app, incident.id, coupon(listId, { basis: 'sla', title: words('Second', '第二项') }))
    await workFor(app, clock, secondMs)
    expect(resend.mailTo('leaver@mail.example')).toHaveLength(1)
    expect(resend.mailTo('barred@mail.example')).toHaveLength(0)
    expect(await app.db.selectFrom('suppression').select('address').execute()).toHaveLength(1)
  },
)

tell('an offer that comes by itself waits until every customer’s code is there', async ({ app, clock }) => {
  const incident = await ordersDown(app, await openServices(app))
  const ids = await addCustomers(app, [{ email: 'one@mail.example' }, { email: 'two@mail.example' }, {}])
  const listId = await addList(app, incident.id, ids)
  const { id } = await offerCompensation(app, lin, incident.id, coupon(listId, { delivery: 'automatic' }))
  const given = await importCodes(app, lin, id, 'HEZHOU-0001\nHEZHOU-0002\nHEZHOU-0001\n')
  expect(given).toMatchObject({ accepted: 2, duplicates: [{ line: 3 }], rejected: [] })
  await expect(openOffer(app, id)).rejects.toThrow('3 customers a code by itself, and 2 imported codes are free')
  expect((await importCodes(app, lin, id, 'HEZHOU-0002\nHEZHOU-0003\n')).known).toEqual([1])
  await goLive(app, lin, id)
  await workFor(app, clock, 60 * secondMs)
  expect(await verifyOffers(app)).toEqual({ offers: 1, claims: 3, differences: [] })
  const codes = await app.db.selectFrom('redemptionCode').select(['claimId', 'state']).execute()
  expect(codes.map(({ state }) => state)).toEqual(['assigned', 'assigned', 'assigned'])
  expect(new Set(codes.map(({ claimId }) => claimId)).size).toBe(3)
})
