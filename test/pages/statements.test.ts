import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readEvening } from '#api/demo/company.ts'
import { readLearnt } from '#api/demo/reviews.ts'
import { at as atTime } from '#api/demo/told.ts'
import { ManualClock } from '#api/lib/clock.ts'
import { reportParts } from '#api/reviews/report.ts'
import { type Locale, locales } from '#content/locales.ts'
import { newPage } from '../support/browser.ts'
import { type OpenProgram, openProgram, password, staff } from '../support/desk.ts'
import { playEvening } from '../support/evening.ts'
import { keyboardOf } from '../support/keyboard.ts'

const lin = 'lin@hezhou.example'
const wu = 'wu@hezhou.example'
const zhou = 'zhou@hezhou.example'
type Said = Record<'title' | 'body', Record<Locale, string>>
const clock = new ManualClock('2026-11-11T12:00:00.000Z')
const evening = readEvening()
/** What the company said of it, word for word. */
const [holdingText, rumourText] = evening.statements.map(({ title, body }) => ({ title, body })) as [Said, Said]
let program: OpenProgram
let incident: string

beforeAll(async () => {
  program = await openProgram({
    clock,
    prepare: async (app) => {
      await staff(app, lin, 'comms')
      await staff(app, wu, 'legal')
      await staff(app, zhou, 'lead')
    },
  })
})
afterAll(() => program.stop())

const at = (path: string) => program.url + path
async function signedIn(email: string) {
  // Nothing here needs a script.
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'en-GB' })
  await page.goto(at('/admin/'))
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: /^Sign in/ }).click()
  await page.waitForURL(({ pathname }) => pathname !== '/admin/sign-in')
  return { page, close }
}
const when = (date: string, time: string) => atTime(program.app, date, time)
const field = (page: Page, name: string) => page.locator(`[name="${name}"]`)
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const does = (page: Page, what: string) => page.locator(`button[name="do"][value="${what}"]`).click()
const open = (page: Page, name: string) => page.locator('summary').filter({ hasText: name }).first().click()
async function write(page: Page, en: [string, string], zh: [string, string]) {
  for (const [locale, [title, body]] of [
    ['en', en],
    ['zh-CN', zh],
  ] as const) {
    await field(page, `title.${locale}`).fill(title)
    await field(page, `body.${locale}`).fill(body)
  }
}
async function begin(page: Page, type: string) {
  await page.goto(at(`/admin/incidents/${incident}/statements`))
  await field(page, 'type').selectOption(type)
  await press(page, 'Begin a statement')
}
/** What readers find at a public address, once it has what is waited for. */
async function published(path: string, text: string): Promise<string> {
  for (let looks = 0; ; looks++) {
    const html = (await (await fetch(at(path))).text()).replaceAll(/&#39;|&apos;/g, "'")
    if (html.includes(text)) return html
    if (looks > 200) throw new Error(`${path} never had ${text}:\n${html.slice(0, 2000)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const idOf = (page: Page) => new URL(page.url()).pathname.split('/').at(-1)!

/** Legal approves what a statement says now, having read it. */
async function approve(page: Page, id: string) {
  await page.goto(at(`/admin/incidents/${incident}/statements/${id}`))
  await press(page, 'Approve this text in both languages')
  expect(await page.textContent('main')).toMatch(/ (· |being written: )Approved/)
}
async function publish(page: Page, id: string) {
  await page.goto(at(`/admin/incidents/${incident}/statements/${id}`))
  await open(page, 'Publish now')
  await press(page, 'Publish now')
}

it('the evening’s statements and report, each by the person whose role it is, with a change and a correction', async () => {
  const comms = await signedIn(lin)
  const legal = await signedIn(wu)
  const lead = await signedIn(zhou)
  const [l, w, z] = [comms.page, legal.page, lead.page]

  // 20:45, the holding statement: Lin alone, from the approved words; a brace that is open is refused and nothing is lost.
  const sayHolding = async (time: string, id: string) => {
    if (time !== '21:05') return
    incident = id
    clock.set(when(evening.date, '20:45'))
    await begin(l, 'holding')
    const left = (text: string) => text.replace('21:30', '{next}')
    await write(
      l,
      [holdingText.title.en, left(holdingText.body.en)],
      [holdingText.title['zh-CN'], left(holdingText.body['zh-CN'])],
    )
    await press(l, 'Save the draft')
    await open(l, 'Publish now')
    await press(l, 'Publish now')
    expect(await l.textContent('main')).toContain('Something in braces is not filled in yet.')
    expect(await field(l, 'body.en').inputValue()).toContain('speak again by {next}')
    for (const locale of locales) await field(l, `body.${locale}`).fill(holdingText.body[locale])
    await press(l, 'Save')
    expect(await l.textContent('main')).toContain('These words need no review.')
    await open(l, 'Publish now')
    await press(l, 'Publish now')
    const holding = idOf(l)
    expect(await l.textContent('main')).toContain('Holding statement · Published')
    await published('/statements/', holdingText.title.en)
    const chinese = await published(`/zh-CN/statements/${holding}/`, '我们已启动一级应急响应')
    expect(chinese).toContain('2026年11月11日 20:02 起，禾舟商云的下单和支付服务出现异常')
    expect(chinese).toContain('21:30 前再次说明')
  }
  await playEvening(program.app, clock, program.services, { notify: false, before: sayHolding })

  // 22:50, the rumour answer: legal asks for a change, Lin makes it, legal approves, Lin publishes at 23:05.
  clock.set(when(evening.date, '22:50'))
  await begin(l, 'rumour_answer')
  const nasty = '<img src=x onerror=alert(1)> [x](javascript:alert(1))'
  await write(l, ['Not an attack', `No. ${nasty}`], ['不是攻击', '不属实。<script>alert(1)</script>'])
  await press(l, 'Save the draft')
  const rumour = idOf(l)
  await press(l, 'Ask legal for a review')
  // Legal finds it where everybody looks first, as what waits for them, and answers with the keyboard alone.
  const { go, key, reach, type } = keyboardOf(w)
  await w.goto(at('/admin'))
  expect(await w.locator('[data-live="waiting"]').textContent()).toContain('Waits for you')
  await reach('Not an attack')
  await go()
  // Hostile Markdown is text on the desk, as everywhere.
  expect(await w.locator('main img, main script, main a[href^="javascript"]').count()).toBe(0)
  await reach('Ask for changes')
  await key('Enter')
  await reach('What has to change')
  await type('Say what the cause was.')
  await reach('Ask for changes')
  await go()
  await l.goto(at(`/admin/incidents/${incident}/statements/${rumour}`))
  expect(await l.textContent('main')).toContain('Say what the cause was.')
  await write(l, [rumourText.title.en, rumourText.body.en], [rumourText.title['zh-CN'], rumourText.body['zh-CN']])
  await press(l, 'Save and ask legal')
  await w.goto(at(`/admin/incidents/${incident}/statements/${rumour}`))
  expect(await w.locator('.diff ins').allTextContents()).toEqual(
    expect.arrayContaining([expect.stringContaining('configuration')]),
  )
  expect(await w.locator('main img, main script, main a[href^="javascript"]').count()).toBe(0)
  await approve(w, rumour)
  clock.set(when(evening.date, '23:05'))
  await publish(l, rumour)
  expect(await published(`/zh-CN/statements/${rumour}/`, '原因为内部配置变更')).toContain('详见状态页 21:05 进展')

  // The day after, the apology: approved, published, and put right in sight.
  clock.set(when('2026-11-12', '10:00'))
  await begin(l, 'apology')
  await write(
    l,
    ['We apologise', 'We are sorry. 3,000 merchants were affected.'],
    ['致歉声明', '深表歉意。3000 家商家受影响。'],
  )
  await press(l, 'Save the draft')
  const apology = idOf(l)
  await press(l, 'Ask legal for a review')
  await approve(w, apology)
  await publish(l, apology)
  await published(`/statements/${apology}/`, '3,000 merchants')
  await open(l, 'Write a correction')
  await write(
    l,
    ['We apologise', 'We are sorry. 3,102 merchants were affected.'],
    ['致歉声明', '深表歉意。3102 家商家受影响。'],
  )
  await press(l, 'Write a correction')
  expect(await field(l, 'body.en').inputValue()).toContain('3,102')
  await field(l, 'note.en').fill('The number of merchants is 3,102.')
  await field(l, 'note.zh-CN').fill('受影响商家为 3102 家。')
  await press(l, 'Write a correction')
  await press(l, 'Ask legal for a review')
  expect(await (await fetch(at(`/statements/${apology}/`))).text()).toContain('3,000 merchants')
  await approve(w, apology)
  await publish(l, apology)
  const corrected = await published(`/zh-CN/statements/${apology}/`, '3102 家商家受影响')
  expect(corrected).toContain('受影响商家为 3102 家。')
  expect(corrected).not.toContain('3000 家')

  // The fifth business day, the report: Lin writes it, legal and the lead approve these very words, and it goes out.
  clock.set(when('2026-11-18', '10:00'))
  await l.goto(at(`/admin/incidents/${incident}`))
  expect(await field(l, 'status').locator('option').allTextContents()).not.toContain('Post-incident report')
  await l.getByRole('link', { name: /^The public report comes from the review/ }).click()
  const { report } = readLearnt().evening
  for (const part of reportParts)
    for (const [locale, text] of Object.entries(report[part])) await field(l, `${part}.${locale}`).fill(text)
  await does(l, 'report')
  for (const [page, role] of [
    [w, 'legal'],
    [z, 'lead'],
  ] as const) {
    await page.goto(at(`/admin/incidents/${incident}/review`))
    await does(page, `verdict:${role}-approve`)
  }
  await does(z, 'publish')
  await z.getByText(/^Published as update 10/).waitFor()
  const reported = await published(`/incidents/${incident}/`, 'a change to the settings of a promotion went live')
  expect(reported).toContain('Impact')

  // Press page and incident name all four, in both languages.
  for (const [root, locale, names] of [
    ['', 'en', ['We apologise', 'Post-incident report']],
    ['/zh-CN', 'zh-CN', ['致歉声明', '故障复盘']],
  ] as const)
    for (const place of [`${root}/statements/`, `${root}/incidents/${incident}/`])
      for (const name of [holdingText.title[locale], rumourText.title[locale], ...names]) await published(place, name)
  expect(await published('/zh-CN/statements/', '故障复盘')).toContain(`/zh-CN/incidents/${incident}/#u10`)

  // Legal takes the rumour answer back; the feed says so.
  await w.goto(at(`/admin/incidents/${incident}/statements/${rumour}`))
  await open(w, 'Withdraw')
  await field(w, 'reason.en').fill('The cause is being looked at again.')
  await field(w, 'reason.zh-CN').fill('原因正在复核。')
  await press(w, 'Withdraw')
  const gone = await published(`/statements/${rumour}/`, 'The cause is being looked at again.')
  expect(gone.slice(gone.indexOf('<main'))).not.toContain('internal configuration change')
  expect(await published('/statements/history.rss', `Withdrawn: ${rumourText.title.en}`)).not.toContain(
    'internal configuration',
  )
  await comms.close()
  await legal.close()
  await lead.close()
})
