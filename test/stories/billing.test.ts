import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeEach, expect } from 'vitest'
import { claimOffer } from '#api/compensation/claim-actions.ts'
import { offerCompensation } from '#api/compensation/offer-actions.ts'
import { revokeClaim } from '#api/compensation/review-actions.ts'
import { verifyOffers } from '#api/compensation/verify.ts'
import { dayMs, hourMs, plusMs, secondMs } from '#api/lib/time.ts'
import { askAs } from '../support/asked.ts'
import { addCustomers, coupon, gao, liveOffer } from '../support/customers.ts'
import { story } from '../support/story.ts'
import { lin, openServices, ordersDown, words } from '../support/telling.ts'
import { workFor, workNow } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openWebhook } from '../wire/webhook.ts'

// What billing hears, reads and says, asked over HTTP as its own programs would.

const [resend, hooks] = [await openResend(), await openWebhook()]
afterAll(() => Promise.all([resend.close(), hooks.close()]))
beforeEach(() => {
  resend.batches.length = 0
})
const secret = () => `whsec_${randomBytes(32).toString('base64')}`
const secrets = [secret(), secret()]
const path = '/billing'
const tell: typeof story = (promise, act) =>
  story(promise, act, {
    ...resendEnv(resend),
    OUTGOING_LOCAL: 'yes',
    BILLING_WEBHOOK_URL: hooks.endpoint(path),
    BILLING_WEBHOOK_SECRET: secrets.join(', '),
  })
const longOpen = { claimUntil: '2027-12-31T00:00:00.000Z', useWithinDays: null }

tell(
  'billing hears of each claim by one key, over and over until it answers, and once more when the desk says so',
  async ({ app, clock }) => {
    const incident = await ordersDown(app, await openServices(app))
    const ids = await addCustomers(app, [{}, {}, {}])
    const ask = await askAs(app, 'finance')
    const since = hooks.attempts(path).length
    const heard = () => hooks.attempts(path).slice(since)
    hooks.say(path, 503)
    const id = await liveOffer(app, incident.id, coupon(null, { ...longOpen, delivery: 'automatic' }))
    const late = await ask('POST', `/offers/${id}/codes`, { list: 'TOO-LATE' })
    expect([late.status, late.json.error.message]).toEqual([409, expect.stringContaining('codes of its own')])
    await workFor(app, clock, hourMs)
    const waiting = await ask('GET', `/offers/${id}/billing?state=waiting`)
    expect(waiting.json.data).toHaveLength(3)
    expect(waiting.json.data[0]).toMatchObject({ outcome: 'answered 503', attempts: 5 })
    await workFor(app, clock, 2 * dayMs)
    const dead = await ask('GET', `/offers/${id}/billing`)
    expect(
      dead.json.data.map(({ attempts, outcome }: { attempts: number; outcome: string }) => [attempts, outcome]),
    ).toEqual(Array(3).fill([8, 'answered 503']))
    expect(heard()).toHaveLength(24)
    expect((await ask('GET', `/offers/${id}`)).json.billing).toEqual({ on: true, waiting: 0, sent: 0, dead: 3 })

    hooks.say(path, 204)
    expect((await (await askAs(app, 'viewer'))('POST', `/offers/${id}/billing/attempts`)).status).toBe(403)
    expect((await ask('POST', `/offers/${id}/billing/attempts`)).json).toEqual({ again: 3 })
    expect((await ask('POST', `/offers/${id}/billing/attempts`)).json).toEqual({ again: 0 })
    await workNow(app)
    expect((await ask('GET', `/offers/${id}`)).json.billing).toMatchObject({ sent: 3, dead: 0 })
    // Nine times the same bytes under the claim's id, each signed for both secrets by the hour of its own sending.
    const claims = await app.db.selectFrom('claim').select(['id', 'customerId']).execute()
    for (const claim of claims) {
      const mine = heard().filter((hook) => hook.id === claim.id)
      expect(mine).toHaveLength(9)
      expect(new Set(mine.map(({ body, headers }) => `${headers['idempotency-key']} ${body}`)).size).toBe(1)
      for (const key of secrets)
        expect(new Webhook(key).verify(mine.at(-1)!.body, mine.at(-1)!.headers)).toMatchObject({
          type: 'claim.issued',
          data: { claim: claim.id, offer: id, amountMinor: 3_000, currency: 'CNY', customer: `C-${claim.customerId}` },
        })
      expect(() => new Webhook(secret()).verify(mine.at(-1)!.body, mine.at(-1)!.headers)).toThrow()
    }
    // Whoever answers 410 wants no more of it: that is a letter for a person, at once. A claim taken back has its own key.
    hooks.say(path, 410)
    await revokeClaim(app, gao, claims[0]!.id, 'Paid twice.')
    await workNow(app)
    const gone = (await ask('GET', `/offers/${id}/billing`)).json.data
    expect(gone).toMatchObject([{ key: `${claims[0]!.id}-revoked`, attempts: 1, outcome: 'answered 410' }])
    expect(JSON.parse(gone[0].body)).toMatchObject({
      type: 'claim.revoked',
      data: { claim: claims[0]!.id, code: null },
    })
    expect(ids).toHaveLength(3)
    expect(await verifyOffers(app)).toMatchObject({ differences: [] })
  },
)

tell('billing’s file opens in a spreadsheet as text, and what it says of a use counts once', async ({ app, clock }) => {
  const incident = await ordersDown(app, await openServices(app))
  const customers = await addCustomers(app, [
    { email: 'one@mail.example' },
    { email: 'two@mail.example' },
    { email: 'three@mail.example' },
  ])
  await app.db.updateTable('customer').set({ externalId: '=1+cmd|A0' }).where('id', '=', customers[0]!).execute()
  const ask = await askAs(app, 'finance')
  hooks.say(path, 204)
  const id = await liveOffer(app, incident.id, coupon(null, { useWithinDays: 10 }))
  await workFor(app, clock, 5 * secondMs)
  const secretOf = (address: string) => /\/claims\/([\w-]+)\//.exec(resend.mailTo(address).at(-1)!.text)![1]!
  const one = await claimOffer(app, secretOf('one@mail.example'), null)
  await claimOffer(app, secretOf('two@mail.example'), null)
  const rows = await app.db.selectFrom('claim').select(['id', 'customerId', 'state']).execute()
  const [first, second, third] = customers.map((customer) => rows.find(({ customerId }) => customerId === customer)!)

  const file = await ask('GET', `/offers/${id}/claims.csv`)
  expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(file.headers.get('content-disposition')).toBe(`attachment; filename="claims-${id}.csv"`)
  const lines = file.text.split('\r\n')
  expect(lines[0]).toBe('\uFEFF"claim","customer","kind","amount_minor","currency","days","code","issued_at","state"')
  expect(lines).toHaveLength(4)
  expect(lines).toContain(`"${first!.id}","'=1+cmd|A0","coupon","3000","CNY","","${one.code}","${app.now()}","issued"`)
  expect((await (await askAs(app, 'comms'))('GET', `/offers/${id}/claims.csv`)).status).toBe(403)

  const use = (body: object) => ask('POST', '/redemptions', body)
  const at = plusMs(app.now(), -secondMs)
  const used = await use({ code: ` ${one.code!.toLowerCase()} `, redeemedAt: at })
  expect([used.status, used.json]).toEqual([200, { claimId: first!.id, offerId: id, redeemedAt: at }])
  // Said again, also with another moment and by the claim, it is what it was.
  for (const again of [{ code: one.code }, { claim: first!.id, redeemedAt: app.now() }])
    expect((await use(again)).json).toEqual(used.json)
  const together = await Promise.all(Array.from({ length: 20 }, () => use({ claim: second!.id })))
  expect(new Set(together.map(({ status, json }) => `${status} ${json.redeemedAt}`)).size).toBe(1)
  const refused = async (body: object) => {
    const { status, json } = await use(body)
    return [status, json.error.message]
  }
  expect(await refused({ code: '7KQM-2XPA-9RTD-HW4C' })).toEqual([
    404,
    expect.stringContaining('A claim with this code'),
  ])
  expect(await refused({ claim: 'zzzzzzzzzzzz' })).toEqual([404, expect.stringContaining('This claim')])
  expect(await refused({ claim: third!.id })).toEqual([409, 'This claim is notified: it cannot be used.'])
  expect(await refused({ claim: third!.id, redeemedAt: plusMs(app.now(), dayMs) })).toEqual([
    422,
    'This moment has not come yet.',
  ])
  expect((await use({})).status).toBe(422)
  expect((await use({ claim: third!.id, code: 'x' })).status).toBe(422)

  // After its last day nothing can be used any more; what was used before and is told later counts.
  const late = await claimOffer(app, secretOf('three@mail.example'), null)
  const inTime = app.now()
  await workFor(app, clock, 11 * dayMs)
  expect((await ask('GET', `/offers/${id}`)).json.totals).toMatchObject({ redeemedCount: 2, expiredCount: 1 })
  expect(await refused({ code: late.code! })).toEqual([409, expect.stringMatching(/^This could be used until/)])
  expect((await use({ code: late.code!, redeemedAt: inTime })).status).toBe(200)
  expect((await ask('GET', `/offers/${id}`)).json.totals).toMatchObject({
    redeemedCount: 3,
    redeemedMinor: 9_000,
    expiredCount: 0,
    issuedCount: 3,
  })
  expect(await verifyOffers(app)).toMatchObject({ differences: [] })
})

tell('a list of codes is taken in line by line: every good one counts, and the others are named', async ({ app }) => {
  const incident = await ordersDown(app, await openServices(app))
  await addCustomers(app, [{}])
  const draft = (basis: 'sla' | 'goodwill') => offerCompensation(app, lin, incident.id, coupon(null, { basis }))
  const [{ id }, { id: other }] = [await draft('goodwill'), await draft('sla')]
  const ask = await askAs(app, 'finance')
  const take = async (list: unknown, offer = id) => {
    const { status, json } = await ask('POST', `/offers/${offer}/codes`, typeof list === 'string' ? { list } : list)
    return { status, ...json }
  }
  expect(await take('TAKEN-1\nTAKEN-2', other)).toMatchObject({ status: 200, accepted: 2 })
  const list = `\uFEFFCODE-1\r\n\r\n"CODE-2",,\r\nCODE-1\r\nTAKEN-2\r\n=1+1\r\nzwei Worte\r\n代码\r\n${'X'.repeat(65)}\nlast`
  expect(await take(list)).toEqual({
    status: 200,
    accepted: 3,
    duplicates: [{ line: 4, firstLine: 1 }],
    rejected: [
      { line: 2, reason: 'empty' },
      { line: 6, reason: 'formula' },
      { line: 7, reason: 'space' },
      { line: 8, reason: 'character' },
      { line: 9, reason: 'too_long' },
    ],
    known: [5],
  })
  // The same again names all of them and changes nothing; two at once give each code to one offer.
  expect(await take(list)).toMatchObject({ accepted: 0, known: [1, 3, 5, 10] })
  const many = Array.from({ length: 200 }, (_, at) => `BOTH-${at}`).join('\n')
  const both = await Promise.all([take(many), take(many, other)])
  expect(both.map(({ status }) => status)).toEqual([200, 200])
  expect(both[0]!.accepted + both[1]!.accepted).toBe(200)
  const held = await app.db.selectFrom('redemptionCode').select('code').execute()
  expect(held).toHaveLength(205)

  expect(await take('\n \n')).toMatchObject({
    status: 422,
    error: { fields: { list: expect.stringContaining('one a line') } },
  })
  expect(await take('x'.repeat(250_001))).toMatchObject({
    status: 422,
    error: { fields: { list: expect.stringContaining('in parts') } },
  })
  const huge = await ask('POST', `/offers/${id}/codes`, `{"list":"${'x'.repeat(20_000_000)}"}`)
  expect([huge.status, huge.json.error.code]).toEqual([413, 'too_large'])
  // A body that stops in the middle is none, and nothing of it is kept.
  const cut = await ask('POST', `/offers/${id}/codes`, '{"list":"CUT-1\\nCUT-2')
  expect([cut.status, cut.json.error.message]).toEqual([400, 'The body is not valid JSON.'])
  expect(await app.db.selectFrom('redemptionCode').select('code').execute()).toHaveLength(held.length)

  const over = coupon(null, { title: words('Twice', '两次'), claimFrom: '2026-12-01T00:00:00.000Z' })
  await expect(offerCompensation(app, lin, incident.id, over)).rejects.toMatchObject({
    fields: { claimFrom: expect.stringContaining('gives the same kind at the same time') },
  })
})
