import { afterAll, beforeAll, expect, it } from 'vitest'
import { createOwnerLink } from '#api/accounts/actions.ts'
import { newPage } from '../support/browser.ts'
import { type OpenProgram, openProgram, password } from '../support/desk.ts'
import { freePort } from '../support/postgres.ts'
import { startTlsProxy } from '../support/tls-proxy.ts'

let program: OpenProgram
let proxy: Awaited<ReturnType<typeof startTlsProxy>>

beforeAll(async () => {
  const port = await freePort()
  proxy = await startTlsProxy(port, () => program.address)
  program = await openProgram({
    engine: 'postgres',
    env: { PUBLIC_URL: `https://localhost:${port}`, TRUSTED_PROXIES: '127.0.0.1' },
  })
})
afterAll(async () => {
  await program.stop()
  await proxy.stop()
})

it('behind a proxy that ends TLS: the first owner comes in by the link, invites, makes a token and publishes', async () => {
  const { page, close } = await newPage({ ignoreHTTPSErrors: true, locale: 'en-GB', javaScriptEnabled: false })
  const link = await createOwnerLink(program.app)
  expect(link).toMatch(/^https:\/\/localhost:\d+\/admin\/welcome\//)
  await page.goto(link)
  await page.getByLabel('Your name').fill('Gu Wen')
  await page.getByLabel('Email address').fill('gu@hezhou.example')
  await page.getByLabel('New password').fill('Password1234')
  await page.getByRole('button', { name: 'Create my account' }).click()
  await page.getByText('one of those that are guessed first').waitFor()
  expect(await page.getByLabel('Your name').inputValue()).toBe('Gu Wen')
  await page.getByLabel('New password').fill(password)
  await page.getByRole('button', { name: 'Create my account' }).click()
  await page.getByText('Your account is there.').waitFor()
  expect(await page.getByLabel('Email address').inputValue()).toBe('gu@hezhou.example')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Desk' }).waitFor()
  const cookie = (await page.context().cookies()).find(({ name }) => name === '__Host-candor')
  expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict', path: '/', domain: 'localhost' })
  expect((await page.goto(link))?.status()).toBe(404)

  await page.goto(`${program.url}/admin/people`)
  await page.getByLabel('Name').fill('Mia')
  await page.getByLabel('Email address').fill('mia@hezhou.example')
  await page.getByRole('button', { name: 'Invite' }).click()
  await page.getByText('Choose one role or more.').waitFor()
  expect(await page.getByLabel('Name').inputValue()).toBe('Mia')
  await page.getByLabel('Communications').check()
  await page.getByRole('button', { name: 'Invite' }).click()
  expect(await page.locator('code.secret').textContent()).toMatch(
    /^https:\/\/localhost:\d+\/admin\/welcome\/[\w-]{43}$/,
  )

  await page.goto(`${program.url}/admin/tokens`)
  await page.getByLabel('What it is for').fill('pager')
  await page.getByRole('button', { name: 'Make a token' }).click()
  const token = (await page.locator('code.secret').textContent()) ?? ''
  const me = () =>
    fetch(`${program.address}/api/v1/session`, { headers: { authorization: `Bearer ${token}` } }).then(
      ({ status }) => status,
    )
  expect(await me()).toBe(200)
  await page.goto(`${program.url}/admin/tokens`)
  expect(await page.content()).not.toContain(token)
  await page.locator('summary', { hasText: 'Revoke' }).click()
  await page.getByRole('button', { name: 'Revoke pager' }).click()
  await page.getByText('Revoked', { exact: true }).waitFor()
  expect(await me()).toBe(401)

  await page.goto(`${program.url}/admin/components`)
  await page.locator('form').last().locator('[name="name.en"]').fill('Refunds')
  await page.locator('form').last().locator('[name="name.zh-CN"]').fill('退款')
  await page.getByRole('button', { name: 'Add a service' }).click()
  await page.getByText('Choose a group or name a new one.').waitFor()
  await page.locator('[name="groupId"]').selectOption({ label: 'Transactions' })
  await page.getByRole('button', { name: 'Add a service' }).click()
  await page.getByText('The service is on the page.').waitFor()

  await page.goto(`${program.url}/admin/incidents/new`)
  await page.locator('[name="title.zh-CN"]').fill('商家无法提交订单。')
  await page.locator('[name="severity"]').selectOption('2')
  await page.locator('[name="body.zh-CN"]').fill('正在排查，{next} 前更新。')
  await page.getByRole('button', { name: 'Publish the incident' }).click()
  await page.getByText('The incident is public.').waitFor()

  await page.getByText('Correct the facts').click()
  const facts = page.locator('#facts')
  await facts.locator('[name="scope.en"]').fill('Stores in {region}')
  await facts.getByRole('button', { name: 'Save the facts' }).click()
  await page.getByText('Fill in the braces first: {region}').waitFor()
  await facts.locator('[name="scope.en"]').fill('Stores in CN-East')
  await facts.getByRole('button', { name: 'Save the facts' }).click()
  await page.getByText('The facts are changed.').waitFor()
  expect(await facts.locator('[name="scope.en"]').inputValue()).toBe('Stores in CN-East')
  expect(await facts.locator('[name="title.zh-CN"]').inputValue()).toBe('商家无法提交订单。')
  await close()
})

it('limits count the client that the proxy names, not the proxy', async () => {
  const row = await program.app.db
    .selectFrom('rateCount')
    .select('key')
    .where('key', 'like', 'sign-in:network:%')
    .execute()
  expect(new Set(row.map(({ key }) => key))).toEqual(new Set(['sign-in:network:198.51.100.20']))
})
