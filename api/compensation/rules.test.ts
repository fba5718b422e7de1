import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { admitsMore } from './admission.ts'
import { seatsFor, seatsOf, standingOf } from './approvers.ts'
import { afterAnswer, billingWaitsMs } from './billing-message.ts'
import { checkOffer, checkOverlap, type OfferInput } from './check.ts'
import { type ClaimState, claimStates, doorOf, statesBefore, usableUntil } from './claim.ts'
import { newCode, readCodeList, readOwnCode } from './code.ts'
import { besideMinor, checkReach, committedOf } from './commitment.ts'
import { mayMove, moveOffer, type OfferState, offerMoves, offerStates } from './offer.ts'
import { loadApprovals, readApprovals } from './policy.ts'
import { totalsOf } from './totals.ts'

const policy = loadApprovals()
const weight = { currency: 'CNY', kind: 'coupon', admission: 'none' } as const

it('the amount decides who approves, money paid back and an apology need the head of the house and a lawyer', () => {
  const seats = (yuan: number, more = {}) => seatsFor(policy, { ...weight, committedMinor: yuan * 100, ...more })
  expect(seats(5_000)).toEqual(['commsLead'])
  expect(seats(5_000.01)).toEqual(['coordinationLead', 'finance'])
  expect(seats(50_000)).toEqual(['coordinationLead', 'finance'])
  expect(seats(200_000)).toEqual(['coordinationLead', 'finance', 'headOfBusiness'])
  const all = ['coordinationLead', 'finance', 'headOfBusiness', 'chiefExecutive', 'legal']
  expect(seats(200_000.01)).toEqual(all)
  expect(seats(1, { kind: 'refund' })).toEqual(['commsLead', 'chiefExecutive', 'legal'])
  expect(seats(1, { admission: 'apology' })).toEqual(['commsLead', 'chiefExecutive', 'legal'])
  expect(seats(1, { currency: 'EUR' })).toEqual(all)
})

it('an offer weighs what the others of its incident weigh, so that splitting it passes below no limit', () => {
  const offer = (id: string, state: OfferState, yuan: number, more = {}) => ({
    id,
    state,
    currency: 'CNY',
    committedMinor: yuan * 100,
    issuedMinor: 0,
    ...more,
  })
  const halves = [offer('a', 'pending_approval', 4_000), offer('b', 'draft', 4_000)]
  const second = besideMinor(halves, { id: 'b', currency: 'CNY' })
  expect(second).toBe(400_000)
  expect(besideMinor(halves, { id: 'a', currency: 'CNY' })).toBe(0)
  expect(seatsFor(policy, { ...weight, committedMinor: 400_000 + second })).toEqual(['coordinationLead', 'finance'])
  const over = [
    offer('c', 'closed', 900, { issuedMinor: 30_000 }),
    offer('d', 'cancelled', 900, { issuedMinor: 0 }),
    offer('e', 'paused', 50),
    offer('f', 'live', 50, { currency: 'EUR' }),
  ]
  expect(besideMinor(over, { id: 'b', currency: 'CNY' })).toBe(30_000 + 5_000)
})

it('words that apologise are not passed off as plain ones', () => {
  const said = (en: string, zh: string) => [{ en, 'zh-CN': zh }]
  expect(admitsMore('none', ...said('A coupon', '优惠券'))).toBeNull()
  expect(admitsMore('none', ...said('A coupon', '为表歉意'))).toBe('apology')
  expect(admitsMore('none', ...said('We regret this', '优惠券'))).toBe('regret')
  expect(admitsMore('regret', ...said('We are sorry', '优惠券'))).toBe('apology')
  expect(admitsMore('apology', ...said('We apologise', '深表歉意'))).toBeNull()
})

it('a person fills every seat of their roles, and where several roles are asked for two people decide', () => {
  const required = ['coordinationLead', 'finance', 'headOfBusiness']
  expect(seatsOf(policy, required, ['coordination'])).toEqual(['coordinationLead', 'headOfBusiness'])
  expect(seatsOf(policy, required, ['comms', 'legal'])).toEqual([])
  const alone = [{ personId: 'a', seats: required }]
  expect(standingOf(policy, required, alone)).toEqual({ missing: [], needsSecondPerson: true, complete: false })
  expect(standingOf(policy, required, [...alone, { personId: 'b', seats: ['finance'] }]).complete).toBe(true)
  expect(standingOf(policy, ['commsLead'], [{ personId: 'a', seats: ['commsLead'] }]).complete).toBe(true)
  expect(standingOf(policy, required, []).missing).toEqual(required)
})

it('a policy that is not right names each mistake', () => {
  const text = readFileSync('content/policy/approvals.yaml', 'utf8')
  expect(() => readApprovals(text.replace('currency: CNY', 'currency: CNX'), 'x')).toThrow(/no currency/)
  expect(() => readApprovals(text.replace('role: legal', 'role: lawyer'), 'x')).toThrow(/seats.legal.role/)
  expect(() => readApprovals(text.replace('[commsLead] }', '[nobody] }'), 'x')).toThrow(/has no "nobody"/)
  expect(() => readApprovals(text.replace('"50000.00"', '"1.00"'), 'x')).toThrow(/above the row before/)
})

it('an offer moves as it should and nowhere else', () => {
  const allowed = offerStates.flatMap((state) =>
    offerMoves.filter((move) => mayMove(state, move)).map((move) => `${state} ${move} ${moveOffer(state, move)}`),
  )
  expect(allowed).toHaveLength(19)
  expect(moveOffer('live', 'change')).toBe('paused')
  expect(moveOffer('approved', 'change')).toBe('draft')
  expect(() => moveOffer('draft', 'goLive')).toThrow('This offer is draft: it cannot go live.')
  expect(() => moveOffer('closed', 'resume')).toThrow('closed')
})

it('a claim ends where it ends, and what was taken stays open to its holder', () => {
  for (const end of ['redeemed', 'expired', 'revoked'] as const)
    expect(claimStates.filter((state) => statesBefore(state).includes(end))).toEqual([])
  const live = { state: 'live', claimFrom: '2026-11-18', claimUntil: '2026-12-31' } as const
  const door = (state: ClaimState, now = '2026-12-01', offer: Parameters<typeof doorOf>[1] = live) =>
    doorOf({ state }, offer, now)
  expect(door('notified')).toBe('open')
  expect(door('notified', '2026-11-01')).toBe('not_yet')
  expect(door('notified', '2027-01-01')).toBe('closed')
  expect(door('notified', '2026-12-01', { ...live, state: 'paused' })).toBe('paused')
  expect(door('issued', '2027-01-01', { ...live, state: 'cancelled' })).toBe('issued')
  expect(door('requested', '2027-01-01')).toBe('in_review')
  expect(usableUntil({ useWithinDays: 30, useUntil: null }, '2026-12-20T00:00:00.000Z')).toBe(
    '2027-01-19T00:00:00.000Z',
  )
  expect(usableUntil({ useWithinDays: null, useUntil: null }, '2026-12-20T00:00:00.000Z')).toBe(null)
})

it('a code is read however it is typed, and a slip is found', () => {
  const code = newCode()
  expect(readOwnCode(` ${code.toLowerCase().replaceAll('-', ' ')} `)).toBe(code)
  fc.assert(
    fc.property(fc.nat(15), fc.constantFrom(...'23456789ABCDEFGHJKLMNPQRSTUVWXYZ'), (at, letter) => {
      const plain = newCode().replaceAll('-', '')
      if (plain[at] !== letter) expect(readOwnCode(plain.slice(0, at) + letter + plain.slice(at + 1))).toBe(null)
    }),
  )
  expect(readOwnCode('0O1I-0O1I-0O1I-0O1I')).toBe(null)
  expect(new Set(Array.from({ length: 1_000 }, newCode)).size).toBe(1_000)
})

it('a list of codes names what repeats and what is none, by line', () => {
  const list = readCodeList('\uFEFFABC-1\r\nABC-2\n\nABC-1\n=1+1\nhas space\n"ABC-3",\n码\n')
  expect(list.codes.map(({ code, line }) => [code, line])).toEqual([
    ['ABC-1', 1],
    ['ABC-2', 2],
    ['ABC-3', 7],
  ])
  expect(list.duplicates).toEqual([{ line: 4, firstLine: 1 }])
  expect(list.rejected).toEqual([
    { line: 3, reason: 'empty' },
    { line: 5, reason: 'formula' },
    { line: 6, reason: 'space' },
    { line: 8, reason: 'character' },
  ])
})

const input: OfferInput = {
  title: { en: 'A coupon', 'zh-CN': '优惠券' },
  terms: { en: 'Terms', 'zh-CN': '条款' },
  basis: 'goodwill',
  value: { kind: 'coupon', amountMinor: 3_000 },
  currency: 'CNY',
  rounding: 'half_up',
  eligibility: {
    listId: null,
    componentIds: [],
    plans: ['basic'],
    regions: [],
    segments: [],
    minAffectedMinutes: null,
    excludeInternal: true,
  },
  delivery: 'on_claim',
  claimFrom: '2026-11-18T00:00:00.000Z',
  claimUntil: '2026-12-31T00:00:00.000Z',
  useWithinDays: 30,
  useUntil: null,
  budgetMinor: null,
  perCustomerMinor: null,
  maxClaims: null,
  admission: 'none',
}
const faultsOf = (change: Partial<OfferInput>) => {
  try {
    checkOffer({ ...input, ...change })
    return []
  } catch (error) {
    return Object.keys((error as { fields: object }).fields)
  }
}

it('what is wrong with an offer is named field by field', () => {
  expect(faultsOf({})).toEqual([])
  expect(faultsOf({ terms: { en: 'Terms', 'zh-CN': ' ' }, currency: 'XXY' })).toEqual(['terms.zh-CN', 'currency'])
  expect(faultsOf({ claimUntil: input.claimFrom })).toEqual(['claimUntil'])
  expect(faultsOf({ useUntil: '2026-12-01T00:00:00.000Z' })).toEqual(['useUntil'])
  expect(faultsOf({ value: { kind: 'coupon', amountMinor: -1 }, budgetMinor: -5 })).toEqual([
    'budgetMinor',
    'value.amountMinor',
  ])
  expect(faultsOf({ value: { kind: 'refund', capMinor: 100 } })).toEqual(['eligibility.listId'])
  expect(faultsOf({ maxClaims: 0, useWithinDays: 1.5 })).toEqual(['useWithinDays', 'maxClaims'])
  const downtime = { minutes: 89, from: 'offer' } as const
  const tier = { op: 'lt', bound: '99.9', percent: '10' } as const
  const credit = { kind: 'credit', mode: 'tier', downtime, feeFrom: 'customer', month: '2026-13' } as const
  expect(faultsOf({ value: { ...credit, tiers: [tier, { ...tier, bound: '99.90', percent: '900' }] } })).toEqual([
    'value.month',
    'value.tiers.1.bound',
    'value.tiers.1.percent',
  ])
})

it('two offers of a kind at one time are refused where somebody may fit both', () => {
  const other = { ...input, kind: 'coupon' as const }
  expect(() => checkOverlap(input, [other])).toThrow('“A coupon” gives the same kind at the same time')
  const pro = { ...other, eligibility: { ...input.eligibility, plans: ['pro'] } }
  const later = { ...other, claimFrom: input.claimUntil, claimUntil: '2027-02-01T00:00:00.000Z' }
  checkOverlap(input, [pro, later, { ...other, basis: 'sla' }, { ...other, kind: 'refund' }])
})

it('no more is committed than the budget lets through, and what comes by itself must reach all', () => {
  const bounds = { delivery: 'on_claim', currency: 'CNY', budgetMinor: 3_000, maxClaims: null } as const
  const reach = { eligible: 100, sumMinor: 300_000, mostMinor: 3_000 }
  expect(committedOf(reach, bounds)).toBe(3_000)
  expect(committedOf(reach, { ...bounds, budgetMinor: null, maxClaims: 10 })).toBe(30_000)
  expect(() => checkReach(reach, { ...bounds, delivery: 'automatic' })).toThrow('3,000.00 CNY')
  expect(() => checkReach({ ...reach, eligible: 0 }, bounds)).toThrow('Nobody fits')
})

it('totals are what the claims say', () => {
  const totals = totalsOf(
    [
      { state: 'notified', count: 2, amountMinor: 60 },
      { state: 'issued', count: 1, amountMinor: 30 },
      { state: 'redeemed', count: 1, amountMinor: 30 },
      { state: 'expired', count: 3, amountMinor: 90 },
      { state: 'rejected', count: 1, amountMinor: 0 },
    ],
    { state: 'live', committedMinor: 210, budgetMinor: 100, issuedCount: 2, issuedMinor: 60, prepared: true },
  )
  expect(totals).toMatchObject({
    eligible: 7,
    committedMinor: 120,
    issuedMinor: 60,
    redeemedMinor: 30,
    expiredMinor: 90,
    budgetLeftMinor: 40,
  })
})

it('billing is told again for a day, and then a person looks', () => {
  expect(afterAnswer(1, { status: 204 })).toEqual({ state: 'sent' })
  expect(afterAnswer(1, { status: 500 })).toMatchObject({ state: 'waiting', waitMs: 5_000 })
  expect(afterAnswer(1, { status: 429, retryAfterSeconds: 90 })).toMatchObject({ waitMs: 90_000 })
  expect(afterAnswer(2, { failed: 'No answer in time.' })).toEqual({
    state: 'waiting',
    outcome: 'No answer in time.',
    waitMs: 60_000,
  })
  expect(afterAnswer(billingWaitsMs.length + 1, { status: 302 })).toEqual({ state: 'dead', outcome: 'answered 302' })
  expect(afterAnswer(1, { status: 410 })).toEqual({ state: 'dead', outcome: 'answered 410' })
})
