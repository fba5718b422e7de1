import type { Request } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { newPage } from '../support/browser.ts'
import { inMinutes, lin } from '../support/services.ts'
import { openSite, serveSite } from '../support/site.ts'
import { openStage } from '../support/story.ts'
import { liveThroughIt } from '../support/worst-evening.ts'

let stage: Awaited<ReturnType<typeof openStage>>
let site: Awaited<ReturnType<typeof openSite>>
let server: Awaited<ReturnType<typeof serveSite>>
let incident: Awaited<ReturnType<typeof liveThroughIt>>
let places: string[]

beforeAll(async () => {
  stage = await openStage('sqlite')
  incident = await liveThroughIt(stage.app, stage.clock)
  site = await openSite(stage.app)
  server = await serveSite(site.published)
  const each = [
    '/',
    `/incidents/${incident.id}/`,
    '/history/',
    '/history/2026-11/',
    '/privacy/',
    '/how-we-communicate/',
  ]
  places = [...each, ...each.map((place) => `/zh-CN${place}`)]
})
afterAll(async () => {
  await server.stop()
  await site.stop()
  await stage.close()
})

it('needs one request and no script, and the browser finds nothing to refuse', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false })
  const asked: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) asked.push(request.url())
  })
  await page.goto(`${server.address}/`)
  await page.getByRole('heading', { level: 1, name: /Most merchants and shoppers cannot place orders/ }).waitFor()
  expect(asked.filter((url) => !url.includes('/assets/'))).toEqual([`${server.address}/`])
  await close()
})

it('fits a screen of 320 pixels and a wide one, in both languages', async () => {
  const { page, close } = await newPage()
  for (const place of places) {
    await page.goto(server.address + place)
    for (const width of [320, 1920]) {
      await page.setViewportSize({ width, height: 800 })
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(wider, `${place} at ${width}`).toBeLessThanOrEqual(0)
    }
  }
  await close()
})

it('finds words of titles and texts in what was published, and asks for nothing else', async () => {
  const { page, close } = await newPage()
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  const found = async (place: string, query: string) => {
    await page.goto(server.address + place)
    await page.fill('#query', query)
    const said = page.locator('form.search p').filter({ hasText: /\d|“/ })
    await said.waitFor()
    return [await said.textContent(), ...(await page.locator('form.search li a').allInnerTexts())]
  }
  const title = expect.stringContaining('Most merchants and shoppers cannot place orders')
  expect(await found('/history/', 'MERCHANTS orders')).toEqual(['1 found', title])
  expect(await found('/history/', 'two regions')).toEqual(['1 found', title])
  expect(await found('/zh-CN/history/', '两个地区')).toEqual(['找到 1 项', expect.stringContaining('无法提交订单')])
  expect(await found('/history/', '<b>nothing')).toEqual(['Nothing found for “<b>nothing”.'])
  expect(asked.filter((path) => !/^\/(?:zh-CN\/)?history\/|^\/assets\//.test(path))).toEqual([])
  await close()
})

it('breaks a word that has no end, so that a narrow screen need not be moved sideways', async () => {
  const endless = 'x'.repeat(400)
  const { id } = await openIncident(stage.app, lin, {
    title: { en: `A link: ${endless}`, 'zh-CN': endless },
    scope: { en: endless, 'zh-CN': endless },
    severity: 4,
    components: [],
    status: 'investigating',
    body: { en: endless, 'zh-CN': endless },
    nextUpdateAt: inMinutes(stage.app, 20),
  })
  await site.publisher.publishChanges()
  const { page, close } = await newPage({ viewport: { width: 360, height: 800 } })
  for (const place of ['/', `/incidents/${id}/`, `/zh-CN/incidents/${id}/`, '/history/2026-11/']) {
    await page.goto(server.address + place)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), place).toBe(360)
  }
  await close()
})

it('writes the English headline in a Latin face, whose apostrophe is not a whole character wide', async () => {
  const { page, close } = await newPage()
  await page.goto(`${server.address}/`)
  const faces = await page.evaluate(() => getComputedStyle(document.querySelector('h1')!).fontFamily)
  expect(faces).toMatch(/Georgia.*serif$/)
  expect(faces).not.toMatch(/CJK|Song/)
  await close()
})

it('leads a language that is named otherwise to where it stands', async () => {
  const asked = async (path: string) => {
    const answer = await fetch(server.address + path, { redirect: 'manual' })
    return [answer.status, answer.headers.get('location')]
  }
  expect(await asked('/en/')).toEqual([308, '/'])
  expect(await asked('/zh/')).toEqual([308, '/zh-CN/'])
  expect(await asked('/zh-cn/history/?a=1')).toEqual([308, '/zh-CN/history/?a=1'])
  expect(await asked('/zh/nothing/')).toEqual([404, null])
  expect(await asked('/zh-CN/')).toEqual([200, null])
})

it('is described, where it is only linked to, by its headline and its newest update', async () => {
  for (const place of ['/', `/incidents/${incident.id}/`]) {
    const html = site.read(place)
    expect(html, place).toMatch(/<meta name="description" content="[^"]{40,160}">/)
    expect(html, place).toContain('<meta property="og:title" content="Most merchants and shoppers cannot place orders')
    expect(html, place).toMatch(/<meta property="og:description" content="[^"]{40,160}">/)
  }
})

it('says when the demonstration was drawn, and with a script what time it is there', async () => {
  const config = { ...stage.app.config, mode: 'demo' as const, dataDir: `${stage.app.config.dataDir}/demonstration` }
  const demo = await openSite({ ...stage.app, config })
  const shown = await serveSite(demo.published)
  expect(demo.read('/')).toMatch(/It was <time[^>]*>20:\d\d<\/time> there when this page was drawn\./)
  const { page, close } = await newPage()
  await page.route('**/api/v1/status', (route) => route.fulfill({ json: { at: '2026-11-11T14:28:00.000Z' } }))
  await page.goto(`${shown.address}/`)
  await page.getByText('It is 22:28 there.').waitFor()
  await close()
  await shown.stop()
  await demo.stop()
})

it('is walked by keyboard: the first stop leads past the header, every stop can be seen', async () => {
  const { page, close } = await newPage()
  await page.goto(`${server.address}/`)
  await page.keyboard.press('Tab')
  const skip = page.getByRole('link', { name: 'Skip to the latest news' })
  expect(await skip.evaluate((link) => link === document.activeElement && link.getBoundingClientRect().left >= 0)).toBe(
    true,
  )
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true)
  expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe('solid')
  await close()
})

it('says each state in words, what the bars show, and when the next word comes by the reader’s own clock', async () => {
  const { page, close } = await newPage({ timezoneId: 'Europe/Berlin' })
  await page.goto(`${server.address}/`)
  expect(await page.locator('.next dd').textContent()).toMatch(/^by 20:\d\d UTC\+8 13:\d\d your time$/)
  const row = page.locator('.comp', { hasText: 'Order placement' })
  expect(await row.textContent()).toContain('Major outage')
  const label = await row.getByRole('img').getAttribute('aria-label')
  expect(label).toMatch(
    /^Order placement: 99\.\d{3} % uptime over the last 90 days\. .*11 November: Major outage \(since\s20:02\)$/,
  )
  // What a phone has no pointer for: how long each bad day was bad, a tap away.
  const told = page.locator('details.bad')
  await told.locator('summary').click()
  const today = told.locator('li').first()
  expect(await today.getByRole('link').textContent()).toBe('11 November')
  expect(await today.locator('p').allTextContents()).toEqual([
    'Order placement: Major outage (since\u00a020:02)',
    'Payments: Partial outage (since\u00a020:02)',
  ])
  expect(await today.isVisible()).toBe(true)
  expect(await told.textContent()).toMatch(/Order placement: Partial outage \(1\sh\s52\smin\)/)
  expect(site.read('/zh-CN/')).toMatch(/下单：部分中断（1\s小时\s52\s分钟）/)
  expect(await page.locator('.since').textContent()).toBe(
    'Since 20:02 on 11 November (UTC+8). Investigating. 13:02 your time',
  )
  expect(await page.locator('svg:not([role=img]):not([aria-hidden=true])').count()).toBe(0)
  expect(await page.locator('.facts dd li').allTextContents()).toEqual([
    'Order placement Major outage',
    'Payments Partial outage',
  ])
  await page.getByRole('link', { name: '简体中文' }).click()
  expect(new URL(page.url()).pathname).toBe('/zh-CN/')
  await page.goto(`${server.address}/incidents/${incident.id}/`)
  await page.getByRole('link', { name: '简体中文' }).click()
  expect(new URL(page.url()).pathname).toBe(`/zh-CN/incidents/${incident.id}/`)
  await close()
})

it('asks with the tag of what it holds, between 12 and 18 seconds after the last look while something is open', async () => {
  const { page, close } = await newPage()
  await page.clock.install()
  const first = await page.goto(`${server.address}/`)
  expect((await first!.request().sizes()).responseBodySize).toBeGreaterThan(1_000)
  const asked: Request[] = []
  page.on('request', (request) => asked.push(request))
  await page.clock.runFor(11_900)
  expect(asked).toEqual([])
  await page.clock.runFor(6_200)
  expect(asked.map((request) => request.url())).toEqual([`${server.address}/`])
  expect((await asked[0]!.allHeaders())['if-none-match']).toMatch(/^"[\w-]+"$/)
  expect((await asked[0]!.sizes()).responseBodySize).toBe(0)
  await close()
})

it('tells a reader of an open page that there is news, without moving what is being read', async () => {
  const { page, close } = await newPage({ viewport: { width: 800, height: 500 } })
  await page.goto(`${server.address}/`)
  await page.evaluate(() => window.scrollTo(0, 600))
  const look = () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  stage.clock.move(14 * 60_000)
  await site.publisher.tick()
  const drawnAgain = page.waitForResponse((response) => response.url() === `${server.address}/`)
  await look()
  await drawnAgain
  expect(await page.getByRole('status').isVisible()).toBe(false)

  await publishUpdate(stage.app, lin, incident.id, {
    status: 'identified',
    body: { en: 'We have found the cause.', 'zh-CN': '原因已定位。' },
    nextUpdateAt: inMinutes(stage.app, 20),
  })
  await site.publisher.publishChanges()
  await look()
  await page.getByText('This page has news.').waitFor()
  expect(await page.evaluate(() => window.scrollY)).toBe(600)
  await page.getByRole('link', { name: 'Show it' }).click()
  await page.getByText('We have found the cause.').waitFor()
  await close()
})
