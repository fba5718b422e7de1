import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openIncident } from '#api/incidents/actions.ts'
import { minuteMs, plusMs } from '#api/lib/time.ts'
import { newPage } from '../support/browser.ts'
import { type OpenProgram, openProgram, password, staff } from '../support/desk.ts'
import { lin as system } from '../support/services.ts'

const lin = 'lin@hezhou.example'
const wu = 'wu@hezhou.example'
let program: OpenProgram
let incident: string

beforeAll(async () => {
  program = await openProgram({
    prepare: async (app) => {
      await staff(app, lin, 'comms')
      await staff(app, wu, 'legal')
    },
  })
  const { app, services } = program
  const { id } = await openIncident(app, system, {
    title: { en: 'Orders fail.', 'zh-CN': '无法下单。' },
    severity: 1,
    status: 'investigating',
    components: [{ id: services.orders, status: 'major_outage' }],
    body: { en: 'We are looking.', 'zh-CN': '正在排查。' },
    nextUpdateAt: plusMs(app.now(), 60 * minuteMs),
  })
  incident = id
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
const field = (page: Page, name: string) => page.locator(`[name="${name}"]`)
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
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
    const html = await (await fetch(at(path))).text()
    if (html.includes(text)) return html
    if (looks > 200) throw new Error(`${path} never had ${text}:\n${html.slice(0, 2000)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const idOf = (page: Page) => new URL(page.url()).pathname.split('/').at(-1)!

it('the evening’s statements, each by the person whose role it is, with a change and a correction', async () => {
  const comms = await signedIn(lin)
  const legal = await signedIn(wu)
  const [l, w] = [comms.page, legal.page]

  // The holding statement: Lin alone, from the approved words; a brace that is open is refused and nothing is lost.
  await begin(l, 'holding')
  const approvedWords = {
    en: (await field(l, 'body.en').inputValue())
      .replace('{service} {state}', 'ordering and payment have been failing')
      .replace('{level}', 'highest')
      .replace('{knownNot}', 'So far we see no sign of data loss')
      .replace('{whom}', 'the merchants and shoppers'),
    zh: (await field(l, 'body.zh-CN').inputValue())
      .replace('{service}出现{state}', '下单和支付服务出现异常')
      .replace('{level}', '一级')
      .replace('{knownNot}', '目前没有发现数据丢失的迹象')
      .replace('{whom}', '商家和消费者'),
  }
  const titles = [['Statement on the disruption of ordering'], ['关于下单异常的声明']] as const
  await write(l, [titles[0][0], approvedWords.en], [titles[1][0], approvedWords.zh])
  await press(l, 'Save the draft')
  expect(await l.textContent('main')).toContain('These words need no review.')
  await open(l, 'Publish now')
  await press(l, 'Publish now')
  expect(await l.textContent('main')).toContain('Something in braces is not filled in yet.')
  expect(await field(l, 'body.en').inputValue()).toContain('speak again by {next}')
  await field(l, 'body.en').fill(approvedWords.en.replace('{next}', '21:30'))
  await field(l, 'body.zh-CN').fill(approvedWords.zh.replace('{next}', '21:30'))
  await press(l, 'Save')
  await open(l, 'Publish now')
  await press(l, 'Publish now')
  const holding = idOf(l)
  expect(await l.textContent('main')).toContain('Holding statement · Published')
  await published('/statements/', titles[0][0])
  expect(await published(`/zh-CN/statements/${holding}/`, '我们已启动一级应急响应')).toContain('21:30 前再次说明')

  // The rumour answer: legal asks for a change, Lin makes it, legal approves, Lin publishes.
  await begin(l, 'rumour_answer')
  await write(l, ['This was an attack? No', 'No.'], ['遭受攻击？不实', '不属实。'])
  await press(l, 'Save the draft')
  const rumour = idOf(l)
  await press(l, 'Ask legal for a review')
  await w.goto(at(`/admin/incidents/${incident}/statements`))
  await w.getByRole('link', { name: 'This was an attack? No' }).click()
  await open(w, 'Ask for changes')
  await field(w, 'remark').fill('Say what the cause was.')
  await press(w, 'Ask for changes')
  await l.goto(at(`/admin/incidents/${incident}/statements/${rumour}`))
  expect(await l.textContent('main')).toContain('Say what the cause was.')
  await write(
    l,
    [
      'This was not an attack',
      'The cause was an internal configuration change. <img src=x onerror=alert(1)> [x](javascript:alert(1))',
    ],
    ['并非遭受攻击', '原因为内部配置变更。<script>alert(1)</script>'],
  )
  await press(l, 'Save and ask legal')
  await w.goto(at(`/admin/incidents/${incident}/statements/${rumour}`))
  expect(await w.locator('.diff ins').allTextContents()).toEqual(
    expect.arrayContaining([expect.stringContaining('configuration')]),
  )
  // Hostile Markdown is text on the desk, as everywhere.
  expect(await w.locator('main img, main script, main a[href^="javascript"]').count()).toBe(0)
  await press(w, 'Approve this text in both languages')
  expect(await w.textContent('main')).toContain('Answer to a rumour · Approved')
  await l.goto(at(`/admin/incidents/${incident}/statements/${rumour}`))
  await open(l, 'Publish now')
  await press(l, 'Publish now')
  const answered = await published(`/statements/${rumour}/`, 'internal configuration change')
  // In the head it stands in quotes, where it is no element.
  expect(answered.slice(answered.indexOf('<main'))).not.toMatch(/<img|href="javascript|<script>alert/)
  expect(answered).toContain('&lt;img src=x')

  // The apology: approved, published, and put right in sight.
  await begin(l, 'apology')
  await write(
    l,
    ['We apologise', 'We are sorry. 3,000 merchants were affected.'],
    ['致歉声明', '深表歉意。3000 家商家受影响。'],
  )
  await press(l, 'Save the draft')
  const apology = idOf(l)
  await press(l, 'Ask legal for a review')
  await w.goto(at(`/admin/incidents/${incident}/statements/${apology}`))
  await press(w, 'Approve this text in both languages')
  await l.reload()
  await l.goto(at(`/admin/incidents/${incident}/statements/${apology}`))
  await open(l, 'Publish now')
  await press(l, 'Publish now')
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
  await w.goto(at(`/admin/incidents/${incident}/statements/${apology}`))
  await press(w, 'Approve this text in both languages')
  await l.goto(at(`/admin/incidents/${incident}/statements/${apology}`))
  await open(l, 'Publish now')
  await press(l, 'Publish now')
  const corrected = await published(`/zh-CN/statements/${apology}/`, '3102 家商家受影响')
  expect(corrected).toContain('受影响商家为 3102 家。')
  expect(corrected).not.toContain('3000 家')

  // Press page and incident name all three, in both languages.
  for (const [root, names] of [
    ['', [titles[0][0], 'This was not an attack', 'We apologise']],
    ['/zh-CN', [titles[1][0], '并非遭受攻击', '致歉声明']],
  ] as const)
    for (const place of [`${root}/statements/`, `${root}/incidents/${incident}/`])
      for (const name of names) await published(place, name)

  // Legal takes the rumour answer back; the feed says so.
  await w.goto(at(`/admin/incidents/${incident}/statements/${rumour}`))
  await open(w, 'Withdraw')
  await field(w, 'reason.en').fill('The cause is being looked at again.')
  await field(w, 'reason.zh-CN').fill('原因正在复核。')
  await press(w, 'Withdraw')
  const gone = await published(`/statements/${rumour}/`, 'The cause is being looked at again.')
  expect(gone).not.toContain('internal configuration change')
  expect(await published('/statements/history.rss', 'Withdrawn: This was not an attack')).not.toContain(
    'internal configuration',
  )
  await comms.close()
  await legal.close()
})
