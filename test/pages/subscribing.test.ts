import type { Server } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadSiteHandler } from '#api/build.ts'
import { openRoutes } from '#api/routes.ts'
import { openServer } from '#api/server.ts'
import { preferencesUrl, unsubscribeUrl } from '#api/subscribers/links.ts'
import { newPage } from '../support/browser.ts'
import { freePort } from '../support/postgres.ts'
import { openSite } from '../support/site.ts'
import { openStage } from '../support/story.ts'
import { posted, snapshot, tokenIn } from '../support/subscribers.ts'
import { liveThroughIt } from '../support/worst-evening.ts'

let stage: Awaited<ReturnType<typeof openStage>>
let site: Awaited<ReturnType<typeof openSite>>
let server: Server
let address: string
let incident: Awaited<ReturnType<typeof liveThroughIt>>

beforeAll(async () => {
  const port = await freePort()
  address = `http://127.0.0.1:${port}`
  stage = await openStage('sqlite', { PUBLIC_URL: address })
  incident = await liveThroughIt(stage.app, stage.clock)
  site = await openSite(stage.app)
  server = openServer(stage.app, openRoutes(stage.app), (await loadSiteHandler()).handler, site.published)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
})
afterAll(async () => {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
  await site.stop()
  await stage.close()
})

const get = (path: string) => fetch(address + path, { redirect: 'manual' })
const post = (path: string, body: string, type = 'application/x-www-form-urlencoded') =>
  fetch(address + path, { method: 'POST', body, headers: { 'content-type': type }, redirect: 'manual' })
const lastTo = async (to: string) => {
  stage.clock.move(1)
  return (await posted(stage.app)).filter((message) => message.address === to).at(-1)?.text ?? ''
}
/** A new subscriber, confirmed through the site. */
async function subscribed(name: string, more = '') {
  stage.clock.move(1)
  await post('/subscriptions', `channel=email&address=${name}@mail.example${more}`)
  const link = tokenIn(await lastTo(`${name}@mail.example`), 'subscribe/confirm')
  const answer = await post(`/subscribe/confirm/${link}`, '')
  expect(answer.status).toBe(200)
  const row = await stage.app.db
    .selectFrom('subscriber')
    .selectAll()
    .where('address', '=', `${name}@mail.example`)
    .executeTakeFirstOrThrow()
  return { row, link, page: await answer.text() }
}
const pathOf = (url: string) => url.slice(address.length)

it('a webhook without script: refused with all that was typed, confirmed by its owner, signed anew, left', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false })
  await page.goto(`${address}/subscribe/`)
  await page.locator('summary').first().click()
  const form = page.locator('form').filter({ has: page.locator('#address-endpoint') })
  const owner = form.getByLabel('Email address of whoever answers for it')
  await form.getByLabel('Where to').selectOption('webhook')
  await page.locator('#address-endpoint').fill('https://10.0.0.1/hook')
  await owner.fill('ops@shop.example')
  await form.getByRole('button', { name: 'Send the confirmation link' }).click()
  expect(await page.getByRole('alert').textContent()).toContain(
    'Enter the address of a Webhook, such as https://example.com/status-webhook',
  )
  expect(await page.locator('#address-endpoint').inputValue()).toBe('https://10.0.0.1/hook')
  expect(await owner.inputValue()).toBe('ops@shop.example')
  await page.locator('#address-endpoint').fill('https://hooks.shop.example/status')
  await form.getByRole('button', { name: 'Send the confirmation link' }).click()
  await page.waitForURL(`${address}/subscribe/check/`)
  await page.goto(`${address}/subscribe/confirm/${tokenIn(await lastTo('ops@shop.example'), 'subscribe/confirm')}`)
  await page.getByRole('button', { name: 'Confirm' }).click()
  const secret = page.locator('code', { hasText: 'whsec_' })
  const first = await secret.textContent()
  await page.getByRole('link', { name: 'Change what you get' }).click()
  await page.getByRole('button', { name: 'Make a new secret' }).click()
  expect(await secret.textContent()).toMatch(/^whsec_/)
  expect(await secret.textContent()).not.toBe(first)
  await page.getByRole('button', { name: 'Stop all messages' }).click()
  await page.getByRole('heading', { name: 'Nothing more comes' }).waitFor()
  const row = await stage.app.db
    .selectFrom('subscriber')
    .selectAll()
    .where('channel', '=', 'webhook')
    .executeTakeFirstOrThrow()
  expect(row).toMatchObject({ closedReason: 'unsubscribed' })
  await close()
})

it('a form without script: refused with all that was typed, sent, confirmed, changed, left', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false })
  await page.goto(`${address}/subscribe/`)
  const form = page.locator('#email')
  expect(await form.getByLabel('The first and the last word of every incident').isChecked()).toBe(true)
  expect(await form.getByLabel('Order placement').isVisible()).toBe(false)
  await form.getByLabel('Every update about the services I choose').check()
  await form.getByLabel('Order placement').check()
  await form.getByLabel('Language of the messages').selectOption('zh-CN')
  await form.getByLabel('Email address').fill('reader@mail')
  await form.getByRole('button').click()
  const summary = page.getByRole('alert').getByRole('link')
  expect(await summary.textContent()).toBe('Enter an email address such as name@example.com.')
  expect(await summary.getAttribute('href')).toBe('#address-email')
  expect(await form.getByLabel('Email address').evaluate((field) => field === document.activeElement)).toBe(true)
  expect(await form.getByLabel('Email address').inputValue()).toBe('reader@mail')
  expect(await form.getByLabel('Order placement').isChecked()).toBe(true)
  expect(await form.getByLabel('Language of the messages').inputValue()).toBe('zh-CN')

  await form.getByLabel('Email address').fill('Reader@mail.example')
  await form.getByRole('button').click()
  await page.waitForURL(`${address}/subscribe/check/`)
  expect(await page.locator('main').textContent()).toContain('We wrote to Reader@mail.example. Not right? Change it')
  expect(await page.getByRole('link', { name: 'Change it' }).getAttribute('href')).toBe('/subscribe/')
  const letter = await lastTo('reader@mail.example')
  await page.goto(`${address}/subscribe/confirm/${tokenIn(letter, 'subscribe/confirm')}`)
  expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN')
  await page.getByRole('button', { name: '确认订阅' }).click()
  await page.getByRole('heading', { name: '订阅成功' }).waitFor()
  await page.getByRole('link', { name: '多数商家和买家无法提交订单，支付也可能失败。' }).waitFor()
  await page.getByText('此事件涉及您选择的服务').waitFor()

  await page.getByRole('link', { name: '更改通知内容' }).click()
  await page.getByRole('link', { name: 'English' }).click()
  await page.getByLabel('Search').check()
  await page.getByLabel('Make the links in earlier messages invalid').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved. From the next update on').waitFor()
  expect(await page.getByLabel('Search').isChecked()).toBe(true)
  await page.getByLabel('The first and the last word of every incident').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved. From the next update on').waitFor()
  expect(await page.getByLabel('The first and the last word of every incident').isChecked()).toBe(true)
  expect(await stage.app.db.selectFrom('subscriberComponent').selectAll().execute()).toEqual([])
  await page.getByRole('button', { name: 'Stop all messages' }).click()
  await page.getByRole('heading', { name: 'Nothing more comes' }).waitFor()
  const row = await stage.app.db
    .selectFrom('subscriber')
    .selectAll()
    .where('channel', '=', 'email')
    .executeTakeFirstOrThrow()
  expect(row).toMatchObject({ address: 'reader@mail.example', generation: 2, closedReason: 'unsubscribed' })
  await close()
})

it('services are chosen but none is ticked: a sentence, and nothing is taken; a tick alone is enough', async () => {
  const { page, close } = await newPage({ javaScriptEnabled: false })
  await page.goto(`${address}/subscribe/`)
  const form = page.locator('#sms')
  await form.getByLabel('Mobile number').fill('+86 139 0013 9001')
  await form.getByLabel('Only incidents that touch the services I choose').check()
  const answered = page.waitForResponse((response) => response.request().method() === 'POST')
  await form.getByRole('button').click()
  expect((await answered).status()).toBe(422)
  expect(await page.getByRole('alert').textContent()).toContain('Choose at least one service')
  expect(await form.getByLabel('Only incidents that touch the services I choose').isChecked()).toBe(true)
  expect(await form.getByLabel('Mobile number').inputValue()).toBe('+86 139 0013 9001')
  await close()
  const { row } = await subscribed('ticked', `&what=everything&components=${incident.orders}`)
  expect(row.everything).toBe(0)
})

it('a lost link: the answer promises nothing but what comes, and asks for no code of a mail', async () => {
  const { page, close } = await newPage()
  await page.goto(`${address}/subscribe/manage/`)
  await page.getByLabel('Email address, mobile number or webhook address').fill('nobody@mail.example')
  await page.getByRole('button').click()
  await page.getByRole('heading', { name: 'If we know it, a link is on its way' }).waitFor()
  await page.getByText('If nobody@mail.example is subscribed').waitFor()
  expect(await page.getByLabel('Six-digit code').count()).toBe(0)
  await close()
  const empty = await post('/subscribe/manage/', 'address=')
  expect([empty.status, await empty.text()]).toEqual([
    422,
    expect.stringContaining('An email address or a mobile number is needed'),
  ])
})

it('a number, its code, and a wrong one first', async () => {
  const { page, close } = await newPage()
  await page.goto(`${address}/zh-CN/subscribe/`)
  await page.locator('#sms').getByLabel('手机号码').fill('１３９ ００１３ ９０００')
  await page.locator('#sms').getByRole('button').click()
  await page.waitForURL('**/zh-CN/subscribe/check/')
  const code = /\d{6}/.exec(await lastTo('+8613900139000'))?.[0] ?? ''
  expect(await page.getByLabel('手机号码').inputValue()).toBe('１３９ ００１３ ９０００')
  await page.getByLabel('六位验证码').fill(code === '111111' ? '222222' : '111111')
  await page.getByRole('button', { name: '验证手机号码' }).click()
  await page.getByText('验证码与号码不符').waitFor()
  await page.getByLabel('六位验证码').fill(code)
  await page.getByRole('button', { name: '验证手机号码' }).click()
  await page.getByRole('heading', { name: '订阅成功' }).waitFor()
  await close()
})

it('every page fits 320 pixels and a wide screen in both languages, and every field has a name', async () => {
  const { row, link } = await subscribed('frame')
  const paths = ['/subscribe/', '/subscribe/check/', '/subscribe/manage/', `/subscribe/confirm/${link}`]
  paths.push(pathOf(preferencesUrl(stage.app.config, row)), pathOf(unsubscribeUrl(stage.app.config, row)))
  const { page, close } = await newPage()
  for (const path of paths.flatMap((path) => [path, `/zh-CN${path}`])) {
    await page.goto(address + path)
    await page.evaluate(() => {
      for (const folded of document.querySelectorAll('details')) folded.open = true
    })
    for (const choice of await page.locator('[name=what][value=services]').all()) await choice.check()
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      const found = await page.evaluate(() => ({
        wider: document.documentElement.scrollWidth - window.innerWidth,
        nameless: [...document.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select')]
          .filter((field) => field.type !== 'hidden' && !field.labels?.length)
          .map((field) => field.name),
      }))
      expect(found, `${path} at ${width}`).toEqual({ wider: 0, nameless: [] })
    }
  }
  await close()
})

it('the same answer for known and unknown addresses, to the last byte', async () => {
  const { row } = await subscribed('known', `&components=${incident.orders}`)
  for (const path of ['/subscriptions', '/subscribe/manage/']) {
    const shapes = new Set<string>()
    for (const name of ['known', 'unknown']) {
      const answer = await post(path, `channel=email&address=${name}@mail.example&locale=en`)
      const headers = Object.fromEntries([...answer.headers].filter(([header]) => header !== 'date'))
      const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
      const next = await fetch(`${address}/subscribe/check/`, { headers: { cookie } })
      // What was typed comes back to who typed it; nothing else may differ.
      const shape = JSON.stringify([answer.status, headers, await answer.text(), await next.text()])
      shapes.add(shape.replaceAll(name, 'somebody').replace(/\d\d:\d\d(:\d\d)?/g, ''))
    }
    expect([...shapes], path).toHaveLength(1)
    expect([...shapes][0]).toContain('/subscribe/check/')
  }
  const after = await stage.app.db.selectFrom('subscriber').selectAll().where('id', '=', row.id).execute()
  expect(after).toEqual([row])
})

it('JSON is taken too, and refused in the words of the API', async () => {
  const json = (body: string) => post('/subscriptions', body, 'application/json')
  const taken = await json(JSON.stringify({ channel: 'email', address: 'json@mail.example', locale: 'zh-CN' }))
  expect([taken.status, taken.headers.get('location')]).toEqual([303, '/zh-CN/subscribe/check/'])
  const refused = await json(JSON.stringify({ channel: 'email', address: 'json', locale: 'en' }))
  expect(refused.status).toBe(422)
  expect(await refused.json()).toMatchObject({ error: { code: 'invalid', fields: { address: expect.any(String) } } })
  expect((await json('{')).status).toBe(400)
  expect((await json(JSON.stringify({ channel: 'email', address: 'j@mail.example', admin: 1 }))).status).toBe(422)
})

it('what is typed comes back as text, never as markup', async () => {
  const answer = await post('/subscriptions', `channel=sms&address=${encodeURIComponent('"><script>x</script>')}`)
  expect(answer.status).toBe(422)
  const html = await answer.text()
  expect(html).not.toContain('"><script>')
  expect(html).toContain('China or Singapore')
})

it('GET changes nothing, and pages behind a link are for nobody else', async () => {
  const { row, link } = await subscribed('scanned')
  const before = await snapshot(stage.app)
  const links = [preferencesUrl(stage.app.config, row), unsubscribeUrl(stage.app.config, row)].map(pathOf)
  for (const [path, status] of [
    [links[0]!, 200],
    [links[1]!, 200],
    [`/subscribe/confirm/${link}`, 410],
    ['/subscribe/confirm/nothing', 404],
    ['/preferences/nothing', 404],
    ['/unsubscribe/nothing', 404],
    ['/subscriptions', 303],
  ] as const)
    for (const prefix of ['', '/zh-CN']) {
      const answer = await get(prefix + path)
      expect(answer.status, path).toBe(status)
      if (status === 303) continue
      expect(answer.headers.get('referrer-policy'), path).toBe('no-referrer')
      expect(answer.headers.get('x-robots-tag'), path).toBe('noindex')
      expect(answer.headers.get('cache-control'), path).toBe('no-store')
      if (status !== 200) expect(await answer.text()).toContain(`href="${prefix}/subscribe/manage/"`)
    }
  expect(await snapshot(stage.app)).toBe(before)
})

it('one click ends it: no cookie, no origin, no redirect, and an empty answer', async () => {
  const { row } = await subscribed('oneclick')
  const path = pathOf(unsubscribeUrl(stage.app.config, row))
  const answer = await fetch(address + path, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: 'https://mail.example',
      'sec-fetch-site': 'cross-site',
    },
    body: 'List-Unsubscribe=One-Click',
  })
  expect([answer.status, await answer.text(), answer.headers.get('set-cookie')]).toEqual([200, '', null])
  const after = await stage.app.db.selectFrom('subscriber').selectAll().where('id', '=', row.id).executeTakeFirst()
  expect(after?.closedAt).toBe(stage.app.now())
  expect((await post('/unsubscribe/nothing', 'List-Unsubscribe=One-Click')).status).toBe(404)
})

it('too many from one network: a sentence, and what was typed', async () => {
  stage.clock.move(3_600_000)
  let answer = await post('/subscriptions', 'channel=email&address=n0@mail.example')
  for (let n = 1; n < 40 && answer.status === 303; n++)
    answer = await post('/subscriptions', `channel=email&address=n${n}@mail.example`)
  expect(answer.status).toBe(429)
  const html = await answer.text()
  expect(html).toContain('Too many requests came from your network.')
  expect(html).toMatch(/value="n\d+@mail\.example"/)
})
