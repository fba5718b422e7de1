import { afterAll, beforeAll, expect, it } from 'vitest'
import { newPage } from '../support/browser.ts'
import { addCustomers, coupon, liveOffer } from '../support/customers.ts'
import { type OpenProgram, openProgram } from '../support/desk.ts'
import { ordersDown } from '../support/telling.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

// A customer on a phone, by the link in their mail, in their own language and without a login.
const resend = await openResend()
let program: OpenProgram
let incidentId = ''
beforeAll(async () => {
  program = await openProgram({ env: resendEnv(resend) })
  const { app, services } = program
  incidentId = (await ordersDown(app, services)).id
  await addCustomers(app, [{ email: 'li@mail.example' }, { email: 'smith@mail.example', locale: 'en' }])
  const open = { claimFrom: '2026-01-01T00:00:00.000Z', claimUntil: '2099-12-31T00:00:00.000Z' }
  await liveOffer(app, incidentId, coupon(null, open))
})
afterAll(() => Promise.all([program.stop(), resend.close()]))

const linkTo = async (address: string) => {
  await expect.poll(() => resend.mailTo(address).length, { timeout: 30_000 }).toBe(1)
  return /http:\/\/\S+\/claims\/[\w-]+\//.exec(resend.mailTo(address)[0]!.text)![0]
}

it.each([
  ['li@mail.example', '领取', '领取成功', '您已领取'],
  ['smith@mail.example', 'Claim it', 'It is yours', 'Already claimed'],
] as const)('%s reads the terms, claims once and finds the code again', async (address, button, done, again) => {
  const link = await linkTo(address)
  const { page, close } = await newPage({ viewport: { width: 360, height: 780 } })
  const first = await page.goto(link)
  expect(first?.headers()).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
  await page.getByRole('button', { name: button }).click()
  expect(await page.locator('h1').textContent()).toBe(done)
  const code = await page.locator('[data-code]').textContent()
  await page.goto(link)
  expect(await page.locator('h1').textContent()).toBe(again)
  expect(await page.locator('[data-code]').textContent()).toBe(code)
  await page.goto(`${program.url}/incidents/${incidentId}/`)
  expect(await page.locator('.offers').textContent()).toContain('A 30-yuan coupon for SMS packages')
  await close()
})
