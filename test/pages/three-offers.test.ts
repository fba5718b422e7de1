import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifyOffers } from '#api/compensation/verify.ts'
import { readMerchants, readNames } from '#api/demo/company.ts'
import { affectedCsv, makeCustomers } from '#api/demo/customers.ts'
import { insertMerchants } from '#api/demo/queries.ts'
import { newPage } from '../support/browser.ts'
import { type OpenProgram, openProgram, password, staff } from '../support/desk.ts'
import { ordersDown } from '../support/telling.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

// What the company gives after its worst evening, from billing's file to the last cent, each step by the person whose it
// is and in their browser. 3,102 merchants are affected; those below can be reached, and the wire hears of nobody else.
const reached = {
  basic: { plan: 'Basic', locale: 'zh-CN', email: 'basic@mail.example' },
  pro: { plan: 'Pro', locale: 'en', email: 'pro@mail.example' },
  enterprise: { plan: 'Enterprise', locale: 'en', email: 'enterprise@mail.example' },
  key: { plan: 'Enterprise', locale: 'zh-CN', email: 'key@mail.example' },
  phone: { plan: 'Basic', locale: 'en', sms: '+8613800138000' },
} as const
const people = { lin: 'comms', sun: 'coordination', gao: 'finance', xu: 'executive', wu: 'legal' } as const
type Name = keyof typeof people

const [resend, twilio] = await Promise.all([openResend(), openTwilio()])
const csv = affectedCsv(readMerchants())
const lines = csv.split('\r\n')
/** The customer that a line of the file names. */
const numberOn = (line: string) => line.split(',')[0]!.replaceAll('"', '')
const desks = new Map<Name, Awaited<ReturnType<typeof signedIn>>>()
let program: OpenProgram
let incident: string
beforeAll(async () => {
  program = await openProgram({
    env: { ...resendEnv(resend), ...twilioEnv(twilio) },
    prepare: async (app) => {
      for (const [name, role] of Object.entries(people)) await staff(app, `${name}@hezhou.example`, role)
      await writeMerchants(app)
    },
  })
  incident = (await ordersDown(program.app, program.services)).id
})
afterAll(async () => {
  for (const desk of desks.values()) await desk.close()
  await Promise.all([program.stop(), resend.close(), twilio.close()])
})

/** The demonstration's 3,420 customers; of the affected ones five can be reached. */
async function writeMerchants(app: OpenProgram['app']): Promise<void> {
  const made = makeCustomers(readMerchants(), readNames(), () => '', app.now())
  const affected = new Set(lines.map(numberOn))
  const contacts = Object.values(reached).map((one, at) => {
    const customer = made.customers.find(
      ({ externalId, plan, id }) => affected.has(externalId) && plan === one.plan && !taken.has(id),
    )!
    taken.add(customer.id)
    customer.locale = one.locale
    const [channel, address] = 'sms' in one ? (['sms', one.sms] as const) : (['email', one.email] as const)
    return { id: `contact${at}`, customerId: customer.id, channel, address, locale: one.locale, name: null }
  })
  await app.db.transaction().execute((trx) => insertMerchants(trx, { customers: made.customers, contacts, uses: [] }))
}
const taken = new Set<string>()

async function signedIn(name: Name) {
  // Nothing here needs a script.
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'en-GB' })
  await page.goto(`${program.url}/admin/`)
  await page.getByLabel('Email address').fill(`${name}@hezhou.example`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: /^Sign in/ }).click()
  await page.waitForURL(({ pathname }) => pathname !== '/admin/sign-in')
  return { page, close }
}
const deskOf = async (name: Name): Promise<Page> => {
  const desk = desks.get(name) ?? (await signedIn(name))
  desks.set(name, desk)
  return desk.page
}
const press = (page: Page, name: string | RegExp) =>
  page
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click()
const main = async (page: Page) => ((await page.textContent('main')) ?? '').replace(/\s+/g, ' ')
const base = () => `${program.url}/admin/incidents/${incident}`

/** The page that readers are served, as its file lies there this moment. */
const file = (locale: string, path = `incidents/${incident}`) =>
  join(program.app.config.dataDir, 'published', locale === 'en' ? '' : locale, path, 'index.html')
const said = (locale: string) => readFileSync(file(locale), 'utf8')

/** Sees, without pressing, that a button of another's role is not theirs; pressing it all the same is refused in words. */
async function isRefused(name: Name, url: string): Promise<void> {
  const page = await deskOf(name)
  await page.goto(url)
  expect(await main(page)).toContain('You cannot approve it: none of your roles is asked for.')
  expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  const answer = await page.request.post(url, {
    form: { do: 'approve', hash: 'x' },
    headers: { Origin: program.url },
  })
  expect(answer.status()).toBe(422)
  expect(await answer.text()).toContain('None of them is yours.')
}

/** Looks again, as a page without a script does, until it says so. */
async function until(page: Page, words: string): Promise<string> {
  for (let looks = 0; looks < 600; looks++) {
    const text = await main(page)
    if (text.includes(words)) return text
    await page.waitForTimeout(100)
    await page.reload()
  }
  throw new Error(`This page never said “${words}”: ${await main(page)}`)
}

it('billing’s file of 3,110 rows names 3,102 customers, and each of the other eight with its line and reason', async () => {
  const page = await deskOf('lin')
  await page.goto(`${base()}/affected`)
  await page.getByLabel('File').setInputFiles({ name: 'affected.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
  await press(page, 'Hand in and look at it')
  await page.getByLabel('Currency').fill('CNY')
  await press(page, 'Read it with these columns')
  const read = await until(page, 'Make this list count: 3,102 customers')
  expect(read).toMatch(/Rows ?3,110 ?Counted ?3,102 ?Rejected ?0 ?Standing twice ?3 ?Unknown number or address ?5/)
  expect(read).toContain('Basic 2,331 · Pro 655 · Enterprise 116')
  const rows = await page
    .locator('tbody tr')
    .filter({ hasText: /Twice|Unknown/ })
    .all()
  const named = await Promise.all(rows.map((row) => row.locator('td').allTextContents()))
  expect(named.map(([, fate]) => fate).sort()).toEqual([...Array(3).fill('Twice'), ...Array(5).fill('Unknown')])
  for (const [line, , why, cells] of named) {
    expect(cells).toContain(numberOn(lines[Number(line) - 1]!))
    expect(why).not.toBe('')
  }
  await press(page, /^Make this list count/)
  await until(page, 'The list counts, with 3,102 customers.')
})

it('who must approve goes by the amount, and is shown before anything is saved', async () => {
  const page = await deskOf('lin')
  await page.goto(`${base()}/compensation`)
  await page.getByRole('link', { name: 'New offer' }).click()
  await page.getByRole('link', { name: 'Coupon' }).click()
  expect(await page.locator('[name=multiple], [name=tiers], [name=month]').count()).toBe(0)
  await page.locator('[name="terms.en"]').fill('Usable for 30 days.')
  await page.locator('[name="terms.zh-CN"]').fill('30 天内有效。')
  await page.getByLabel('Do these words apologise?').selectOption('none')
  await page.locator('summary').filter({ hasText: 'Budget and other limits' }).click()
  for (const [budget, seats] of [
    ['5000.00', 'Comms lead'],
    ['50000', 'Coordination lead and Finance'],
    ['', 'Coordination lead, Finance, and Head of business'],
  ] as const) {
    await page.getByLabel('Budget in all').fill(budget)
    await press(page, /^Work it out/)
    expect(await page.locator('[data-worth]').textContent()).toContain(`Must approve: ${seats}`)
  }
  await page.getByLabel('Worth for each customer').fill('-30')
  await press(page, /^Work it out/)
  expect(await main(page)).toContain('An amount is not negative.')
  expect(await page.locator('[name="terms.en"]').inputValue()).toBe('Usable for 30 days.')
})

const offers = [
  {
    kind: 'Credit',
    minutes: '89',
    worth: ['116 customers, 113,680.00 CNY at the most', 'Enterprise: 116 customers × (980.00 CNY) = 113,680.00 CNY'],
    titles: ['Credit of 10 % of this month’s fee', '当月服务费 10% 的服务赔偿'],
  },
  {
    kind: 'Service extension',
    minutes: '89',
    worth: [
      '2,986 customers, 415,546.60 CNY at the most',
      'Basic: 2,331 customers × (7 days, 93.10 CNY) = 217,016.10 CNY',
      'Pro: 655 customers × (7 days, 303.10 CNY) = 198,530.50 CNY',
      'The other offers of this incident come to 113,680.00 CNY. Who approves goes by the sum, 529,226.60 CNY.',
    ],
    titles: ['7 extra days of service', '免费延长服务期限 7 天'],
  },
  {
    kind: 'Coupon',
    worth: ['3,102 customers, 93,060.00 CNY at the most', 'Who approves goes by the sum, 622,286.60 CNY.'],
    titles: ['A 30-yuan SMS package coupon', '30 元短信套餐优惠券'],
  },
] as const
const urls: string[] = []

it.each(offers)('$kind: written, approved by all whose it is, and public once it is live', async (offer) => {
  const lin = await deskOf('lin')
  await lin.goto(`${base()}/compensation/new`)
  await lin.getByRole('link', { name: offer.kind }).click()
  if ('minutes' in offer) await lin.getByLabel('Minutes of failure').fill(offer.minutes)
  await press(lin, 'Work it out')
  const worth = await lin.locator('[data-worth]').textContent()
  for (const line of offer.worth) expect(worth).toContain(line)
  expect(worth).toContain('Must approve: Coordination lead, Finance, Head of business, Chief executive, and Legal')
  await press(lin, 'Save as draft')
  const url = lin.url().split('?')[0]!
  urls.push(url)
  await press(lin, 'Ask for approval')
  if (offer.kind === 'Credit') await isRefused('lin', url)
  for (const name of ['sun', 'gao', 'xu', 'wu'] as const) {
    const page = await deskOf(name)
    await page.goto(url)
    expect(await page.getByRole('button', { name: 'Go live' }).count()).toBe(0)
    await press(page, 'Approve')
    if (name !== 'wu') expect(await main(page)).toContain('You have approved this. It waits for the others.')
  }
  await lin.goto(url)
  expect(await lin.textContent('[data-state]')).toBe('Approved')
  const [en, zh] = offer.titles
  const silent = [said('en'), said('zh-CN'), readFileSync(file('en', 'history'), 'utf8')].join()
  for (const title of offer.titles) expect(silent).not.toContain(title)
  await press(lin, 'Go live')
  await expect.poll(() => said('en').includes(en) && said('zh-CN').includes(zh), { timeout: 30_000 }).toBe(true)
  const { liveAt } = await program.app.db
    .selectFrom('offer')
    .select('liveAt')
    .where('id', '=', url.split('/').at(-1)!)
    .executeTakeFirstOrThrow()
  for (const locale of ['en', 'zh-CN'])
    expect(statSync(file(locale)).mtimeMs).toBeGreaterThanOrEqual(Date.parse(liveAt!))
})

/** An SMS leaves out the scheme, as a phone finds it all the same. */
const linkIn = (text: string | undefined) => /\S+(\/claims\/[\w-]+\/)/.exec(text ?? '')?.[1] ?? ''
const mailTo = (to: string, subject: string) => resend.mailTo(to).find((mail) => mail.subject.includes(subject))
/** The link of the one mail about this offer, once it has come. */
async function linkTo(to: string, subject: string): Promise<string> {
  await expect.poll(() => linkIn(mailTo(to, subject)?.text), { timeout: 30_000 }).not.toBe('')
  return program.url + linkIn(mailTo(to, subject)!.text)
}
const onPhone = () => newPage({ viewport: { width: 360, height: 780 }, javaScriptEnabled: false })

const claims = [
  {
    lang: 'zh-CN',
    address: reached.basic.email,
    coupon: ['优惠券', '领取', '领取成功', '您已领取'],
    days: ['延长服务期限', '补偿已经生效'],
  },
  {
    lang: 'en',
    address: reached.pro.email,
    coupon: ['coupon', 'Claim it', 'It is yours', 'Already claimed'],
    days: ['extra days', 'It is yours already'],
  },
] as const

it.each(claims)(
  '$lang: a coupon is claimed on a phone and its code is there again; days come by themselves',
  async (told) => {
    const { lang, address } = told
    const [coupon, button, done, again] = told.coupon
    const [days, automatic] = told.days
    const { page, close } = await onPhone()
    const link = await linkTo(address, coupon)
    const headers = mailTo(address, coupon)!.headers
    expect(headers['List-Unsubscribe']).toContain('/unsubscribe/offers/')
    const first = await page.goto(link)
    expect(first?.headers()).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    expect(await page.getAttribute('html', 'lang')).toBe(lang)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await press(page, button)
    expect(await page.textContent('h1')).toBe(done)
    const code = await page.textContent('[data-code]')
    expect(code).toMatch(/^([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}$/)
    await page.goto(link)
    expect(await page.textContent('h1')).toBe(again)
    expect(await page.textContent('[data-code]')).toBe(code)
    await page.goto(await linkTo(address, days))
    expect(await page.textContent('h1')).toBe(automatic)
    expect(await page.getByRole('button').count()).toBe(0)
    await close()
  },
)

it('an SMS names the same page; a credit is asked for, and is granted at the desk', async () => {
  const { page, close } = await onPhone()
  const text = () => twilio.smsTo(reached.phone.sms).find(({ body }) => body.includes('coupon'))?.body
  await expect.poll(() => linkIn(text()), { timeout: 30_000 }).not.toBe('')
  await page.goto(program.url + linkIn(text()))
  await press(page, 'Claim it')
  expect(await page.textContent('h1')).toBe('It is yours')
  const links = [await linkTo(reached.enterprise.email, 'Credit'), await linkTo(reached.key.email, '服务赔偿')] as const
  await page.goto(links[0])
  await press(page, 'Ask for it')
  expect(await page.textContent('h1')).toBe('We have your request')
  await page.goto(links[1])
  await press(page, '申请')
  expect(await page.textContent('h1')).toBe('已收到您的申请')
  const gao = await deskOf('gao')
  await gao.goto(`${urls[0]}?state=requested`)
  expect(await gao.locator('#claims tbody tr').count()).toBe(2)
  await press(gao, 'Grant')
  await gao.goto(`${urls[0]}?state=requested`)
  await press(gao, 'Grant')
  await page.goto(links[0])
  expect(await main(page)).toContain('A credit of 980.00 CNY')
  expect(await page.textContent('h1')).toBe('Already claimed')
  await close()
})

it('the desk’s totals are right to the cent, and a recount of the rows agrees', async () => {
  const page = await deskOf('gao')
  await page.goto(`${base()}/compensation`)
  const sums = await page.textContent('.sums')
  // 2,986 extensions, three coupons of 30 and two credits of 980 are given by now.
  expect(sums).toContain('At the most622,286.60 CNY')
  expect(sums).toContain('Issued417,596.60 CNY (2,991)')
  expect(sums).toContain('Per affected customer (3,102)200.61 CNY')
  expect(await verifyOffers(program.app)).toMatchObject({ offers: 3, claims: 116 + 2_986 + 3_102, differences: [] })
  expect(resend.batches.flatMap(({ mails }) => mails)).toHaveLength(2 + 2 + 2 + 2)
})

it('every other button of an offer: codes, refusing, pausing, changing, reviewing, taking back, closing', async () => {
  const [lin, gao] = [await deskOf('lin'), await deskOf('gao')]
  const { id } = await ordersDown(program.app, program.services)
  const open = (page: Page, name: string) => page.locator('summary').filter({ hasText: name }).first().click()
  const state = (page: Page) => page.textContent('[data-state]')
  const because = async (page: Page, step: string, reason: string) => {
    await open(page, step)
    await page.locator('details[open] [name=reason]').fill(reason)
    await page.locator('details[open] button').click()
  }
  await lin.goto(`${program.url}/admin/incidents/${id}/compensation/new?kind=coupon`)
  await lin.getByLabel('Basis').selectOption('sla')
  await lin.getByLabel('Enterprise').check()
  for (const locale of ['en', 'zh-CN']) await lin.locator(`[name="terms.${locale}"]`).fill(`First terms (${locale}).`)
  await lin.getByLabel('Do these words apologise?').selectOption('none')
  await press(lin, 'Save as draft')
  const url = lin.url().split('?')[0]!
  await gao.goto(url)
  await open(gao, 'Take these codes in')
  await gao.locator('[name=list]').fill('HEZHOU-0001\nHEZHOU-0002\nHEZHOU-0001\n=cmd|A0')
  await press(gao, 'Take these codes in')
  expect(await main(gao)).toMatch(/2 codes taken in\. ?Line 3 repeats line 1\. ?Line 4 is no code\./)
  expect(await main(gao)).toContain('2 free, 0 given, 0 used')

  await press(lin, 'Ask for approval')
  await because(lin, 'Refuse', 'Too early.')
  expect(await state(lin)).toBe('Draft')
  expect(await main(lin)).toMatch(/It was refused by one of those who must approve\..*lin refused on .*: Too early\./)
  await press(lin, 'Ask for approval')
  await press(lin, 'Approve')
  await press(lin, 'Go live')
  const { page, close } = await onPhone()
  const links = []
  for (const to of [reached.enterprise.email, reached.key.email]) {
    const mails = () => resend.mailTo(to).filter(({ text }) => /First terms/.test(text))
    await expect.poll(() => mails().length, { timeout: 30_000 }).toBe(1)
    links.push(program.url + linkIn(mails()[0]!.text))
  }
  const [first, second] = links as [string, string]

  await lin.goto(url)
  await because(lin, 'Pause', 'Looking again.')
  expect(await state(lin)).toBe('Paused')
  expect(await main(lin)).toContain('Looking again.')
  await page.goto(first)
  expect(await page.textContent('h1')).toBe('Paused for the moment')
  await press(lin, 'Let it go on')
  expect(await state(lin)).toBe('Live')

  await open(lin, 'Change')
  await lin.locator('details[open] [name="terms.en"]').fill('Second terms (en).')
  await press(lin, 'Save the change')
  expect(await state(lin)).toBe('Paused')
  expect(await main(lin)).toContain('It was changed while it was live: its approval is void until it is given again.')
  expect(await main(lin)).toContain('(void since')
  expect(await lin.getByRole('button', { name: 'Let it go on' }).count()).toBe(0)
  await page.goto(first)
  expect(await page.getByRole('button').count()).toBe(0)
  await press(lin, 'Ask for approval')
  await press(lin, 'Approve')
  await press(lin, 'Go live')
  await page.goto(first)
  expect(await main(page)).toContain('Second terms (en).')
  await press(page, 'Ask for it')
  await page.goto(second)
  await press(page, '申请')

  await gao.goto(`${url}?state=requested`)
  const row = (name: string) => gao.locator('#claims tbody tr').filter({ hasText: name })
  const names = await gao.locator('#claims tbody td:first-child small').allTextContents()
  expect(names).toHaveLength(2)
  const { externalId } = await program.app.db
    .selectFrom('customer')
    .innerJoin('customerContact', 'customerContact.customerId', 'customer.id')
    .select('externalId')
    .where('address', '=', reached.enterprise.email)
    .executeTakeFirstOrThrow()
  await row(externalId).getByRole('button', { name: 'Take up' }).click()
  await gao.goto(`${url}?state=in_review`)
  await row(externalId).getByRole('button', { name: 'Grant' }).click()
  await page.goto(first)
  expect(await page.textContent('[data-code]')).toMatch(/^HEZHOU-000[12]$/)
  await gao.goto(`${url}?state=issued`)
  await because(gao, 'Take back', 'Booked twice.')
  expect((await page.goto(first))!.status()).toBe(410)
  expect(await main(page)).toMatch(/This was taken back.*Booked twice\./)
  await gao.goto(`${url}?state=requested`)
  await because(gao, 'Refuse', '不在合同范围内。')
  await page.goto(second)
  expect(await main(page)).toMatch(/申请未获通过.*不在合同范围内。/)
  await close()

  await lin.goto(url)
  await because(lin, 'Close', 'All is said.')
  expect(await state(lin)).toBe('Closed')
  await lin.goto(`${program.url}/admin/incidents/${id}/compensation/new?kind=coupon`)
  await press(lin, 'Save as draft')
  await because(lin, 'Cancel', 'A mistake.')
  expect(await state(lin)).toBe('Cancelled')
  expect(await verifyOffers(program.app)).toMatchObject({ differences: [] })
})

it('a file that is handed in after the session ended leads to the sign-in, and back to be chosen again', async () => {
  const { page, close } = await signedIn('lin')
  const form = `${base()}/affected`
  const hand = async () => {
    const kept = { name: 'affected.csv', mimeType: 'text/csv', buffer: Buffer.from(csv.repeat(40)) }
    await page.getByLabel('File').setInputFiles(kept)
    await press(page, 'Hand in and look at it')
  }
  await page.goto(form)
  await page.context().clearCookies()
  await hand()
  expect(await main(page)).toContain('so the file was not sent. Sign in and choose it once more')
  await page.getByLabel('Email address').fill('lin@hezhou.example')
  await page.getByLabel('Password').fill(password)
  await press(page, /^Sign in/)
  expect(page.url()).toBe(`${form}?file=unauthorized`)
  expect(await main(page)).toContain('You are signed in now: choose it once more.')
  await hand()
  await page.waitForURL(/\/admin\/imports\//)
  await close()
})
