import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ratingUrl } from '#api/feedback/links.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { locales } from '#content/locales.ts'
import { newPage } from '../support/browser.ts'
import { type OpenProgram, openProgram, password, staff } from '../support/desk.ts'
import { lin, subscribe, words } from '../support/telling.ts'

let program: OpenProgram
let id: string
beforeAll(async () => {
  program = await openProgram({
    prepare: async (app) => {
      await staff(app, 'lin@hezhou.example', 'comms')
      await staff(app, 'wu@hezhou.example', 'legal')
      await staff(app, 'zhou@hezhou.example', 'lead')
      await subscribe(app, [{ address: 'wang@mail.example', locale: 'zh-CN' }])
    },
  })
  const opened = await openIncident(program.app, lin, {
    title: words('Orders failed.', '无法下单。'),
    severity: 1,
    status: 'resolved',
    components: [{ id: program.services.orders, status: 'major_outage' }],
    body: words('It is over.', '已恢复。'),
  })
  id = opened.id
})
afterAll(() => program.stop())

const at = (path: string) => program.url + path
const reviewPath = () => at(`/admin/incidents/${id}/review`)
const form = (page: Page, what: string) => page.locator('form', { has: page.locator(`[name="do"][value="${what}"]`) })
const press = (page: Page, what: string) => page.locator(`button[name="do"][value="${what}"]`).click()

async function as<T>(who: string, walk: (page: Page) => Promise<T>): Promise<T> {
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'en-GB' })
  await page.goto(at('/admin/sign-in'))
  await page.getByLabel('Email address').fill(`${who}@hezhou.example`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: /^Sign in/ }).click()
  await page.goto(reviewPath())
  const done = await walk(page)
  await close()
  return done
}

it('without a script: a review is written, its report approved by two people for the newest words, and published', async () => {
  const stale = await as('lin', async (page) => {
    await page.getByText('Meeting by').waitFor()
    await press(page, 'state:in_review')
    await page.getByText('The summary is not written.').waitFor()
    await form(page, 'cause').locator('[name="cause"]').selectOption('capacity')
    await press(page, 'cause')
    await page.getByText('Name at least one contributing factor before').first().waitFor()
    expect(await form(page, 'cause').locator('[name="cause"]').inputValue()).toBe('capacity')
    await form(page, 'factor').locator('[name="text"]').fill('No limit of connections.')
    await press(page, 'factor')
    await form(page, 'cause').locator('[name="cause"]').selectOption('capacity')
    await press(page, 'cause')
    await form(page, 'section:summary').locator('[name="body"]').fill('Orders failed for an hour.')
    await press(page, 'section:summary')
    await page.getByText(/^Version 1, .* lin$/).waitFor()
    const action = form(page, 'action')
    await action.locator('[name="text"]').fill('Limit connections.')
    await action.locator('[name="link"]').fill('http://not-safe.example')
    await press(page, 'action')
    await page.getByText('A link begins with https://.').waitFor()
    expect(await form(page, 'action').locator('[name="text"]').inputValue()).toBe('Limit connections.')
    await form(page, 'action').locator('[name="link"]').fill('')
    await press(page, 'action')
    for (const locale of locales)
      for (const part of ['scope', 'times', 'cause', 'handling', 'changes', 'apology'])
        await page
          .locator(`[name="${part}.${locale}"]`)
          .fill(`${part} ${locale === 'en' ? 'as told by zhou' : '的说明'}`)
    await press(page, 'report')
    await page.getByText('is the name of a colleague').first().waitFor()
    return page.locator('form:has([value="publish"]) [name="hash"]').inputValue()
  })
  await as('wu', async (page) => {
    await form(page, 'verdict:legal-request').locator('[name="note"]').fill('Leave the name out.')
    await press(page, 'verdict:legal-request')
    await page.getByText(/^Legal asks for changes, .*: Leave the name out\.$/).waitFor()
    expect(await page.locator('[value="verdict:lead-approve"]').count()).toBe(0)
  })
  await as('wu', async (old) => {
    await as('lin', async (page) => {
      await page.locator('[name="scope.en"]').fill('scope as told by us')
      for (const part of ['times', 'cause', 'handling', 'changes', 'apology'])
        await page.locator(`[name="${part}.en"]`).fill(`${part} as told by us`)
      await press(page, 'report')
      await page.getByText('Saved.').waitFor()
    })
    await press(old, 'verdict:legal-approve')
    await old.getByText('Version 2 is newer than the one you read.').first().waitFor()
    expect(await old.locator('.change ins').first().textContent()).toBe('us')
    await press(old, 'verdict:legal-approve')
    await old.getByText(/^Legal: approved/).waitFor()
  })
  await as('lin', async (page) => {
    expect(await page.locator('form:has([value="publish"]) [name="hash"]').inputValue()).not.toBe(stale)
    await press(page, 'publish')
    await page.getByText('These words are not approved by lead.').first().waitFor()
  })
  await as('zhou', async (page) => {
    await press(page, 'verdict:lead-approve')
    await press(page, 'publish')
    await page.getByText(/^Published as update 2/).waitFor()
    await press(page, 'state:approved')
    await page.getByText('An action has no owner.').waitFor()
    await press(page, 'state:closed')
    await page.getByText('cannot close while an action has no owner').first().waitFor()
    await page.goto(at('/admin/reviews'))
    await page.getByRole('link', { name: 'Orders failed.' }).first().waitFor()
    expect(await page.locator('main').textContent()).toContain('Limit connections.')
  })
  await expect
    .poll(async () => (await fetch(at(`/zh-CN/incidents/${id}/`))).text(), { timeout: 20_000 })
    .toContain('<strong>问题影响范围</strong>')
}, 180_000)

it('on a phone, without a script: the page takes an answer in either language, and the link in the mail a rating that may be changed', async () => {
  const viewport = { width: 360, height: 740 }
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'zh-CN', viewport })
  const fits = async () =>
    expect(await page.evaluate(() => document.documentElement.scrollWidth), page.url()).toBeLessThanOrEqual(360)
  await page.goto(at(`/zh-CN/incidents/${id}/`))
  await page.getByText('以上信息有帮助吗？').waitFor()
  await page.getByRole('button', { name: '有', exact: true }).click()
  await page.waitForURL(at(`/zh-CN/feedback/${id}/thanks/`))
  await page.getByRole('link', { name: '返回事件' }).click()
  await page.getByRole('button', { name: '没有', exact: true }).click()
  await page.waitForURL(/thanks/)
  // The same person in the other language is one answer still.
  await page.goto(at(`/incidents/${id}/`))
  await fits()
  await page.getByText('Did this help?').first().waitFor()
  await page.getByRole('button', { name: 'No', exact: true }).click()
  await page.waitForURL(at(`/feedback/${id}/thanks/`))
  await fits()
  const answers = await program.app.db.selectFrom('helpedAnswer').select('helped').execute()
  expect(answers).toEqual([{ helped: 0 }])

  const wang = await program.app.db.selectFrom('subscriber').selectAll().executeTakeFirstOrThrow()
  const link = ratingUrl(program.app.config, id, wang)
  await page.goto(link)
  await page.getByRole('heading', { name: '我们的通报做得如何？' }).waitFor()
  await fits()
  expect(await program.app.db.selectFrom('rating').selectAll().execute()).toEqual([])
  await page.getByLabel('2', { exact: true }).check()
  await page.getByLabel('您还想说的话').fill('来得太晚')
  await page.getByRole('button', { name: '提交' }).click()
  await page.getByText('谢谢。您给了 2 分（满分 5）。').waitFor()
  expect(await page.getByLabel('您还想说的话').inputValue()).toBe('来得太晚')
  await page.getByLabel('5：很好').check()
  await page.getByRole('button', { name: '提交' }).click()
  await page.getByText('您给了 5 分').waitFor()
  expect(await program.app.db.selectFrom('rating').select(['score', 'comment']).execute()).toEqual([
    { score: 5, comment: '来得太晚' },
  ])
  expect((await page.goto(`${link}x`))?.status()).toBe(404)
  await close()
})
