import { createHash } from 'node:crypto'
import { brotliCompressSync } from 'node:zlib'
import { expect } from 'vitest'
import { changeComponent } from '#api/components/actions.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { announceMaintenance } from '#api/maintenance/actions.ts'
import { finish } from '#api/publish/files.ts'
import { readIncident } from '#api/status/read.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { openPages, openSite } from '../support/site.ts'
import { story } from '../support/story.ts'
import { liveThroughIt } from '../support/worst-evening.ts'

/** What fits in the first round trip of a new connection, in bytes. */
const homeBytesMax = 8_000

const textOf = (html: string) =>
  html
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<\/(p|li|h\d|dt|dd|div|small)>/g, '\n')
    .replace(/<[^>]+>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

story(
  'on the worst evening the first page answers "is it me?", in both languages, within its budget',
  async ({ app, clock }) => {
    const { id, code } = await liveThroughIt(app, clock)
    const site = await openPages(app)
    for (const place of ['/', '/zh-CN/']) {
      const html = await site.read(place)
      expect(brotliCompressSync(html).length, place).toBeLessThanOrEqual(homeBytesMax)
      const { br } = await finish(place, Buffer.from(html))
      expect(br?.length, place).toBeLessThanOrEqual(homeBytesMax)
      expect(html).not.toMatch(/ style=|<link[^>]+stylesheet|<img|<script(?![^>]+src="\/assets\/|[^>]+ld\+json)/)
      const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
      const hash = createHash('sha256').update(style).digest('base64')
      expect(html.indexOf('http-equiv="Content-Security-Policy"')).toBeLessThan(html.indexOf('<title>'))
      expect(html).toContain(`style-src 'sha256-${hash}'`)
      expect(html.match(/<h1/g)).toHaveLength(1)
      expect(html.match(/class="days"/g)).toHaveLength(14)
    }
    const english = textOf(await site.read('/'))
    expect(english).toContain('Most merchants and shoppers cannot place orders, and payments may fail.\n')
    expect(english).toContain('Since 20:02 on 11 November (UTC+8). Investigating.')
    expect(english).toContain('by 20:37 UTC+8')
    expect(english).toContain('Browsing stores, signing in to the console')
    const chinese = textOf(await site.read('/zh-CN/'))
    expect(chinese).toContain('始于北京时间 11月11日 20:02。调查中。')
    expect(chinese).toContain('20:37 前（北京时间）')
    expect(english.replace('简体中文', '')).not.toMatch(/[\u4e00-\u9fff]/)
    for (const text of [english, chinese]) expect(text).not.toMatch(/\b(for|已持续) \d+ (min|分钟)|ago\b/)
    expect(await site.read('/')).toContain('Order placement: 99.')
    expect(await site.read(`/i/${code}/`)).toContain(`content="0;url=/incidents/${id}/"`)
    expect(await site.read(`/zh-CN/incidents/${id}/`)).toContain(
      `hreflang="en" href="https://status.hezhou.example/incidents/${id}/"`,
    )
  },
)

story('before the first service is listed nothing is said to be well', async ({ app }) => {
  const site = await openPages(app)
  for (const [place, sentence, claim, legend] of [
    ['/', 'No services are listed yet', 'All systems operational', 'Each tick is a day'],
    ['/zh-CN/', '尚未列出任何服务', '所有系统运行正常', '每一格为一天'],
  ] as const) {
    const html = await site.read(place)
    expect(html).toMatch(new RegExp(`<h1[^>]*>${sentence}`))
    expect(html).not.toContain(claim)
    expect(html).not.toContain(legend)
  }
  expect(await site.read('/subscribe/')).not.toContain('value="services"')

  const off = app.channels.map(({ name }) => ({ ...app.channels[0]!, name, offReason: 'Not set up.' }))
  const silent = await openPages({
    ...app,
    channels: off,
    config: { ...app.config, dataDir: `${app.config.dataDir}/off` },
  })
  expect(textOf(await silent.read('/subscribe/'))).toContain('Neither email nor text messages are set up')
  expect(await silent.read('/subscribe/')).not.toContain('<form')
})

story('what an incident affects is told the gravest first, and once it is over the gravest it was', async (stage) => {
  const { app, clock } = stage
  const { orders, payments } = await openServices(app)
  const { id } = await openIncident(app, lin, {
    title: { en: 'Payments fail.', 'zh-CN': '支付失败。' },
    severity: 1,
    status: 'identified',
    components: [{ id: payments, status: 'partial_outage' }],
    body: { en: 'We know the cause.', 'zh-CN': '原因已定位。' },
    nextUpdateAt: inMinutes(app, 20),
  })
  clock.move(60_000)
  await publishUpdate(app, lin, id, {
    status: 'identified',
    components: [{ id: orders, status: 'major_outage' }],
    body: { en: 'Orders fail too.', 'zh-CN': '下单也失败。' },
    nextUpdateAt: inMinutes(app, 20),
  })
  const affected = async () => (await readIncident(app, id))?.affected.map((component) => component.id)
  expect(await affected()).toEqual([orders, payments])
  clock.move(60_000)
  await publishUpdate(app, lin, id, { status: 'resolved', body: { en: 'Over.', 'zh-CN': '已结束。' } })
  expect(await affected()).toEqual([orders, payments])
})

story('a promise that passes is visibly late, and midnight moves the days', async ({ app, clock }) => {
  const { id } = await liveThroughIt(app, clock)
  const site = await openPages(app)
  expect(await site.read('/')).not.toContain('is late')
  clock.set('2026-11-11T12:37:01.000Z')
  for (const place of ['/', `/incidents/${id}/`])
    expect(textOf(await site.read(place))).toContain('The update promised for 20:37 is late.')
  expect(textOf(await site.read('/zh-CN/'))).toContain('原定 20:37 前的更新已延迟。')
  expect(await site.read('/')).toContain('14 August – 11 November')
  clock.set('2026-11-11T16:00:01.000Z')
  expect(await site.read('/')).toContain('15 August – 12 November')
  expect(textOf(await site.read('/'))).toContain('The update promised for 11 November, 20:37 is late.')
})

story('all is well, then one service is not: the headline follows the components', async ({ app, clock }) => {
  const { payments } = await openServices(app)
  const site = await openPages(app)
  expect(textOf(await site.read('/'))).toContain('All systems operational\n')
  expect(textOf(await site.read('/zh-CN/'))).toContain('所有系统运行正常\n')
  expect(await site.read('/')).toContain('data-seconds="60"')
  expect(textOf(await site.read('/404.html'))).toContain('All systems operational')
  clock.move(60_000)
  const { id } = await openIncident(app, lin, {
    title: { 'zh-CN': '部分支付 <script>alert(1)</script> 失败。' },
    severity: 2,
    status: 'identified',
    components: [{ id: payments, status: 'partial_outage' }],
    body: { 'zh-CN': '原因已定位。' },
    nextUpdateAt: inMinutes(app, 20),
  })
  const home = await site.read('/')
  expect(home).toContain('<h1 class="serif" lang="zh-CN">部分支付 &lt;script&gt;alert(1)&lt;/script&gt; 失败。</h1>')
  expect(textOf(home)).toContain('This text exists in Chinese only.')
  expect(home).toContain('data-seconds="15"')
  expect(textOf(await site.read('/404.html'))).toContain('部分支付')
  expect(textOf(await site.read('/zh-CN/'))).not.toContain('只有')

  clock.move(10 * 60_000)
  await publishUpdate(app, lin, id, {
    status: 'resolved',
    body: { en: 'Payments work again.', 'zh-CN': '支付已恢复。' },
  })
  expect(textOf(await site.read('/'))).toContain('All systems operational\n')
  const page = textOf(await site.read(`/incidents/${id}/`))
  expect(page).toContain('11 November, 20:09 to 20:19 (UTC+8).')
  expect(page).toMatch(/Lasted\n10\smin/)
  expect(page).toContain('Payments: from Partial outage to Operational')
  expect(textOf(await site.read('/history/2026-11/'))).toMatch(/Resolved after 10\smin\./)
})

story('a service that gets another name has it on the pages that spoke of it', async ({ app, clock }) => {
  const { orders, payments } = await openServices(app)
  const opened: string[] = []
  for (const id of [orders, payments]) {
    const incident = await openIncident(app, lin, {
      title: { en: 'Something is slow.', 'zh-CN': '有些变慢。' },
      severity: 2,
      status: 'investigating',
      components: [{ id, status: 'degraded_performance' }],
      body: { en: 'We are looking.', 'zh-CN': '正在排查。' },
      nextUpdateAt: inMinutes(app, 20),
    })
    await publishUpdate(app, lin, incident.id, { status: 'resolved', body: { en: 'Over.', 'zh-CN': '已结束。' } })
    opened.push(incident.id)
  }
  const site = await openSite(app)
  const [ofOrders, ofPayments] = opened.map((id) => `/incidents/${id}/`) as [string, string]
  const other = site.read(ofPayments)
  clock.move(60_000)
  await changeComponent(app, lin, orders, { name: { en: 'Checkout', 'zh-CN': '结账' } })
  await site.publisher.publishChanges()
  for (const place of [ofOrders, '/', '/subscribe/']) expect(textOf(site.read(place)), place).toContain('Checkout')
  for (const place of [ofOrders, '/', '/subscribe/'])
    expect(textOf(site.read(`/zh-CN${place}`)), place).toContain('结账')
  expect(site.read(ofPayments), 'nothing to say there').toBe(other)
  await site.stop()
})

story('a correction names what it corrects, and what was corrected stays and says so', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const opened = await openIncident(app, lin, {
    title: { en: 'Orders fail.', 'zh-CN': '下单失败。' },
    severity: 1,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: { en: 'Only CN-East is affected.', 'zh-CN': '仅华东地区受影响。' },
    nextUpdateAt: inMinutes(app, 20),
  })
  clock.move(5 * 60_000)
  await publishUpdate(app, lin, opened.id, {
    status: 'investigating',
    body: { en: 'CN-South is affected too.', 'zh-CN': '华南地区也受影响。' },
    corrects: opened.updates[0]!.id,
    nextUpdateAt: inMinutes(app, 20),
  })
  const site = await openPages(app)
  const page = textOf(await site.read(`/incidents/${opened.id}/`))
  expect(page).toContain('Corrects the update of 11 November, 20:08')
  expect(page).toContain('Corrected at 11 November, 20:13')
  expect(page).toContain('Only CN-East is affected.')
  expect(await site.read('/history.rss')).toContain('Correction: Orders fail. (Investigating)')
})

story('a maintenance that time begins and ends is told in its month', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const site = await openSite(app)
  await announceMaintenance(app, lin, {
    title: { en: 'Database upgrade', 'zh-CN': '数据库升级' },
    body: { en: 'Orders pause.', 'zh-CN': '暂停下单。' },
    startsAt: '2026-12-02T02:00:00.000Z',
    endsAt: '2026-12-02T04:00:00.000Z',
    componentIds: [orders],
  })
  await site.publisher.publishChanges()
  clock.set('2026-12-02T02:00:00.000Z')
  await site.publisher.tick()
  const month = () => [textOf(site.read('/history/2026-12/')), textOf(site.read('/zh-CN/history/2026-12/'))]
  const [begunEnglish, begunChinese] = month()
  expect(begunEnglish).toContain('Database upgrade')
  expect(begunEnglish).toContain('In progress')
  expect(begunChinese).toContain('数据库升级')
  clock.set('2026-12-02T04:00:00.000Z')
  await site.publisher.tick()
  expect(month()[0]).not.toContain('In progress')
  await site.stop()
})

story(
  'of several open incidents the gravest, then the oldest, speaks, and the others stand under it',
  async ({ app, clock }) => {
    const { orders, payments } = await openServices(app)
    clock.set('2026-11-11T12:30:00.000Z')
    // Told in another order than they began.
    const told = [
      { severity: 2, startedAt: '2026-11-11T12:20:00.000Z', en: 'Refunds are slow.', zh: '退款变慢。' },
      { severity: 2, startedAt: '2026-11-11T12:10:00.000Z', en: 'Search is slow.', zh: '搜索变慢。' },
      { severity: 1, startedAt: '2026-11-11T12:29:00.000Z', en: 'Orders fail.', zh: '下单失败。' },
    ]
    const ids = new Map<string, string>()
    for (const { severity, startedAt, en, zh } of told) {
      const { id } = await openIncident(app, lin, {
        title: { en, 'zh-CN': zh },
        severity,
        status: 'investigating',
        startedAt,
        components: [{ id: severity === 1 ? orders : payments, status: 'partial_outage' }],
        body: { en: 'We are investigating.', 'zh-CN': '正在排查。' },
        nextUpdateAt: inMinutes(app, 20),
      })
      ids.set(en, id)
    }
    const site = await openPages(app)
    const headlines = async (place: string) => {
      const html = await site.read(place)
      const [, speaking] = /<h1[^>]*>([^<]*)<\/h1>/.exec(html) ?? []
      const [, under = ''] = /<ul class="open">([\s\S]*?)<\/ul>/.exec(html) ?? []
      expect(html.indexOf('<h1')).toBeLessThan(html.indexOf('<ul class="open">'))
      return [speaking, ...[...under.matchAll(/<h3>[\s\S]*?<a [^>]*>([^<]*)<\/a>/g)].map(([, title]) => title)]
    }
    expect(await headlines('/')).toEqual(['Orders fail.', 'Search is slow.', 'Refunds are slow.'])
    expect(await headlines('/zh-CN/')).toEqual(['下单失败。', '搜索变慢。', '退款变慢。'])

    await publishUpdate(app, lin, ids.get('Orders fail.')!, {
      status: 'resolved',
      body: { en: 'Over.', 'zh-CN': '已结束。' },
    })
    expect(await headlines('/')).toEqual(['Search is slow.', 'Refunds are slow.'])
    expect(await headlines('/zh-CN/')).toEqual(['搜索变慢。', '退款变慢。'])
  },
)
