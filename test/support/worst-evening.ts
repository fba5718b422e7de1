import type { App } from '#api/app.ts'
import { createComponent, createGroup } from '#api/components/actions.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { inMinutes, lin } from './services.ts'

const both = (en: string, zh: string) => ({ en, 'zh-CN': zh })

const company: [group: [string, string], components: [string, string][]][] = [
  [
    ['Storefront', '店铺前台'],
    [
      ['Store pages', '店铺页面'],
      ['Search', '商品搜索'],
      ['Cart', '购物车'],
    ],
  ],
  [
    ['Transactions', '交易'],
    [
      ['Order placement', '下单'],
      ['Payments', '支付'],
      ['Refunds', '退款'],
      ['Promotions', '优惠促销'],
    ],
  ],
  [
    ['Fulfilment', '履约'],
    [
      ['Inventory sync', '库存同步'],
      ['Shipment tracking', '物流跟踪'],
    ],
  ],
  [
    ['Merchant', '商家'],
    [
      ['Login and SSO', '登录与单点登录'],
      ['Console', '商家控制台'],
      ['Reports', '数据报表'],
      ['Open API', '开放平台 API'],
      ['Webhooks', '消息推送'],
    ],
  ],
]

/** Fourteen components, every one with bad days behind it, and the worst evening up to its second update. */
export async function liveThroughIt(app: App, clock: ManualClock) {
  const ids: string[] = []
  for (const [[en, zh], components] of company) {
    const group = await createGroup(app, lin, { name: both(en, zh) })
    for (const [en, zh] of components) {
      const made = await createComponent(app, lin, { groupId: group.id, name: both(en, zh), startDate: '2026-06-01' })
      ids.push(made.id)
    }
  }
  for (const [i, id] of ids.entries()) {
    clock.set(`2026-${i % 2 ? '09' : '10'}-${String(2 * i + 1).padStart(2, '0')}T04:00:00.000Z`)
    await openAndResolve(app, clock, id, i)
  }
  clock.set('2026-11-11T12:12:00.000Z')
  const orders = ids[3]!
  const payments = ids[4]!
  const incident = await openIncident(app, lin, {
    title: both(
      'Most merchants and shoppers cannot place orders, and payments may fail.',
      '多数商家和买家无法提交订单，支付也可能失败。',
    ),
    severity: 1,
    status: 'investigating',
    startedAt: '2026-11-11T12:02:00.000Z',
    scope: both('Stores in CN-East and CN-South', '华东、华南地区的店铺'),
    notAffected: both('Browsing stores, signing in to the console', '店铺浏览、商家控制台登录'),
    workaround: both('No workaround yet. Please do not pay twice.', '暂无临时解决办法。请勿重复支付。'),
    components: [
      { id: orders, status: 'major_outage' },
      { id: payments, status: 'partial_outage' },
    ],
    body: both('Our engineers are investigating. We are sorry.', '工程师正在紧急排查。深表歉意。'),
    nextUpdateAt: inMinutes(app, 15),
  })
  clock.set('2026-11-11T12:22:00.000Z')
  await publishUpdate(app, lin, incident.id, {
    status: 'investigating',
    body: both('Orders are failing in two regions; AP-Singapore works.', '两个地区无法下单；新加坡地区正常。'),
    nextUpdateAt: inMinutes(app, 15),
  })
  return { id: incident.id, code: incident.code, orders, payments }
}

async function openAndResolve(app: App, clock: ManualClock, componentId: string, i: number) {
  const { id } = await openIncident(app, lin, {
    title: both(`Something small number ${i} was slow.`, `第 ${i} 件小事变慢。`),
    severity: 2,
    status: 'investigating',
    components: [{ id: componentId, status: i % 3 ? 'degraded_performance' : 'partial_outage' }],
    body: both('We are looking.', '正在排查。'),
    nextUpdateAt: inMinutes(app, 30),
  })
  clock.move(112 * 60_000)
  await publishUpdate(app, lin, id, { status: 'resolved', body: both('It is over.', '已恢复。') })
}
