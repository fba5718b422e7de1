import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { newPage } from '../support/browser.ts'
import { type OpenProgram, openProgram, password, staff } from '../support/desk.ts'
import { inMinutes, lin } from '../support/services.ts'

const email = 'lin@hezhou.example'
let program: OpenProgram

beforeAll(async () => {
  program = await openProgram({ prepare: (app) => staff(app, email, 'owner').then(() => undefined) })
})
afterAll(() => program.stop())

const at = (path: string) => program.url + path
const field = (page: Page, name: string) => page.locator(`[name="${name}"]`)
const press = (page: Page, name: string) =>
  page.locator('#composer').getByRole('button', { name, exact: true }).last().click()
const publish = (page: Page) => press(page, 'Publish the update')

async function signIn(page: Page) {
  await page.goto(at('/admin/'))
  await page.getByLabel(/Email address|邮箱地址/).fill(email)
  await page.getByLabel(/Password|密码/).fill(password)
  await page.getByRole('button', { name: /^(Sign in|登录)/ }).click()
  await page.waitForURL(({ pathname }) => pathname !== '/admin/sign-in')
}

const open = (severity = 1) =>
  openIncident(program.app, lin, {
    title: { en: 'Orders fail', 'zh-CN': '无法下单' },
    severity,
    status: 'investigating',
    components: severity === 4 ? [] : [{ id: program.services.orders, status: 'major_outage' }],
    body: { en: 'We look.', 'zh-CN': '排查中。' },
    nextUpdateAt: inMinutes(program.app, 15),
  })
const updatesOf = (incidentId: string) =>
  program.app.db
    .selectFrom('incidentUpdate')
    .selectAll()
    .where('incidentId', '=', incidentId)
    .orderBy('number')
    .execute()

it.each([true, false])(
  'back and publish again says the same twice only when that is meant (script: %s)',
  async (javaScriptEnabled) => {
    const { page, close } = await newPage({ javaScriptEnabled, locale: 'en-GB' })
    const { id } = await open()
    await signIn(page)
    await page.goto(at(`/admin/incidents/${id}`))
    await field(page, 'body.en').fill('It is the database. Next update by {next}.')
    await field(page, 'body.zh-CN').fill('数据库故障，{next} 前更新。')
    await field(page, 'status').selectOption('identified')
    const key = await field(page, 'key').first().inputValue()
    await publish(page)
    await page.getByText('The update is published.').waitFor()
    expect(await updatesOf(id)).toHaveLength(2)

    await page.goBack()
    await expect.poll(() => field(page, 'body.en').inputValue()).toContain('It is the database.')
    expect(await field(page, 'key').first().inputValue()).not.toBe(key)
    await publish(page)
    await page.getByText('These words were published at').waitFor()
    expect(await updatesOf(id)).toHaveLength(2)
    expect(await field(page, 'body.zh-CN').inputValue()).toBe('数据库故障，{next} 前更新。')
    await publish(page)
    await page.getByText('The update is published.').waitFor()
    expect(await updatesOf(id)).toHaveLength(3)
    await close()
  },
)

it('back and publish again opens no second incident unasked', async () => {
  const { page, close } = await newPage({ locale: 'en-GB' })
  await signIn(page)
  await page.goto(at('/admin/incidents/new'))
  await field(page, 'title.en').fill('Payments fail twice.')
  await field(page, 'severity').selectOption('2')
  await field(page, 'body.en').fill('Since {start} payments fail.')
  await press(page, 'Publish the incident')
  await page.getByText('The incident is public.').waitFor()
  await page.goBack()
  await expect.poll(() => field(page, 'title.en').inputValue()).toBe('Payments fail twice.')
  await press(page, 'Publish the incident')
  await page.getByText('An incident with these words was opened at').waitFor()
  const rows = await program.app.db.selectFrom('incident').select('title').where('title', 'like', '%twice%').execute()
  expect(rows).toHaveLength(1)
  await close()
})

it('who wrote while a colleague published reads that first; twenty posts of one form still say it once', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'en-GB' })
  const { id } = await open()
  await signIn(page)
  await page.goto(at(`/admin/incidents/${id}`))
  await field(page, 'body.en').fill('It is the network.')
  await publishUpdate(program.app, lin, id, {
    status: 'identified',
    body: { en: 'A colleague knows more.' },
    nextUpdateAt: inMinutes(program.app, 15),
  })
  await publish(page)
  await page.getByText(/^Update 2 was published at \d\d:\d\d while you wrote\./).waitFor()
  expect(await page.locator('.log').textContent()).toContain('A colleague knows more.')
  expect(await field(page, 'body.en').inputValue()).toBe('It is the network.')
  expect(await updatesOf(id)).toHaveLength(2)

  const form = await page.locator('#composer').evaluate((form: HTMLFormElement) => {
    const data = new URLSearchParams()
    for (const [name, value] of new FormData(form)) data.append(name, String(value))
    data.set('action', 'publish')
    return data.toString()
  })
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      fetch(at(`/admin/incidents/${id}`), {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie, origin: program.url, 'content-type': 'application/x-www-form-urlencoded' },
        body: form,
      }),
    ),
  )
  expect(new Set(answers.map((answer) => `${answer.status} ${answer.headers.get('location')}`))).toEqual(
    new Set([`303 /admin/incidents/${id}?done=updated#main`]),
  )
  expect(await updatesOf(id)).toHaveLength(3)
  await close()
})

it('an incident is not opened again in silence about services', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'zh-CN' })
  const { id } = await open()
  await publishUpdate(program.app, lin, id, { status: 'resolved', body: { en: 'Over.' } })
  await signIn(page)
  await page.goto(at(`/admin/incidents/${id}`))
  await field(page, 'status').selectOption('investigating')
  await field(page, 'body.zh-CN').fill('故障再次出现。')
  await press(page, '发布进展')
  await page.getByText('哪些服务受影响？').first().waitFor()
  expect(await updatesOf(id)).toHaveLength(2)
  await field(page, `component.${program.services.orders}`).selectOption('partial_outage')
  await press(page, '发布进展')
  await page.getByText('进展已发布。').waitFor()
  expect(await updatesOf(id)).toHaveLength(3)
  await close()
})

it('a template keeps what a person wrote, and says so; another one replaces the first', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'en-GB' })
  await signIn(page)
  await page.goto(at('/admin/incidents/new'))
  await field(page, 'title.en').fill('My own headline.')
  await field(page, 'template').selectOption('investigating.first')
  await press(page, 'Use it')
  expect(await field(page, 'title.en').inputValue()).toBe('My own headline.')
  const first = await field(page, 'body.en').inputValue()
  expect(first).toContain('{symptom}')
  expect(await page.locator('.notice').textContent()).toContain('Headline (English)')
  await field(page, 'body.zh-CN').fill('我写的。')
  await field(page, 'template').selectOption('investigating.unknownScope')
  await press(page, 'Use it')
  expect(await field(page, 'body.en').inputValue()).not.toBe(first)
  expect(await field(page, 'body.zh-CN').inputValue()).toBe('我写的。')
  await close()
})

it('a preview on a phone is seen, counts people and says what publishing would', async () => {
  const { page, close } = await newPage({
    javaScriptEnabled: false,
    locale: 'en-GB',
    viewport: { width: 360, height: 740 },
  })
  await signIn(page)
  await page.goto(at('/admin/incidents/new'))
  await field(page, 'body.en').fill('Some {symptom}.')
  await field(page, 'severity').selectOption('4')
  await field(page, `component.${program.services.orders}`).selectOption('major_outage')
  await press(page, 'Preview')
  expect(page.url()).toMatch(/#preview$/)
  const preview = page.locator('#preview')
  expect((await preview.boundingBox())?.y).toBeLessThan(200)
  for (const words of ['Write the headline', '{symptom}', 'A known issue (severity 4)'])
    expect(await preview.locator('.places').textContent()).toContain(words)
  await preview.getByRole('link', { name: 'First notice (English)' }).click()
  expect(
    await field(page, 'body.en')
      .boundingBox()
      .then((box) => box!.y),
  ).toBeLessThan(740)
  expect(await page.locator('#counts').textContent()).toContain('Nobody is told')
  await preview.getByRole('button', { name: 'Publish the incident' }).click()
  await page.getByText('Not published yet. Places that need your attention: 3.').waitFor()
  expect(await page.locator('#composer .places a').count()).toBe(3)
  await close()
})

it('the desk lists late promises first, then the gravest, and unknown addresses lead back', async () => {
  const { page, close } = await newPage({ locale: 'en-GB' })
  await signIn(page)
  const quiet = await open(2)
  const late = await open(4)
  const past = new Date(Date.parse(program.app.now()) - 60_000).toISOString()
  await program.app.db.updateTable('incident').set({ nextUpdateAt: past }).where('id', '=', late.id).execute()
  await page.goto(at('/admin'))
  const links = await page.locator('[data-live="open"] a').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
  expect(links[0]).toBe(`/admin/incidents/${late.id}`)
  const grave = await open(1)
  await page.reload()
  const now = await page.locator('[data-live="open"] a').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
  expect(now.indexOf(`/admin/incidents/${grave.id}`)).toBeLessThan(now.indexOf(`/admin/incidents/${quiet.id}`))

  for (const path of ['/admin/nowhere', '/admin/incidents', '/admin/incidents/abcdefghijkl', '/admin/letters/x.1']) {
    const answer = await page.goto(at(path))
    expect(answer?.status(), path).toBe(404)
    expect(await page.getByRole('link', { name: 'Back to the desk' }).getAttribute('href'), path).toBe('/admin')
  }
  await close()
})

it('nobody is removed with one press', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false, locale: 'en-GB' })
  await staff(program.app, 'leaver@hezhou.example', 'viewer')
  await signIn(page)
  await page.goto(at('/admin/people'))
  const row = page.locator('tr', { hasText: 'leaver@hezhou.example' })
  await row.locator('summary').click()
  expect(await row.getByText('leaver will no longer be able to sign in.').isVisible()).toBe(true)
  await row.getByRole('button', { name: 'Remove leaver' }).click()
  await expect.poll(() => page.locator('tr', { hasText: 'leaver@hezhou.example' }).count()).toBe(0)
  await close()
})
