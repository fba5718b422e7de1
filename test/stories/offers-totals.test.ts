import { afterAll, expect } from 'vitest'
import { verifyCompensation } from '#api/commands.ts'
import { claimOffer, readClaim } from '#api/compensation/claim-actions.ts'
import { redeemClaim } from '#api/compensation/code-actions.ts'
import { cancelOffer } from '#api/compensation/live-actions.ts'
import { readOffersOf } from '#api/compensation/read.ts'
import { acceptClaim, rejectClaim, revokeClaim, takeUpClaim } from '#api/compensation/review-actions.ts'
import { dayMs, secondMs } from '#api/lib/time.ts'
import { addCustomers, addList, coupon, gao, liveOffer } from '../support/customers.ts'
import { story } from '../support/story.ts'
import { lin, openServices, ordersDown, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

const resend = await openResend()
afterAll(() => resend.close())

story(
  'what was committed, given, used, lost and is left is what the claims say, in every state, each currency by itself',
  async ({ app, clock, engine }) => {
    const incident = await ordersDown(app, await openServices(app))
    const people = Array.from({ length: 8 }, (_, at) => ({ email: `${engine}${at}@mail.example` }))
    const ids = await addCustomers(app, people)
    const listId = await addList(app, incident.id, ids)
    const first = await liveOffer(app, incident.id, coupon(listId, { budgetMinor: 9_000, useWithinDays: 10 }))
    await workFor(app, clock, 5 * secondMs)
    const secretOf = (at: number) => /\/claims\/([\w-]+)\//.exec(resend.mailTo(people[at]!.email).at(-1)!.text)![1]!
    const claimOf = async (offerId: string, at: number) => {
      const found = app.db.selectFrom('claim').select('id').where('offerId', '=', offerId)
      return (await found.where('customerId', '=', ids[at]!).executeTakeFirstOrThrow()).id
    }
    await readClaim(app, secretOf(1))
    for (const at of [2, 3, 4]) await claimOffer(app, secretOf(at), null)
    await expect(claimOffer(app, secretOf(5), null)).rejects.toThrow('exhausted')
    await revokeClaim(app, gao, await claimOf(first, 4), 'A test shop.')
    await claimOffer(app, secretOf(6), null)
    await redeemClaim(app, gao, { claim: await claimOf(first, 3) }, null)

    const dollars = { currency: 'USD', basis: 'sla' as const, value: { kind: 'coupon' as const, amountMinor: 1_000 } }
    const second = await liveOffer(
      app,
      incident.id,
      coupon(listId, { ...dollars, title: words('Ten dollars', '十美元') }),
    )
    await workFor(app, clock, 5 * secondMs)
    for (const at of [0, 1, 2, 3]) await claimOffer(app, secretOf(at), null)
    await takeUpClaim(app, gao, await claimOf(second, 1))
    await acceptClaim(app, gao, await claimOf(second, 2))
    await rejectClaim(app, gao, await claimOf(second, 3), 'Not touched by it.')
    const states = async (offerId: string) =>
      (
        await app.db.selectFrom('claim').select('state').where('offerId', '=', offerId).orderBy('customerId').execute()
      ).map(({ state }) => state)
    expect((await states(first)).sort()).toEqual(
      ['notified', 'notified', 'viewed', 'issued', 'issued', 'redeemed', 'revoked', 'exhausted'].sort(),
    )
    expect((await states(second)).sort()).toEqual(
      ['requested', 'in_review', 'issued', 'rejected', 'notified', 'notified', 'notified', 'notified'].sort(),
    )

    const read = () => readOffersOf(app, incident.id)
    const now = await read()
    expect(now.data.map(({ totals }) => totals)).toEqual([
      {
        eligible: 8,
        // The budget is given out: whoever has not come gets nothing more.
        committedMinor: 9_000,
        issuedCount: 3,
        issuedMinor: 9_000,
        redeemedCount: 1,
        redeemedMinor: 3_000,
        expiredCount: 0,
        expiredMinor: 0,
        budgetLeftMinor: 0,
      },
      {
        eligible: 7,
        // One granted, two asked for, four who may still ask.
        committedMinor: 7_000,
        issuedCount: 1,
        issuedMinor: 1_000,
        redeemedCount: 0,
        redeemedMinor: 0,
        expiredCount: 0,
        expiredMinor: 0,
        budgetLeftMinor: null,
      },
    ])
    expect(now.affected).toBe(8)
    expect(now.sums).toMatchObject([
      { currency: 'CNY', committedMinor: 9_000, issuedMinor: 9_000, redeemedMinor: 3_000, perAffectedMinor: 1_125 },
      { currency: 'USD', committedMinor: 7_000, issuedMinor: 1_000, redeemedMinor: 0, perAffectedMinor: 875 },
    ])

    // Ten days later nobody has used two of the coupons, and the other offer is taken back: what was granted stays.
    await workFor(app, clock, 11 * dayMs)
    await cancelOffer(app, lin, second, 'Replaced.')
    const later = await read()
    expect(later.data[0]!.totals).toMatchObject({
      committedMinor: 3_000,
      issuedCount: 3,
      redeemedCount: 1,
      expiredCount: 2,
      expiredMinor: 6_000,
      budgetLeftMinor: 0,
    })
    expect(later.sums).toMatchObject([
      { currency: 'CNY', committedMinor: 3_000, expiredMinor: 6_000, perAffectedMinor: 375 },
      { currency: 'USD', committedMinor: 1_000, issuedMinor: 1_000, perAffectedMinor: 125 },
    ])

    const said: string[] = []
    const verify = () => verifyCompensation(app.config, (line) => said.push(line))
    await verify()
    expect(said).toEqual(['Offers: 2. Claims counted again: 16. Everything agrees.'])
    await app.db.updateTable('offer').set({ issuedMinor: 8_999 }).where('id', '=', first).execute()
    await app.db
      .deleteFrom('redemptionCode')
      .where('claimId', '=', await claimOf(second, 2))
      .execute()
    await app.db
      .deleteFrom('billingExport')
      .where('claimId', '=', await claimOf(first, 3))
      .execute()
    await expect(verify()).rejects.toThrow('3 of what offers keep does not agree')
    expect(said.slice(1).sort()).toEqual(
      [
        `Offer ${first}: issuedMinor is kept as 8999, and its rows come to 9000.`,
        `Offer ${first}: issued and not told to billing is kept as 0, and its rows come to 1.`,
        `Offer ${second}: issued without a code is kept as 0, and its rows come to 1.`,
      ].sort(),
    )
  },
  resendEnv(resend),
)
