import { XMLParser } from 'fast-xml-parser'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '#api/config.ts'
import { ManualClock } from '#api/lib/clock.ts'
import { type Program, startProgram } from '#api/program.ts'
import { launchBrowser } from '../support/chromium.ts'
import { password, staff } from '../support/desk.ts'
import { freePort } from '../support/postgres.ts'
import { newRecord } from '../support/record.ts'
import { openServices } from '../support/services.ts'
import { subscribe } from '../support/telling.ts'
import { startTlsProxy } from '../support/tls-proxy.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv, type WireResend } from '../wire/resend.ts'
import { openTwilio, twilioEnv, type WireTwilio } from '../wire/twilio.ts'

// The first ten minutes of the worst evening, at the company's own address, behind TLS, through the providers' SDKs.

const url = 'https://status.hezhou.example'
const clock = new ManualClock('2026-11-11T12:12:00.000Z')
const headline = {
  en: 'Most merchants and shoppers cannot place orders, and payments may fail.',
  'zh-CN': '多数商家和买家无法提交订单，支付也可能失败。',
}
const u1 = {
  en: 'Since 20:02 (UTC+8) on 11 November 2026 most merchants and shoppers cannot place orders, and payments may fail. Browsing stores and signing in to the console are not affected. Our engineers are investigating. Next update by 20:27. We are sorry for the disruption to you and your customers.',
  'zh-CN':
    '北京时间 2026年11月11日 20:02 起，多数商家和买家无法提交订单，支付也可能失败。店铺浏览和商家控制台登录不受影响。工程师正在紧急排查。我们将在 20:27 前更新进展。给您和您的顾客带来不便，深表歉意。',
}
const readers = (locale: 'en' | 'zh-CN', count: number) =>
  Array.from({ length: count }, (_, i) => ({ address: `${locale.toLowerCase()}${i}@mail.example`, locale }))

let resend: WireResend
let twilio: WireTwilio
let program: Program
let proxy: Awaited<ReturnType<typeof startTlsProxy>>
let browser: Browser
let drop: () => Promise<void>
let services: Awaited<ReturnType<typeof openServices>>

beforeAll(async () => {
  resend = await openResend()
  twilio = await openTwilio()
  const record = await newRecord('sqlite')
  drop = record.drop
  const config = readConfig(
    {
      DATABASE_URL: record.url,
      DATA_DIR: record.dataDir,
      PORT: String(await freePort()),
      PUBLIC_URL: url,
      TRUSTED_PROXIES: '127.0.0.1',
      LOG_LEVEL: 'silent',
      ...resendEnv(resend),
      ...twilioEnv(twilio),
    },
    'test',
  )
  program = await startProgram(config, {
    clock,
    build: false,
    roles: { web: true, worker: false },
    prepare: async (app) => {
      services = await openServices(app)
      await staff(app, 'lin@hezhou.example', 'comms')
      await subscribe(app, [
        ...readers('zh-CN', 150),
        ...readers('en', 70),
        { channel: 'sms', address: '+8613800138000', locale: 'zh-CN' },
        { channel: 'sms', address: '+6581234567', locale: 'en' },
      ])
    },
  })
  proxy = await startTlsProxy(await freePort(), () => program.address)
  browser = await launchBrowser([`--host-resolver-rules=MAP status.hezhou.example:443 127.0.0.1:${proxy.port}`])
})
afterAll(async () => {
  await browser?.close()
  await proxy?.stop()
  await program?.stop()
  await drop?.()
  await resend?.close()
  await twilio?.close()
})

const person = async () => (await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' })).newPage()

it('the first word goes from the form to the page, the feed, every inbox in its language and the phones, once', async () => {
  const reader = await person()
  await reader.clock.install()
  await reader.goto(`${url}/`)
  expect(await reader.getByRole('heading', { level: 1 }).textContent()).toBe('All systems operational')

  const lin = await person()
  await lin.goto(`${url}/admin/incidents/new`)
  await lin.getByLabel('Email address').fill('lin@hezhou.example')
  await lin.getByLabel('Password').fill(password)
  await lin.getByRole('button', { name: /^Sign in/ }).click()
  const field = (name: string) => lin.locator(`[name="${name}"]`)
  for (const locale of ['en', 'zh-CN'] as const) {
    await field(`title.${locale}`).fill(headline[locale])
    await field(`body.${locale}`).fill(u1[locale])
  }
  await field('severity').selectOption('1')
  await field('startedAt').fill('2026-11-11T20:02')
  await lin.locator('[name="next"][value="at"]').check()
  await field('nextAt').fill('2026-11-11T20:27')
  await field(`component.${services.orders}`).selectOption('major_outage')
  await field(`component.${services.payments}`).selectOption('partial_outage')
  await lin.locator('#composer').getByRole('button', { name: 'Publish the incident', exact: true }).click()
  await lin.getByText('The incident is public.').waitFor()
  await workFor(program.app, clock, 60_000)

  // The reader did nothing: the open page says that there is news and shows it when asked.
  await reader.clock.fastForward(80_000)
  await reader.getByText('This page has news.').waitFor()
  await reader
    .getByRole('link', { name: 'Show it' })
    .or(reader.getByRole('button', { name: 'Show it' }))
    .click()
  await expect.poll(() => reader.getByRole('heading', { level: 1 }).textContent()).toBe(headline.en)
  await reader.goto(`${url}/zh-CN/`)
  expect(await reader.getByRole('heading', { level: 1 }).textContent()).toBe(headline['zh-CN'])

  const feed = new XMLParser().parse(await (await fetch(`${program.address}/history.rss`)).text())
  expect(JSON.stringify(feed.rss.channel)).toContain(u1.en)

  const mails = resend.mails()
  expect(resend.batches.map(({ mails }) => mails.length).sort((a, b) => b - a)).toEqual([100, 100, 20])
  expect(new Set(mails.map(({ to }) => to)).size).toBe(220)
  for (const mail of mails) {
    const chinese = mail.to.startsWith('zh-cn')
    expect(mail.subject).toContain(headline[chinese ? 'zh-CN' : 'en'])
    expect(mail.text).toContain(u1[chinese ? 'zh-CN' : 'en'].slice(0, 40))
    expect(mail.headers['List-Unsubscribe']).toMatch(/^<https:\/\/status\.hezhou\.example\/unsubscribe\/[^>]+>$/)
  }
  const prose = (html: string) =>
    html
      .replace(/<style[\s\S]*?<\/style>/g, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/&\w+;/g, ' ')
  const english = mails.find(({ to }) => to === 'en0@mail.example')!
  expect(prose(english.html) + english.text + english.subject).not.toMatch(/\p{Script=Han}/u)
  const chinese = mails.find(({ to }) => to === 'zh-cn0@mail.example')!
  const latin = (prose(chinese.html) + chinese.text.replace(/https?:\S+/g, '')).match(/[a-z]{3,}/gi) ?? []
  // Links are shown with their address; nothing else is in the other language.
  expect(latin.filter((word) => !/^(https|status|hezhou|example|incidents|support|mail)$/.test(word))).toEqual([])

  const { code } = await program.app.db.selectFrom('incident').select('code').executeTakeFirstOrThrow()
  const bodies = (number: string) => twilio.smsTo(number).map(({ body }) => body.replace(code, '1107'))
  expect(code).toHaveLength(4)
  expect(bodies('+8613800138000')).toEqual([
    '【禾舟商云】下单、支付自20:02起异常，正紧急处理。20:27前更新：status.hezhou.example/i/1107',
  ])
  expect(bodies('+8613800138000')[0]).toHaveLength(64)
  expect(bodies('+6581234567')).toEqual([
    '[Hezhou] Order placement and payments failing since 20:02 (UTC+8). Fix under way. Next update by 20:27: status.hezhou.example/i/1107',
  ])
  expect(bodies('+6581234567')[0]).toHaveLength(132)
})
