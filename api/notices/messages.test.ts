import { expect, it } from 'vitest'
import { loadSite } from '#api/site.ts'
import { type Locale, locales } from '#content/locales.ts'
import type { Told } from './told.ts'
import { updateChat } from './update-chat.ts'
import { forReader, mailHeaders, updateMail } from './update-mail.ts'
import { type smsKinds, smsTemplate, updateSms } from './update-sms.ts'

const sender = { site: loadSite('content/demo/site.yaml'), publicUrl: 'https://status.hezhou.example' }
const component = (id: string, en: string, zh: string, status: Told['components'][number]['status']) => ({
  id,
  name: { en, 'zh-CN': zh },
  status,
})

const first: Told = {
  offers: [],
  incidentId: 'k3v9x0a7b2cd',
  code: '1107',
  status: 'investigating',
  impact: 'critical',
  title: {
    en: 'Most merchants and shoppers cannot place orders, and payments may fail.',
    'zh-CN': '多数商家和买家无法提交订单，支付也可能失败。',
  },
  body: {
    en: 'Since 20:02 (UTC+8) most merchants cannot place orders. **Please do not pay twice.**',
    'zh-CN': '北京时间 20:02 起，多数商家无法提交订单。**请勿重复支付。**',
  },
  scope: { en: 'Stores in the east and the south', 'zh-CN': '华东和华南的店铺' },
  notAffected: { en: 'Browsing stores, signing in to the console', 'zh-CN': '店铺浏览、商家控制台登录' },
  workaround: {},
  startedAt: '2026-11-11T12:02:00.000Z',
  endedAt: null,
  publishedAt: '2026-11-11T12:12:00.000Z',
  nextUpdateAt: '2026-11-11T12:27:00.000Z',
  correction: false,
  raised: false,
  components: [
    component('order', 'Order placement', '下单', 'major_outage'),
    component('pay', 'Payments', '支付', 'partial_outage'),
  ],
}
const resolved: Told = {
  ...first,
  status: 'resolved',
  publishedAt: '2026-11-11T14:12:00.000Z',
  endedAt: '2026-11-11T14:10:00.000Z',
  nextUpdateAt: null,
  components: first.components.map((one) => ({ ...one, status: 'operational' })),
}
const sms = (told: Told, locale: Locale) => updateSms(told, locale, sender)

it('writes the first SMS in one segment of either language', () => {
  expect(sms(first, 'zh-CN')).toMatchObject({
    text: '【禾舟商云】下单、支付自20:02起异常，正紧急处理。20:27前更新：status.hezhou.example/i/1107',
    encoding: 'UCS-2',
    length: 64,
    units: 64,
    segments: 1,
  })
  expect(sms(first, 'en')).toMatchObject({
    text: '[Hezhou] Order placement and payments failing since 20:02 (UTC+8). Fix under way. Next update by 20:27: status.hezhou.example/i/1107',
    encoding: 'GSM-7',
    length: 132,
    units: 134,
    segments: 1,
  })
})

it('gives the same words as a template and its parameters, in either language', () => {
  const fillNumbered = (template: string, parameters: { value: string }[]) =>
    template.replace(/\{\{(\d+)\}\}/g, (_, place) => parameters[Number(place) - 1]!.value)
  for (const told of [first, resolved, { ...first, raised: true }, { ...first, nextUpdateAt: null }])
    for (const locale of ['en', 'zh-CN'] as const) {
      const { text, template } = sms(told, locale)
      const [kind] = template!.id.split('/') as [(typeof smsKinds)[number]]
      expect(template!.id).toBe(`${kind}/${locale}`)
      expect(fillNumbered(smsTemplate(kind, locale), template!.parameters)).toBe(text)
    }
  expect(smsTemplate('recovered', 'zh-CN')).toBe('【{{1}}】{{2}}已于{{3}}恢复。详情：{{4}}')
})

it('writes the last SMS without a claim that no fact makes', () => {
  expect(sms(resolved, 'zh-CN').text).toBe('【禾舟商云】下单、支付已于22:10恢复。详情：status.hezhou.example/i/1107')
  expect(sms(resolved, 'en').text).toBe(
    '[Hezhou] Order placement and payments recovered at 22:10 (UTC+8). Details: status.hezhou.example/i/1107',
  )
})

it('says in each language what is given once it is over, and in no SMS: that is another class of message', () => {
  const offers = [{ en: 'A 30-yuan coupon', 'zh-CN': '30 元优惠券' }, { 'zh-CN': '延长服务期限 7 天' }]
  for (const status of ['resolved', 'postmortem'] as const) {
    const told = { ...resolved, status, offers }
    expect(updateMail(told, 'en', sender).text).toMatch(/Compensation:? *\n? *A 30-yuan coupon/)
    expect(updateMail(told, 'zh-CN', sender).text).toMatch(/补偿：? *\n? *30 元优惠券/)
    expect(updateMail(told, 'en', sender).html).toContain('lang="zh-CN"')
    expect(updateChat(told, 'zh-CN', sender).chat.facts.at(-1)).toEqual({
      label: '补偿',
      value: '30 元优惠券\n延长服务期限 7 天',
    })
    expect(sms(told, 'zh-CN').text).toBe(sms(resolved, 'zh-CN').text)
  }
  expect(updateMail(resolved, 'en', sender).text).not.toContain('Compensation')
})

it('says less of a lesser state, and more when it spreads', () => {
  const degraded = { ...first, components: [component('api', 'API', '接口', 'degraded_performance')] }
  expect(sms(degraded, 'en').text).toContain('API slow since 20:02')
  expect(sms({ ...first, raised: true }, 'zh-CN').text).toContain('影响扩大')
  expect(sms({ ...first, components: [] }, 'en').text).toContain('[Hezhou] Part of our service failing since')
})

it('leaves names out from the end until it fits, and keeps what is written in capitals', () => {
  const many: Told = {
    ...first,
    components: [
      ...first.components,
      component('api', 'Open API', '开放平台', 'partial_outage'),
      component('stock', 'Inventory synchronisation', '库存同步', 'partial_outage'),
      component('track', 'Shipment tracking', '物流跟踪', 'partial_outage'),
    ],
  }
  expect(sms(many, 'en')).toMatchObject({ segments: 1 })
  expect(sms(many, 'en').text).toContain('Order placement, payments, open API and 2 more failing')
  expect(sms(many, 'zh-CN')).toMatchObject({ segments: 1 })
  expect(sms(many, 'zh-CN').text).toContain('下单、支付等5项自')
})

it('names the day when the next word comes on another one', () => {
  const tomorrow = { ...first, nextUpdateAt: '2026-11-12T01:00:00.000Z' }
  expect(sms(tomorrow, 'en').text).toContain('Next update by 12 Nov 09:00')
  expect(sms(tomorrow, 'zh-CN').text).toContain('11月12日09:00前更新')
})

const links = {
  preferences: 'https://status.hezhou.example/preferences/P',
  unsubscribe: 'https://status.hezhou.example/unsubscribe/U',
}
const mail = (told: Told, locale: Locale) => forReader(updateMail(told, locale, sender), links)
const visible = (html: string) => html.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]+>/g, ' ')

it('writes a mail that says everything twice, as HTML and as text', () => {
  const { subject, html, text } = mail(first, 'en')
  expect(subject).toBe(
    '[Hezhou status] Investigating: Most merchants and shoppers cannot place orders, and payments may fail.',
  )
  for (const said of [
    'Investigating',
    'Most merchants and shoppers cannot place orders',
    'Order placement: Major outage',
    'Payments: Partial outage',
    'Browsing stores, signing in to the console',
    'Stores in the east and the south',
    '11 November 2026, 20:27 (UTC+8)',
    '11 November 2026, 20:02 (UTC+8)',
    'because you subscribed',
  ]) {
    expect(visible(html)).toContain(said)
    expect(text).toContain(said)
  }
  for (const link of ['https://status.hezhou.example/incidents/k3v9x0a7b2cd/', links.preferences, links.unsubscribe]) {
    expect(html).toContain(`href="${link}"`)
    expect(text).toContain(link)
  }
  expect(html).toContain('<strong>Please do not pay twice.</strong>')
  expect(mail(first, 'zh-CN').html).toContain('href="https://status.hezhou.example/zh-CN/incidents/k3v9x0a7b2cd/"')
  expect(mail(first, 'zh-CN').text).toContain('下次更新不晚于：北京时间 2026年11月11日 20:27')
})

it('holds up in mail clients: small, no image, no script, no stylesheet from elsewhere', () => {
  for (const locale of locales) {
    const { html } = mail(first, locale)
    expect(Buffer.byteLength(html)).toBeLessThan(102_400)
    expect(html).not.toMatch(/<img|<script|<link|url\(|@import|@font-face/i)
    expect(html).toContain(`<html lang="${locale}">`)
  }
})

it('uses one language in a mail: no word of the other but names', () => {
  const english = mail(first, 'en')
  expect(`${english.subject}${english.html.replace(/font:[^"]*"/g, '')}${english.text}`).not.toMatch(/\p{Script=Han}/u)
  const chinese = mail(first, 'zh-CN')
  const latin = visible(chinese.html)
    .replace(/status\.hezhou\.example|support@hezhou\.example|UTC|&\w+;/g, '')
    .match(/[A-Za-z]{2,}/g)
  expect(latin).toBeNull()
})

it('shows a text that exists in one language only in its own, marked, with a line that says so', () => {
  const { html, text } = mail({ ...first, body: { 'zh-CN': '原因已定位。' } }, 'en')
  expect(html).toContain('<div class="body" lang="zh-CN"')
  expect(html).toContain('This update is available in Chinese only so far.')
  expect(text).toContain('原因已定位。')
  expect(mail({ ...first, title: { en: 'Orders fail.' } }, 'zh-CN').html).toContain('目前只有英语版本')
})

it('lets nothing a person wrote become a header, a tag or a link of its own', () => {
  const hostile: Told = {
    ...first,
    title: { en: 'A\r\nBcc: all@example.com <script>alert(1)</script> & "B"\u0007' },
    body: { en: '<img src=x onerror=alert(1)> [x](javascript:alert(1)) \u0001unsubscribe\u0001' },
  }
  const { subject, html } = mail(hostile, 'en')
  expect(subject).not.toMatch(/[\r\n\u0000-\u001f]/)
  expect(html).not.toMatch(/<script|<img|href="javascript/i)
  expect(html.match(/unsubscribe\/U/g)).toHaveLength(1)
})

it('carries the headers of a good citizen', () => {
  expect(mailHeaders(first, sender, links)).toMatchObject({
    'List-Unsubscribe': `<${links.unsubscribe}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    'Auto-Submitted': 'auto-generated',
  })
})
